/**
 * Whether an eye shows something else than before: the iris model that reads the lids (see `measure.ts`) cannot follow eyes that
 * are narrow, painted or behind glasses, but what lies between the lids changes there, too.
 */
import { cropTensor, UNIT } from "../face/sample.ts";
import type { Landmarks } from "../face/types.ts";
import type { Picture } from "../media/picture.ts";

/** Side of the square in pixels that an eye is looked at in, and its part between the lids, by the eye's width. */
const SIDE = 32;
const HEIGHT = 0.5;

export type EyeView = { picture: Picture; landmarks: Landmarks };

/** Of each eye 0: the same but for light and contrast, to 1: nothing of the pattern is left. */
export function eyesChanged(before: EyeView, after: EyeView): { left: number; right: number } {
  const change = (outer: number, inner: number) =>
    1 - correlation(patch(before, outer, inner), patch(after, outer, inner));
  return { left: change(263, 362), right: change(33, 133) };
}

function patch({ picture, landmarks: { points } }: EyeView, outer: number, inner: number): Float32Array {
  const [ox, oy, ix, iy] = [points[outer * 3]!, points[outer * 3 + 1]!, points[inner * 3]!, points[inner * 3 + 1]!];
  const angle = ox < ix ? Math.atan2(iy - oy, ix - ox) : Math.atan2(oy - iy, ox - ix);
  const square = { x: (ox + ix) / 2, y: (oy + iy) / 2, size: Math.hypot(ix - ox, iy - oy), angle };
  const rgb = cropTensor(picture, square, SIDE, UNIT);
  const rows = Math.round(SIDE * HEIGHT);
  const first = ((SIDE - rows) / 2) * SIDE;
  return Float32Array.from({ length: rows * SIDE }, (_, i) => {
    const at = (first + i) * 3;
    return 0.3 * rgb[at]! + 0.59 * rgb[at + 1]! + 0.11 * rgb[at + 2]!;
  });
}

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb || 1);
}
