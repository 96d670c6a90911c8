/**
 * A mouth that is drawn on a frame of the video, as photos are made to speak (`createPuppet`): for videos in which the lips hardly part,
 * or never meet. It is lent like one that was borrowed, and says in each frame of the result what is asked there.
 */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { findFaces } from "../face/face.ts";
import type { Planes } from "../media/planes.ts";
import { pictureOf } from "../media/yuv.ts";
import { JAW_OPEN } from "../warp/mouth/mouth-shapes.ts";
import { type ChannelValues, createPuppet } from "../warp/puppet.ts";
import type { AskedMouth } from "./asked.ts";
import type { Frame } from "./look.ts";
import { cutPatch, type FaceThere, type Patch } from "./patch.ts";
import { unitOf } from "./place.ts";

/** The part of the frame with the face, E from between the eyes. */
const SHOWN = { side: 1.3, up: 1.2, down: 2.2 };
/** A face that is found farther from where it was followed is another one, E. */
const SAME = 0.3;
/** Of the motion, what moves the lower part of the face. */
const LOWER = /^(jaw|mouth|tongue|cheekPuff)/;
/** Lips that meet in a smile keep this much of it. */
const KEPT_SMILE = 0.5;
const STILL = { pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 };

/** What a drawn mouth does in a frame of the result: by channels, and how far it lets go of being open (`FaceValues`). */
export type Doing = (n: number) => { channels: ChannelValues; relaxed: number };

/** By number of a frame of the result; null where the face is not clear enough to be drawn on. */
export async function drawMouth(
  frame: Frame,
  { place, look, mouth }: FaceThere,
  doing: Doing,
): Promise<((n: number) => Patch) | null> {
  const eyes = { x: place.x, y: place.y };
  const unit = unitOf(place);
  const box = {
    ...{ x: eyes.x - SHOWN.side * unit, y: eyes.y - SHOWN.up * unit },
    ...{ width: 2 * SHOWN.side * unit, height: (SHOWN.up + SHOWN.down) * unit },
  };
  const picture = pictureOf(frame.yuv, frame.width, frame.height, box);
  const { x: left, y: top } = picture.region;
  const face = (await findFaces(picture)).find(({ points }) => {
    const middle = (i: 0 | 1) => (points[33 * 3 + i]! + points[263 * 3 + i]!) / 2;
    return Math.hypot(middle(0) + left - eyes.x, middle(1) + top - eyes.y) < SAME * unit;
  });
  if (!face) return null;
  const still = planesOf(frame, picture.region);
  const { width, height } = still;
  const puppet = createPuppet(still, [face], { width, height, alpha: new Uint8Array(width * height).fill(255) });
  const within = { ...place, x: place.x - left, y: place.y - top };
  return (n) => {
    const { channels, relaxed } = doing(n);
    const yuv = puppet.frame([{ channels, sway: STILL, relaxed }]);
    const chin = look.chin + JAW_OPEN * (channels.jawOpen ?? 0);
    return cutPatch({ yuv, width, height }, { place: within, look: { ...look, chin }, mouth });
  };
}

function planesOf(
  { yuv, width, height }: Frame,
  part: { x: number; y: number; width: number; height: number },
): Planes {
  const cut = (from: number, by: 1 | 2): Uint8Array => {
    const [columns, rows, stride] = [part.width / by, part.height / by, width / by];
    const out = new Uint8Array(columns * rows);
    for (let row = 0; row < rows; row++) {
      const at = from + (part.y / by + row) * stride + part.x / by;
      out.set(yuv.subarray(at, at + columns), row * columns);
    }
    return out;
  };
  const luma = width * height;
  return { width: part.width, height: part.height, y: cut(0, 1), u: cut(luma, 2), v: cut(luma + luma / 4, 2) };
}

/** All that is said but for a share of it (`letGo`, by frame, 0–1), of a mouth that is closed as nothing is. */
export function speaking({ faces }: MotionFrames, letGo: readonly number[] = []): Doing {
  const all = Object.entries(faces[0]?.channels ?? {}) as [Channel, number[]][];
  const lower = all.filter(([name]) => LOWER.test(name));
  return (n) => ({
    channels: Object.fromEntries(lower.map(([name, values]) => [name, (1 - (letGo[n] ?? 0)) * (values[n] ?? 0)])),
    relaxed: 1,
  });
}

/** An open mouth that closes as far as is asked, smiling as before. `gap`: how far it is open, E. */
export function closing(asked: readonly AskedMouth[], gap: number): Doing {
  return (n) => {
    const relaxed = 1 - Math.min(1, asked[n]!.gap / gap);
    const smile = KEPT_SMILE * relaxed;
    return { channels: { mouthSmileLeft: smile, mouthSmileRight: smile }, relaxed };
  };
}
