/** Eyes and mouth of the result: the source's irises look where the target's do; what is shut, and what is between the lips, is the target's. */
import type { Face } from "../../face/types.ts";
import { createCurve, type SlitFrame, slitFrame, toSlit } from "../../warp/head/curve.ts";
import { smooth } from "../../warp/head/falloff.ts";
import { MESH, type Point, type Side } from "../../warp/head/head.ts";
import { pointOf } from "./shape.ts";

/** An opening between two edges: an eye, or the mouth. */
export type Opening = {
  frame: SlitFrame;
  /** Around it with everything that goes with it, pixels. */
  box: { left: number; right: number; top: number; bottom: number };
  /** Pixels from a place to the nearer edge, up or down: positive inside. */
  inside(x: number, y: number): number;
  /** Pixels from a place to the opening; 0 inside. */
  distance(x: number, y: number): number;
};

const EYES: Record<Side, { upper: number[]; lower: number[] }> = {
  right: { upper: [33, 246, 161, 160, 159, 158, 157, 173, 133], lower: [33, 7, 163, 144, 145, 153, 154, 155, 133] },
  left: { upper: [362, 398, 384, 385, 386, 387, 388, 466, 263], lower: [362, 382, 381, 380, 374, 373, 390, 249, 263] },
};
/** In E, around an opening. */
const AROUND = 0.2;

export function eyeOpening(points: Float32Array, side: Side, unit: number): Opening {
  return openingOf(points, EYES[side].upper, EYES[side].lower, unit);
}

export function mouthOpening(points: Float32Array, unit: number): Opening {
  return openingOf(points, MESH.lipInnerUpper, MESH.lipInnerLower, unit);
}

export function lipsOpening(points: Float32Array, unit: number): Opening {
  return openingOf(points, MESH.lipOuterUpper, MESH.lipOuterLower, unit);
}

/** Both edges from the picture's left to its right; they begin and end in the same points. */
function openingOf(
  points: Float32Array,
  upperEdge: readonly number[],
  lowerEdge: readonly number[],
  unit: number,
): Opening {
  const at = (i: number): Point => pointOf(points, i);
  const frame = slitFrame(at(upperEdge[0]!), at(upperEdge.at(-1)!));
  const curve = (edge: readonly number[]) =>
    createCurve(
      edge.map((i) => toSlit(frame, at(i))),
      1,
    );
  const [upper, lower] = [curve(upperEdge), curve(lowerEdge)];
  const all = [...upperEdge, ...lowerEdge].map(at);
  const room = AROUND * unit;
  const inside = (x: number, y: number): number => {
    const { t, v } = toSlit(frame, { x, y });
    if (t <= -1 || t >= 1) return -(Math.abs(t) - 1) * frame.halfWidth;
    return Math.min(v - upper(t), lower(t) - v);
  };
  return {
    frame,
    box: {
      left: Math.min(...all.map((p) => p.x)) - room,
      right: Math.max(...all.map((p) => p.x)) + room,
      top: Math.min(...all.map((p) => p.y)) - room,
      bottom: Math.max(...all.map((p) => p.y)) + room,
    },
    inside,
    distance(x, y) {
      const { t, v } = toSlit(frame, { x, y });
      const held = Math.min(1, Math.max(-1, t));
      const off = Math.max(0, upper(held) - v, v - lower(held));
      return Math.hypot(off, (t - held) * frame.halfWidth);
    },
  };
}

export type Iris = Point & { radius: number };

export function irisOf({ iris }: Pick<Face, "iris">, side: Side): Iris {
  const places = iris[side];
  const radius = Math.hypot(places[2]! - places[6]!, places[3]! - places[7]!) / 2;
  return { x: places[0]!, y: places[1]!, radius: Math.max(0.5, radius) };
}

/** How open an eye is, by its width; and where its iris is, from −1 at one corner to 1 at the other. */
export function eyeState(face: Face, side: Side): { opening: number; gaze: number } {
  const { upper, lower } = face.lids[side];
  const width = Math.hypot(upper[0]! - upper.at(-2)!, upper[1]! - upper.at(-1)!) || 1;
  let gap = 0;
  // the middle three of nine
  for (const i of [3, 4, 5])
    gap += Math.hypot(upper[2 * i]! - lower[2 * i]!, upper[2 * i + 1]! - lower[2 * i + 1]!) / 3;
  const ends = [
    { x: upper[0]!, y: upper[1]! },
    { x: upper.at(-2)!, y: upper.at(-1)! },
  ].sort((a, b) => a.x - b.x) as [Point, Point];
  return { opening: gap / width, gaze: toSlit(slitFrame(...ends), irisOf(face, side)).t };
}

/** Shut further than the first share of the source's opening, an eye becomes the target's own; at the second it is. */
const SHUT: [number, number] = [0.72, 0.5];
/** Differences of gaze, in halves of the eye's width, from which the source's eye does not reach. */
const ASIDE: [number, number] = [0.35, 0.65];

/** How much of an eye is to be the target's own, 0–1. */
export function ownEye(target: Face, source: Face, side: Side): number {
  const [t, s] = [eyeState(target, side), eyeState(source, side)];
  const shut = smooth((SHUT[0] - t.opening / (s.opening || 1)) / (SHUT[0] - SHUT[1]));
  const aside = smooth((Math.abs(t.gaze - s.gaze) - ASIDE[0]) / (ASIDE[1] - ASIDE[0]));
  return Math.max(shut, aside);
}

/** How far the lips are parted, in E. */
export function lipGap(points: Float32Array, unit: number): number {
  const [upper, lower] = [pointOf(points, 13), pointOf(points, 14)];
  return Math.hypot(upper.x - lower.x, upper.y - lower.y) / unit;
}

/** In E, more than the target's: lips of a source that are parted further do not close. */
const PARTED: [number, number] = [0.1, 0.2];

/** How much of the lips is to be the target's own, 0–1. */
export function ownLips(target: Float32Array, targetUnit: number, source: Float32Array, sourceUnit: number): number {
  const more = Math.abs(lipGap(source, sourceUnit) - lipGap(target, targetUnit));
  return smooth((more - PARTED[0]) / (PARTED[1] - PARTED[0]));
}
