/** What a motion asks of a face, and what is found of it in a clip, as curves that can be laid over each other. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type FaceMeasure, measure, restOf } from "@smileloop/engine/motion/measure.ts";
import type { Clip } from "./clip.ts";

/** A movement: what asks for it, how it is measured, and how much of it is plain to see (both in their own unit). */
type Movement = {
  name: string;
  channels: Partial<Record<Channel, number>>;
  plainAsked: number;
  measured: (face: FaceMeasure, rest: FaceMeasure) => number;
  plainMeasured: number;
};

const MOVEMENTS: Movement[] = [
  {
    name: "smile left",
    channels: { mouthSmileLeft: 1, mouthFrownLeft: -0.6, mouthPucker: -0.5 },
    plainAsked: 0.6,
    measured: ({ left }) => (left.cornerUp + left.cornerOut) / 2,
    plainMeasured: 0.04,
  },
  {
    name: "smile right",
    channels: { mouthSmileRight: 1, mouthFrownRight: -0.6, mouthPucker: -0.5 },
    plainAsked: 0.6,
    measured: ({ right }) => (right.cornerUp + right.cornerOut) / 2,
    plainMeasured: 0.04,
  },
  {
    name: "lid left",
    channels: { eyeBlinkLeft: 1, eyeWideLeft: -0.25 },
    plainAsked: 0.8,
    measured: ({ left }, rest) => 1 - left.opening / rest.left.opening,
    plainMeasured: 0.5,
  },
  {
    name: "lid right",
    channels: { eyeBlinkRight: 1, eyeWideRight: -0.25 },
    plainAsked: 0.8,
    measured: ({ right }, rest) => 1 - right.opening / rest.right.opening,
    plainMeasured: 0.5,
  },
  {
    name: "jaw",
    channels: { jawOpen: 1 },
    plainAsked: 0.4,
    measured: ({ gap }, rest) => gap - rest.gap,
    plainMeasured: 0.06,
  },
  {
    name: "pucker",
    channels: { mouthPucker: 1, mouthSmileLeft: -0.5, mouthSmileRight: -0.5 },
    plainAsked: 0.7,
    measured: ({ left, right }) => -(left.cornerOut + right.cornerOut) / 2,
    plainMeasured: 0.05,
  },
  {
    name: "brows",
    channels: { browInnerUp: 0.5, browOuterUpLeft: 0.25, browOuterUpRight: 0.25 },
    // what hides under the rims of glasses is not found again
    plainAsked: 0.9,
    measured: ({ left, right }, rest) =>
      (left.browInnerUp +
        right.browInnerUp +
        left.browOuterUp +
        right.browOuterUp -
        rest.left.browInnerUp -
        rest.right.browInnerUp -
        rest.left.browOuterUp -
        rest.right.browOuterUp) /
      4,
    plainMeasured: 0.04,
  },
  { name: "yaw", channels: { headYaw: 1 }, plainAsked: 6, measured: ({ head }) => head.yaw, plainMeasured: 6 },
  { name: "pitch", channels: { headPitch: 1 }, plainAsked: 5, measured: ({ head }) => head.pitch, plainMeasured: 5 },
  { name: "roll", channels: { headRoll: 1 }, plainAsked: 4, measured: ({ head }) => head.roll, plainMeasured: 4 },
  {
    name: "gaze",
    channels: { eyeLookOutLeft: 0.5, eyeLookInRight: 0.5, eyeLookInLeft: -0.5, eyeLookOutRight: -0.5 },
    plainAsked: 0.6,
    measured: ({ left, right }, rest) =>
      (left.irisLeft + right.irisLeft - rest.left.irisLeft - rest.right.irisLeft) / 2,
    plainMeasured: 0.03,
  },
];

/** One curve per movement; 1 is plain to see. */
type Curves = number[][];

export function askedCurves({ frames, faces }: MotionFrames): Curves {
  const { channels } = faces[0]!;
  return MOVEMENTS.map((movement) =>
    Array.from({ length: frames }, (_, frame) => {
      const parts = Object.entries(movement.channels) as [Channel, number][];
      return parts.reduce((sum, [name, by]) => sum + by * (channels[name]?.[frame] ?? 0), 0) / movement.plainAsked;
    }),
  );
}

export function measuredCurves({ landmarks }: Clip): Curves {
  const rest = restOf(landmarks[0]!.points);
  const atRest = measure(landmarks[0]!, rest, rest);
  const faces = landmarks.map((now) => measure(now, rest, rest));
  return MOVEMENTS.map(({ measured, plainMeasured }) => {
    const zero = measured(atRest, atRest);
    return faces.map((face) => (measured(face, atRest) - zero) / plainMeasured);
  });
}

/** Of the movement that is asked for most plainly: how well what is seen follows it. */
export function followed(asked: Curves, seen: Curves): { movement: string; correlation: number } {
  const strength = asked.map((curve) => Math.max(...curve) - Math.min(...curve));
  const leading = strength.indexOf(Math.max(...strength));
  return { movement: MOVEMENTS[leading]!.name, correlation: correlation(asked[leading]!, seen[leading]!) };
}

export function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

const STEPS = 64;

/**
 * How far two clips are apart: their curves over one cycle, scaled to a root mean square of 1, at the time shift at which they are
 * closest. 0 is the same movement, √2 two that have nothing in common.
 */
export function distance(a: Curves, b: Curves): number {
  const [one, other] = [unitSize(a), unitSize(b)];
  let least = Number.POSITIVE_INFINITY;
  for (let shift = 0; shift < STEPS; shift++) {
    let squares = 0;
    for (const [k, curve] of one.entries()) {
      for (let i = 0; i < STEPS; i++) squares += (curve[i]! - other[k]![(i + shift) % STEPS]!) ** 2;
    }
    least = Math.min(least, Math.sqrt(squares / STEPS));
  }
  return least;
}

/** The mean of what all movements do together in a step is 1. */
function unitSize(curves: Curves): Curves {
  const even = curves.map((curve) =>
    Array.from({ length: STEPS }, (_, i) => curve[Math.floor((i * curve.length) / STEPS)]!),
  );
  const size = Math.sqrt(even.flat().reduce((sum, value) => sum + value * value, 0) / STEPS);
  return even.map((curve) => curve.map((value) => value / Math.max(1e-9, size)));
}
