/** One motion for several faces: each moves in its own time, so that they don't look like puppets on one string. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { varyMotion } from "@smileloop/core/motion/vary.ts";

export type FaceFrames = MotionFrames["faces"][number];

/** Seconds by which a face may be ahead or behind, and the share of the clip that this may be at the most. */
const MOST_DELAY = { seconds: 0.45, share: 0.14 };
/** The share of the clip at its start, and at its end, in which the delay grows and goes away: all begin and end together. */
const RAMP = 0.3;
/** Curves for `count` faces. A motion that has curves of its own for a face keeps them; the others get those of the first. */
export function phasesOf(motion: MotionFrames, count: number, seed: number): FaceFrames[] {
  return Array.from({ length: count }, (_, nth) => motion.faces[nth] ?? inOwnTime(motion, nth, seed));
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
