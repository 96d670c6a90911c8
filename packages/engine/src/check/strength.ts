/**
 * How strong a motion is, by that which was asked for: by what is followed of it from frame to frame (`followed.ts`). That is the same
 * for all faces to a tenth or two, where the landmarks of a model differ by a third.
 */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { agreementOf, both, type Kinds, type Measure, one, pairsOf } from "./agreement.ts";
import type { Followed, FollowedKind } from "./followed.ts";

/** `share` 1 is as asked, ± `spread` (one standard deviation); `asked` says how much was asked for, see `Agreement`. */
export type Strength = { asked: number; share: number; spread: number };
export type Strengths = { whole: Strength; each: Map<FollowedKind, Strength> };

/** The gain of its own channel first. `spread`: by which share a measure differs from face to face (standard deviation). */
type FollowedMeasure = Measure & { spread: number };

/** Heads that go further take mouths and brows along in another way than they are unturned. */
const FACING: Measure["beside"] = { headYaw: 9, headPitch: 9, headRoll: 9 };

/** Least squares over clips of nine portraits (photos and paintings; presets, drawn motions, takes) at 256². */
const MEASURES: Record<FollowedKind, FollowedMeasure> = {
  smile: {
    gains: [
      ...[both("mouthSmile", 0.18), both("mouthStretch", 0.077), both("mouthDimple", 0.04)],
      ...[both("mouthUpperUp", 0.03), both("mouthFrown", -0.008)],
      ...[one("mouthPucker", -0.16), one("mouthFunnel", -0.108), one("jawOpen", -0.062)],
    ],
    noise: 0.006,
    spread: 0.1,
    beside: FACING,
  },
  pucker: {
    gains: [
      ...[one("mouthPucker", 0.154), one("mouthFunnel", 0.107)],
      ...[both("mouthSmile", -0.124), both("mouthStretch", -0.083), both("mouthDimple", -0.036)],
    ],
    noise: 0.005,
    spread: 0.12,
    beside: FACING,
  },
  jaw: { gains: [one("jawOpen", 0.195), one("mouthShrugLower", -0.04)], noise: 0.006, spread: 0.15, beside: FACING },
  innerBrows: {
    gains: [one("browInnerUp", 0.033), both("browDown", -0.025)],
    noise: 0.0015,
    spread: 0.25,
    beside: FACING,
  },
  outerBrows: { gains: [both("browOuterUp", 0.027)], noise: 0.002, spread: 0.25, beside: FACING },
  lids: { gains: [both("eyeBlink", 0.63), both("eyeSquint", 0.11)], noise: 0.03, spread: 0.2 },
  wink: { gains: [one("eyeBlinkLeft", 0.57), one("eyeBlinkRight", -0.57)], noise: 0.063, spread: 0.4 },
  // flat pictures turn less and less the further they are asked to
  pitch: { gains: [one("headPitch", 0.51)], noise: 0.3, spread: 0.12 },
  yaw: { gains: [one("headYaw", 0.51)], noise: 0.26, spread: 0.12 },
  roll: { gains: [one("headRoll", 0.84)], noise: 0.2, spread: 0.12 },
  // heads turn about another point in each engine, which shifts them
  x: { gains: [one("headX", 0.86)], noise: 0.005, spread: 0.15, beside: { headYaw: 2, headRoll: 0.8 } },
  y: { gains: [one("headY", 0.85)], noise: 0.005, spread: 0.15, beside: { headPitch: 2, headRoll: 0.8 } },
  // a head that fills the picture can't become smaller
  growth: { gains: [one("scale", 0.81), one("headZ", 0.07)], noise: 0.004, spread: 0.15, least: 0 },
};

/** Frames that are looked at are alike: so many of them tell as much as one. */
const ALIKE = 4;

export function strengthsOf(motion: MotionFrames, followed: Map<number, Followed>, { sure, unsure }: Kinds): Strengths {
  const measurable: Set<string> = new Set([...sure, ...unsure]);
  // brows, as mouths, of faces that look towards the camera
  if (measurable.has("pucker")) for (const brows of ["innerBrows", "outerBrows"]) measurable.add(brows);
  const each = new Map<FollowedKind, Strength>();
  for (const kind of Object.keys(MEASURES) as FollowedKind[]) {
    if (!measurable.has(kind)) continue;
    const seen = [...followed].map(([frame, now]): [number, number | undefined] => [frame, now[kind]]);
    const { asked, share } = agreementOf(pairsOf(motion, MEASURES[kind], seen));
    if (asked > 0)
      each.set(kind, { asked, share, spread: Math.hypot(Math.sqrt(ALIKE / asked), MEASURES[kind].spread) });
  }
  return { whole: together([...each.values()]), each };
}

/** The mean of the shares, each weighted by one through its variance. */
function together(strengths: Strength[]): Strength {
  const weight = ({ spread }: Strength) => spread ** -2;
  const weights = strengths.reduce((sum, strength) => sum + weight(strength), 0);
  if (weights === 0) return { asked: 0, share: 1, spread: Number.POSITIVE_INFINITY };
  return {
    asked: strengths.reduce((sum, { asked }) => sum + asked, 0),
    share: strengths.reduce((sum, strength) => sum + weight(strength) * strength.share, 0) / weights,
    spread: weights ** -0.5,
  };
}

/** What the channel that is asked for fully, or by a degree, usually adds to its measure. */
export function usualGain(kind: FollowedKind): number {
  return MEASURES[kind].gains[0]!.gain;
}
