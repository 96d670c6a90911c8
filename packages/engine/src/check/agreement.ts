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
  /** Of all sure measures, each counted up to a limit. */
  all: Agreement;
  /** Of each sure measure alone, by the same limit. */
  each: Map<keyof Moved, Agreement>;
  /** Of all sure measures, without a limit. */
  whole: Agreement;
};

/** What can be measured of a face: what is `unsure` can be wrong altogether, so nothing is refused for it. */
export type Kinds = { sure: (keyof Moved)[]; unsure: (keyof Moved)[] };

export type Gain = { channels: Channel[]; gain: number };
/**
 * What the channels, each group by its mean, usually add to a measure; and by how much that is mostly wrong. `beside`: how far other
 * channels may go, as engines show something of them in it, each in its way.
 */
export type Measure = {
  gains: Gain[];
  noise: number;
  beside?: Partial<Record<Channel, number>>;
  /** The least that is measured: what should be less is left out. */
  least?: number;
};

export const both = (stem: string, gain: number): Gain => ({
  channels: [`${stem}Left`, `${stem}Right`] as Channel[],
  gain,
});
export const one = (channel: Channel, gain: number): Gain => ({ channels: [channel], gain });

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
  yaw: { gains: [one("headYaw", 0.57)], noise: 0.7 },
  roll: { gains: [one("headRoll", 0.8)], noise: 0.36 },
  // heads turn about another point in each engine, which shifts them
  x: { gains: [one("headX", 0.95)], noise: 0.01, beside: { headYaw: 2, headRoll: 0.8 } },
  y: { gains: [one("headY", 0.95)], noise: 0.008, beside: { headPitch: 2, headRoll: 0.8, jawOpen: 0.3 } },
  // a head that fills the picture can't become smaller
  growth: { gains: [one("scale", 0.95), one("headZ", 0.1)], noise: 0.01, least: 0 },
  // smiles lift the lower lip, each face's in its way
  jaw: {
    gains: [one("jawOpen", 0.155)],
    noise: 0.012,
    beside: { mouthSmileLeft: 0.15, mouthSmileRight: 0.15, mouthPucker: 0.3, mouthFunnel: 0.3, headPitch: 6 },
  },
};

/** So many times its noise a measure counts at the most: a blink, which is seen best, must not outweigh all the rest. */
const MOST = 5;

export function agreementsOf(motion: MotionFrames, moved: Map<number, Partial<Moved>>, { sure }: Kinds): Agreements {
  const seenOf = (kind: keyof Moved) =>
    [...moved].map(([frame, now]): [number, number | undefined] => [frame, now[kind]]);
  const pairs = new Map(sure.map((kind) => [kind, pairsOf(motion, MEASURES[kind], seenOf(kind))]));
  const limitedPairs = (kind: keyof Moved) =>
    pairs.get(kind)!.map(([asked, seen]): Pair => [limited(asked), limited(seen)]);
  return {
    all: agreementOf(sure.flatMap(limitedPairs)),
    each: new Map(sure.map((kind) => [kind, agreementOf(limitedPairs(kind))])),
    whole: agreementOf(sure.flatMap((kind) => pairs.get(kind)!)),
  };
}

type Pair = [asked: number, seen: number];

/** By the noise of the measure, at those of the frames that were looked at in which it could be taken. */
export function pairsOf(
  motion: MotionFrames,
  measure: Measure,
  frames: Iterable<[frame: number, seen: number | undefined]>,
): Pair[] {
  const { noise, beside = {}, least = Number.NEGATIVE_INFINITY } = measure;
  const limits = Object.entries(beside) as [Channel, number][];
  const clear = (frame: number) => limits.every(([name, most]) => Math.abs(changeOf(motion, frame, name)) <= most);
  return [...frames].flatMap(([frame, seen]): Pair[] => {
    const expected = expectedOf(motion, frame, measure);
    return seen !== undefined && clear(frame) && expected >= least ? [[expected / noise, seen / noise]] : [];
  });
}

export function agreementOf(pairs: Pair[]): Agreement {
  const [asked, seen, together] = pairs.reduce(
    (sums, [a, b]) => [sums[0] + a * a, sums[1] + b * b, sums[2] + a * b] as const,
    [0, 0, 0] as readonly [number, number, number],
  );
  return { asked, share: together / (asked || 1), likeness: together / (Math.sqrt(asked * seen) || 1) };
}

/** What a measure should be at a frame, against the first one. */
function expectedOf(motion: MotionFrames, frame: number, { gains }: Measure): number {
  return gains.reduce(
    (sum, { channels, gain }) =>
      sum + (gain * channels.reduce((all, name) => all + changeOf(motion, frame, name), 0)) / channels.length,
    0,
  );
}

function changeOf(motion: MotionFrames, frame: number, name: Channel): number {
  const values = motion.faces[0]?.channels[name];
  return (values?.[frame] ?? 0) - (values?.[0] ?? 0);
}

function limited(value: number): number {
  return value / Math.sqrt(1 + (value / MOST) ** 2);
}
