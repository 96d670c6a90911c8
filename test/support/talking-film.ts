/** Videos of portraits that speak, with their sound, and what is done to them. */
import { writeFileSync } from "node:fs";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { readFilm } from "@smileloop/engine/media/film-reader.ts";
import { openSound } from "@smileloop/engine/media/sound-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { talk } from "@smileloop/engine/warp/talk.ts";
import { speechMotion } from "@smileloop/speech/speech.ts";
import { provenance } from "./provenance.ts";
import { wavOf } from "./sounds.ts";
import { soundOf, spokenOf } from "./spoken.ts";

const FPS = 25;
const RATE = 16_000;
const context = { signal: new AbortController().signal, progress() {} };

export type TalkingFilm = { path: string; sound: string; motion: MotionFrames; seconds: number };

/** `phones`: what is said, as in `spoken.ts`. A square of 256 pixels, 25 frames a second; its sound lies beside it as a WAV. */
export async function talkingFilm(path: string, photo: string, phones: string): Promise<TalkingFilm> {
  const spoken = spokenOf(phones);
  const samples = soundOf(spoken);
  const { motion } = speechMotion({ samples, fps: FPS, intensity: 1, seed: 3, spoken });
  const sound = `${path}.wav`;
  writeFileSync(sound, wavOf([samples], RATE));
  const { cast } = await castPicture(photo, { size: 256, face: 0 });
  const inputs = { image: [{ path: photo, type: "image/jpeg" }], audio: [{ path: sound, type: "audio/wav" }] };
  const asked = { kind: "talk" as const, inputs, cast, motion, params: { seed: 1 } };
  await talk({ type: "run", run: "r", ...asked, outputs: { video: path }, provenance }, context);
  return { path, sound, motion, seconds: motion.frames / FPS };
}

export type Pixels = { yuv: Uint8Array; width: number; height: number };

/** All frames of a video, planar 4:2:0. */
export async function framesIn(path: string): Promise<Pixels[]> {
  const frames: Pixels[] = [];
  await readFilm(path, {
    ...{ signal: context.signal, maxSeconds: 60 },
    onFrame: ({ yuv }, { width, height }) => {
      frames.push({ yuv: yuv(), width, height });
    },
  });
  return frames;
}

/** A video of frames, with a sound or silent. */
export async function filmOf(path: string, frames: readonly Pixels[], sound?: string): Promise<void> {
  const { width, height } = frames[0]!;
  const heard = sound === undefined ? undefined : await openSound({ path: sound, type: "audio/wav" });
  const writer = await openVideoWriter({ path, width, height, fps: FPS, provenance, sound: heard });
  for (const { yuv } of frames) await writer.write(yuv);
  await writer.close();
  await heard?.close();
}

/** Two frames of one height, one at the left of the other. */
export function sideBySide(left: Pixels, right: Pixels): Pixels {
  const [width, height] = [left.width + right.width, left.height];
  const yuv = new Uint8Array((width * height * 3) / 2);
  let to = 0;
  for (const [by, plane] of [1, 2, 2].entries()) {
    const startOf = ({ width: w }: Pixels) => (by === 0 ? 0 : w * height * (by === 1 ? 1 : 1.25));
    for (let row = 0; row < height / plane; row++) {
      for (const each of [left, right]) {
        const from = startOf(each) + (row * each.width) / plane;
        yuv.set(each.yuv.subarray(from, from + each.width / plane), to);
        to += each.width / plane;
      }
    }
  }
  return { yuv, width, height };
}

type Ellipse = { x: number; y: number; across: number; down: number };

/** Draws an ellipse, places and half sizes in pixels; `light` by place in it from −1 to 1, and its two colours. */
export function drawEllipse(
  { yuv, width, height }: Pixels,
  { x, y, across, down }: Ellipse,
  light: (u: number, v: number) => number,
  colours: readonly [number, number],
): void {
  for (let row = Math.max(0, Math.ceil(y - down)); row < Math.min(height, y + down); row++) {
    for (let column = Math.max(0, Math.ceil(x - across)); column < Math.min(width, x + across); column++) {
      const [u, v] = [(column - x) / across, (row - y) / down];
      if (u * u + v * v > 1) continue;
      yuv[row * width + column] = Math.min(235, Math.max(16, light(u, v)));
      const at = width * height + (row >> 1) * (width >> 1) + (column >> 1);
      [yuv[at], yuv[at + (width * height) / 4]] = colours;
    }
  }
}
