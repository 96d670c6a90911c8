/**
 * Whether a face moves as its curves ask, over all the frames that are looked at and all that can be measured of it at once: single
 * measures miss on single portraits, all of them together don't.
 */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Moved } from "./measure.ts";

/** What is asked and what is seen, by what the measures may be wrong. */
export type Agreement = {
  /** How much is asked for, the sum of its squares: of little nothing can be told. */
  asked: number;
  /** Which part of it is seen: 1 all of it, 0 nothing, below 0 the opposite. */
  share: number;
  /** Correlation of what is asked and what is seen. */
  likeness: number;
};

export type Agreements = {
  /** Of all measures, each counted up to a limit. */
  all: Agreement;
  /** Of each measure alone, by the same limit. */
  each: Map<keyof Moved, Agreement>;
  /** Of all measures, and of each alone, without a limit, which tells how strong a motion is. */
  whole: Agreement;
  strengths: Map<keyof Moved, Agreement>;
};

type Gain = { channels: Channel[]; gain: number };
/** What the channels, each group by its mean, usually add to a measure; and by how much that is mostly wrong. */
type Measure = { gains: Gain[]; noise: number };

const both = (stem: string, gain: number): Gain => ({
  channels: [`${stem}Left`, `${stem}Right`] as Channel[],
  gain,
});
const one = (channel: Channel, gain: number): Gain => ({ channels: [channel], gain });

/** Least squares over 255 clips of nine portraits (photos and paintings; presets, drawn motions, takes) at 256². */
const MEASURES: Record<keyof Moved, Measure> = {
  smile: {
    gains: [
      ...[both("mouthSmile", 0.16), both("mouthStretch", 0.04), both("mouthDimple", 0.02), both("mouthFrown", -0.02)],
      ...[one("mouthPucker", -0.06), one("mouthFunnel", -0.05), one("jawOpen", -0.1)],
    ],
    noise: 0.013,
  },
  lips: { gains: [one("jawOpen", 0.14), both("mouthUpperUp", 0.016)], noise: 0.007 },
  pucker: {
    gains: [
      ...[both("mouthSmile", -0.105), both("mouthStretch", -0.046), both("mouthDimple", -0.017)],
      ...[one("mouthPucker", 0.056), one("mouthFunnel", 0.04), one("jawOpen", 0.03)],
    ],
    noise: 0.01,
  },
  lids: { gains: [both("eyeBlink", 0.62), both("eyeSquint", 0.1)], noise: 0.03 },
  wink: { gains: [one("eyeBlinkLeft", 0.57), one("eyeBlinkRight", -0.57)], noise: 0.063 },
  pitch: { gains: [one("headPitch", 0.63)], noise: 1.33 },
  yaw: { gains: [one("headYaw", 0.5)], noise: 0.62 },
  roll: { gains: [one("headRoll", 0.8)], noise: 0.36 },
};

/** So many times its noise a measure counts at the most: a blink, which is seen best, must not outweigh all the rest. */
const MOST = 5;

export function agreementsOf(motion: MotionFrames, moved: Map<number, Moved>, kinds: (keyof Moved)[]): Agreements {
  const pairs = kinds.map((kind) => {
    const { noise } = MEASURES[kind];
    return [...moved].map(([frame, now]): Pair => [expectedOf(motion, frame, kind) / noise, now[kind] / noise]);
  });
  const limitedPairs = pairs.map((list) => list.map(([asked, seen]): Pair => [limited(asked), limited(seen)]));
  return {
    all: agreementOf(limitedPairs.flat()),
    each: new Map(kinds.map((kind, nth) => [kind, agreementOf(limitedPairs[nth]!)])),
    whole: agreementOf(pairs.flat()),
    strengths: new Map(kinds.map((kind, nth) => [kind, agreementOf(pairs[nth]!)])),
  };
}

type Pair = [asked: number, seen: number];

function agreementOf(pairs: Pair[]): Agreement {
  const [asked, seen, together] = pairs.reduce(
    (sums, [a, b]) => [sums[0] + a * a, sums[1] + b * b, sums[2] + a * b] as const,
    [0, 0, 0] as readonly [number, number, number],
  );
  return { asked, share: together / (asked || 1), likeness: together / (Math.sqrt(asked * seen) || 1) };
}

/** What a channel that is asked for fully usually adds to its measure. */
export function usualGain(kind: keyof Moved): number {
  return MEASURES[kind].gains.find(({ gain }) => gain > 0 && kind !== "pucker")?.gain ?? 0.056;
}

/** What a measure should be at a frame, against the first one. */
function expectedOf(motion: MotionFrames, frame: number, kind: keyof Moved): number {
  const curves = motion.faces[0]?.channels ?? {};
  const change = (name: Channel): number => (curves[name]?.[frame] ?? 0) - (curves[name]?.[0] ?? 0);
  return MEASURES[kind].gains.reduce(
    (sum, { channels, gain }) => sum + (gain * channels.reduce((all, name) => all + change(name), 0)) / channels.length,
    0,
  );
}

function limited(value: number): number {
  return value / Math.sqrt(1 + (value / MOST) ** 2);
}
