/** Landmarks of a face in a video without their tremble, and not late. Pure. */
import { faceOf } from "../face/face.ts";
import type { Face, FaceCrop, Landmarks } from "../face/types.ts";

/** What a frame shows of a face: its landmarks one after another, and what it was read with. */
export type Sample = {
  values: Float32Array;
  crop: FaceCrop;
  /** Of the detector when it last saw the face, and of the mesh in this frame. */
  score: number;
  meshScore: number;
  clear: boolean;
  eyeDistance: number;
};

/** Standard deviation of the weights in time, frames; of a face that moves by more than `fast` E from frame to frame, the smaller one. */
const SIGMA = { usual: 1, moving: 0.5 } as const;
const FAST = 0.05;
const REACH = 3;

/** In the order of their parts: mesh (x, y, z), then pairs. */
const MESH = 468 * 3;
const PARTS = { irisLeft: 10, irisRight: 10, upperLeft: 18, lowerLeft: 18, upperRight: 18, lowerRight: 18 } as const;
const BROW = 10;

export function packed({ points, iris, lids, brows }: Landmarks): Float32Array {
  const parts = [points, iris.left, iris.right, lids.left.upper, lids.left.lower, lids.right.upper, lids.right.lower];
  const all = [...parts, brows.left, brows.right];
  const values = new Float32Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

function unpacked(values: Float32Array, meshScore: number): Landmarks {
  let at = 0;
  const take = (length: number): Float32Array => {
    at += length;
    return values.subarray(at - length, at);
  };
  const points = take(MESH);
  const iris = { left: take(PARTS.irisLeft), right: take(PARTS.irisRight) };
  const left = { upper: take(PARTS.upperLeft), lower: take(PARTS.lowerLeft) };
  const right = { upper: take(PARTS.upperRight), lower: take(PARTS.lowerRight) };
  return { points, iris, lids: { left, right }, brows: { left: take(BROW), right: take(BROW) }, meshScore };
}

/**
 * A face of a frame as the mean of the frames around it, weighted by a Gaussian that reaches as far to both sides: what moves evenly stays
 * where it is. Frames across a cut or an absence do not count. Throws where the track is not in the frame.
 */
export function smoothedAt(
  samples: readonly ReadonlyMap<number, Sample>[],
  shots: readonly number[],
  index: number,
  track: number,
): Face & { clear: boolean } {
  const at = (n: number): Sample | undefined => samples[n]?.get(track);
  const own = at(index);
  if (!own) throw new Error(`frame ${index} has no track ${track}`);
  const from = shots.findLast((shot) => shot <= index) ?? 0;
  const to = (shots.find((shot) => shot > index) ?? samples.length) - 1;
  let reach = 0;
  while (
    reach < REACH &&
    index - reach > from &&
    index + reach < to &&
    at(index - reach - 1) &&
    at(index + reach + 1)
  ) {
    reach++;
  }
  const sigma = reach > 0 && speedOf(at(index - 1)!, at(index + 1)!) > FAST ? SIGMA.moving : SIGMA.usual;
  const values = new Float32Array(own.values.length);
  let total = 0;
  for (let d = -reach; d <= reach; d++) {
    const weight = Math.exp(-((d / sigma) ** 2) / 2);
    const other = at(index + d)!.values;
    for (let i = 0; i < values.length; i++) values[i]! += weight * other[i]!;
    total += weight;
  }
  for (let i = 0; i < values.length; i++) values[i]! /= total;
  return { ...faceOf(unpacked(values, own.meshScore), own.crop, own.score), clear: own.clear };
}

/** How far the bridge of the nose (6) goes in a frame, E, from the frame before to the one after. */
function speedOf(before: Sample, after: Sample): number {
  const [a, b] = [before.values, after.values];
  return Math.hypot(b[18]! - a[18]!, b[19]! - a[19]!) / 2 / Math.max(1, before.eyeDistance);
}
