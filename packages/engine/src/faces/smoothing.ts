/** Landmarks of a face in a video without their tremble, and not late. Pure. */
import { faceOf } from "../face/face.ts";
import type { Face, FaceCrop, Landmarks } from "../face/types.ts";
import { REACH as FAR, type Place, steadiedAt, unitOf } from "../lip/place.ts";

/** What a frame shows of a face: its landmarks one after another, and what it was read with. */
export type Sample = {
  values: Float32Array;
  crop: FaceCrop;
  /** Of the detector when it last saw the face, and of the mesh in this frame. */
  score: number;
  meshScore: number;
  clear: boolean;
  eyeDistance: number;
  /** Where the face lies by its landmarks, and how its skin has moved there since the frame before, by the picture; null where that is not known. */
  place: Place;
  slip: Place | null;
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
 * A face of a frame without tremble. Its landmarks, as they lie on the face, become the mean of those in the frames around it, weighted by
 * a Gaussian that reaches as far to both sides; and the face is put where its skin says that it is, or where that is not seen, where the
 * same mean of its places is. What moves evenly stays where it is. Frames across a cut or an absence do not count. Throws where the track
 * is not in the frame.
 */
export function smoothedAt(
  samples: readonly ReadonlyMap<number, Sample>[],
  shots: readonly number[],
  index: number,
  track: number,
): Face & { clear: boolean } {
  const own = samples[index]?.get(track);
  if (!own) throw new Error(`frame ${index} has no track ${track}`);
  const from = shots.findLast((shot) => shot <= index) ?? 0;
  const to = (shots.find((shot) => shot > index) ?? samples.length) - 1;
  const at = (n: number): Sample | undefined => (n < from || n > to ? undefined : samples[n]?.get(track));
  let reach = 0;
  while (reach < REACH && at(index - reach - 1) && at(index + reach + 1)) reach++;
  const near = Array.from({ length: 2 * reach + 1 }, (_, i) => ({ by: i - reach, sample: at(index + i - reach)! }));
  const place = steadyPlace(at, index) ?? meanPlace(near);
  const values = new Float32Array(own.values.length);
  const weights = near.map(({ by }) => Math.exp(-((by / SIGMA.usual) ** 2) / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [nth, { sample }] of near.entries()) addMoved(values, sample, place, weights[nth]! / total);
  return { ...faceOf(unpacked(values, own.meshScore), own.crop, own.score), clear: own.clear };
}

/** By the skin; null where it is followed neither from the frame before nor to the next. */
function steadyPlace(at: (n: number) => Sample | undefined, index: number): Place | null {
  if (!at(index)?.slip && !at(index + 1)?.slip) return null;
  const around = Array.from({ length: 2 * FAR + 1 }, (_, i) => at(index + i - FAR));
  return steadiedAt(
    around.map((sample) => sample?.place ?? null),
    around.map((sample) => sample?.slip ?? null),
    FAR,
  );
}

type Near = { by: number; sample: Sample };

function meanPlace(near: readonly Near[]): Place {
  const [before, after] = [-1, 1].map((by) => near.find((each) => each.by === by)?.sample);
  const sigma = before && after && speedOf(before, after) > FAST ? SIGMA.moving : SIGMA.usual;
  const mean: Place = { a: 0, b: 0, x: 0, y: 0 };
  let total = 0;
  for (const { by, sample } of near) {
    const weight = Math.exp(-((by / sigma) ** 2) / 2);
    for (const key of ["a", "b", "x", "y"] as const) mean[key] += weight * sample.place[key];
    total += weight;
  }
  return { a: mean.a / total, b: mean.b / total, x: mean.x / total, y: mean.y / total };
}

/** Adds landmarks as they would lie on a face at another place, times a weight. */
function addMoved(sum: Float32Array, { values, place: from }: Sample, to: Place, weight: number): void {
  const growth = unitOf(to) / unitOf(from);
  const square = from.a ** 2 + from.b ** 2;
  // from the frame to the face and to the other frame in one step
  const a = (to.a * from.a + to.b * from.b) / square;
  const b = (to.b * from.a - to.a * from.b) / square;
  const step = (i: number): number => (i < MESH ? 3 : 2);
  for (let i = 0; i < values.length; i += step(i)) {
    const [x, y] = [values[i]! - from.x, values[i + 1]! - from.y];
    sum[i]! += weight * (a * x - b * y + to.x);
    sum[i + 1]! += weight * (b * x + a * y + to.y);
    if (i < MESH) sum[i + 2]! += weight * growth * values[i + 2]!;
  }
}

/** How far the bridge of the nose (6) goes in a frame, E, from the frame before to the one after. */
function speedOf(before: Sample, after: Sample): number {
  const [a, b] = [before.values, after.values];
  return Math.hypot(b[18]! - a[18]!, b[19]! - a[19]!) / 2 / Math.max(1, before.eyeDistance);
}
