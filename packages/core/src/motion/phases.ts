/**
 * One motion for the faces that move in a picture: each in its own time, so that they don't look like puppets on one string, and
 * as gently as it has to. What comes out is what engines show and what the check demands, so it is worked out once for both.
 */
import type { Channel, MotionFrames } from "./motion.ts";
import { randomFrom } from "./random.ts";
import { varyMotion } from "./vary.ts";

export type FaceFrames = MotionFrames["faces"][number];

/** Factors, 0–1, for what a motion asks of a face: of all channels, and of those of the eyes, the head and the mouth besides. */
export type Gentleness = { all: number; eyes: number; head: number; mouth?: number | undefined };

const OF_MOUTH = /^(mouth|jaw|tongue|cheekPuff)/;

/** Seconds by which a face may be ahead or behind, and the share of the clip that this may be at the most. */
const MOST_DELAY = { seconds: 0.45, share: 0.14 };
/** The share of the clip at its start, and at its end, in which the delay grows and goes away: all begin and end together. */
const RAMP = 0.3;

/**
 * The motion with one entry of curves for each mover, largest first. A face that the motion has curves for keeps them; the others get
 * those of the first, varied and moved in time by chance (`seed`). The same arguments give the same curves.
 */
export function motionOfCast(motion: MotionFrames, movers: { ease: Gentleness }[], seed: number): MotionFrames {
  const faces = movers.map(({ ease }, nth) => eased(motion.faces[nth] ?? inOwnTime(motion, nth, seed), ease));
  return { ...motion, faces };
}

function eased(face: FaceFrames, { all, eyes, head, mouth = 1 }: Gentleness): FaceFrames {
  if (all === 1 && eyes === 1 && head === 1 && mouth === 1) return face;
  const shown: FaceFrames["channels"] = {};
  for (const [name, values] of Object.entries(face.channels) as [Channel, number[]][]) {
    const limit = name.startsWith("eye") ? eyes : name.startsWith("head") ? head : OF_MOUTH.test(name) ? mouth : 1;
    // `|| 0`: no −0
    shown[name] = values.map((value) => value * Math.min(all, limit) || 0);
  }
  return { channels: shown };
}

function inOwnTime(motion: MotionFrames, nth: number, seed: number): FaceFrames {
  const { frames, fps } = motion;
  const random = randomFrom(Math.imul(seed + 1, 0x9e3779b1) + nth);
  const most = Math.min(MOST_DELAY.seconds * fps, MOST_DELAY.share * frames);
  // by turns behind and ahead, so that neighbours in size are apart
  const delay = (nth % 2 === 1 ? 1 : -1) * most * (0.5 + 0.5 * random());
  const from = Array.from({ length: frames }, (_, frame) => frame - delay * plateau(frame / frames));
  const channels: FaceFrames["channels"] = {};
  const varied = variedCurves(motion, 1 + Math.floor(random() * 0xfffffffe));
  for (const [name, values] of Object.entries(varied) as [Channel, number[]][]) {
    channels[name] = from.map((at) => valueAt(values, at));
  }
  return { channels };
}

/** The first face's curves as another seed has them. */
function variedCurves({ faces, frames, fps }: MotionFrames, seed: number): FaceFrames["channels"] {
  const tracks = Object.entries(faces[0]!.channels).map(([name, samples]) => [name, { fps, samples }]);
  const whole = { duration: frames / fps, loop: false, faces: [{ channels: Object.fromEntries(tracks) }] };
  const varied = Object.entries(varyMotion(whole, seed).faces[0]!.channels);
  return Object.fromEntries(varied.map(([name, track]) => [name, "samples" in track ? track.samples : []]));
}

/** 0 at both ends of the clip, 1 between. Its slope is 1.5 / RAMP at the most, so that time never runs backwards. */
function plateau(share: number): number {
  const rise = Math.min(1, Math.min(share, 1 - share) / RAMP);
  return rise * rise * (3 - 2 * rise);
}

function valueAt(values: number[], at: number): number {
  const before = Math.min(values.length - 1, Math.max(0, Math.floor(at)));
  const after = Math.min(values.length - 1, before + 1);
  return values[before]! + (values[after]! - values[before]!) * (at - before);
}
