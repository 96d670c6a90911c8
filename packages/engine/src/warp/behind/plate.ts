/**
 * The picture without the people: what a head uncovers when it moves. That is never more than a narrow strip beside its outline,
 * so a soft continuation of the background will do, by push and pull over a pyramid (Gortler et al. 1996, SIGGRAPH, section 3.4).
 */

import type { Planes } from "../../media/planes.ts";
import { sampleAt } from "../canvas/bilinear.ts";
import type { Matte } from "./matte.ts";

/** A pixel with more of a person in it than this (of 255) is not background. */
const CLEAN = 4;

/** `still` with the people filled in. It is worked out at half the size, as what is filled in is soft. */
export function plateOf(still: Planes, { alpha }: Matte): Planes {
  const { width, height } = still;
  const [columns, rows] = [width / 2, height / 2];
  const clean = new Float32Array(columns * rows);
  const luma = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 2 * row * width + 2 * column;
      const below = at + width;
      if (alpha[at]! > CLEAN || alpha[at + 1]! > CLEAN || alpha[below]! > CLEAN || alpha[below + 1]! > CLEAN) continue;
      clean[row * columns + column] = 1;
      luma[row * columns + column] = (still.y[at]! + still.y[at + 1]! + still.y[below]! + still.y[below + 1]!) / 4;
    }
  }
  return {
    width,
    height,
    y: enlargedInto(still.y, alpha, pulled(luma, clean, columns, rows), width, height),
    u: filled(still.u, clean, columns, rows),
    v: filled(still.v, clean, columns, rows),
  };
}

function filled(plane: Uint8Array, clean: Float32Array, width: number, height: number): Uint8Array {
  const values = new Float32Array(plane.length);
  for (let i = 0; i < values.length; i++) values[i] = plane[i]! * clean[i]!;
  const full = pulled(values, clean, width, height);
  const result = plane.slice();
  for (let i = 0; i < result.length; i++) if (clean[i] === 0) result[i] = full[i]! + 0.5;
  return result;
}

/** `plane` with `half`, of half its size, where it is not clean. */
function enlargedInto(
  plane: Uint8Array,
  alpha: Uint8Array,
  half: Float32Array,
  width: number,
  height: number,
): Uint8Array {
  const result = plane.slice();
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      if (alpha[at]! > CLEAN)
        result[at] = sampleAt(half, width / 2, height / 2, column / 2 - 0.25, row / 2 - 0.25) + 0.5;
    }
  }
  return result;
}

/** `sums`: values times weights; it is written over. Where the weight is 1 the value stays, where it is less the coarser levels fill it up. */
function pulled(sums: Float32Array, weights: Float32Array, width: number, height: number): Float32Array {
  if (width <= 2 || height <= 2) {
    const total = weights.reduce((a, b) => a + b, 0);
    const mean = total > 0 ? sums.reduce((a, b) => a + b, 0) / total : 128;
    return sums.map((sum, i) => sum + (1 - weights[i]!) * mean);
  }
  const columns = (width + 1) >> 1;
  const rows = (height + 1) >> 1;
  const coarseSums = halved(sums, width, height);
  // a place that is half known counts as known one level up, so that what is near weighs most
  const coarseWeights = halved(weights, width, height);
  for (let i = 0; i < coarseWeights.length; i++) {
    const weight = coarseWeights[i]!;
    const known = Math.min(1, 4 * weight);
    coarseSums[i] = weight > 0 ? (coarseSums[i]! / weight) * known : 0;
    coarseWeights[i] = known;
  }
  const coarse = pulled(coarseSums, coarseWeights, columns, rows);
  const result = sums;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const unknown = 1 - weights[at]!;
      if (unknown > 0) result[at]! += unknown * sampleAt(coarse, columns, rows, column / 2 - 0.25, row / 2 - 0.25);
    }
  }
  return result;
}

/** Means of two by two; at an odd edge of what there is. */
function halved(values: Float32Array, width: number, height: number): Float32Array {
  const columns = (width + 1) >> 1;
  const rows = (height + 1) >> 1;
  const result = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const top = 2 * row * width;
    const bottom = Math.min(height - 1, 2 * row + 1) * width;
    for (let column = 0; column < columns; column++) {
      const left = 2 * column;
      const right = Math.min(width - 1, left + 1);
      result[row * columns + column] =
        (values[top + left]! + values[top + right]! + values[bottom + left]! + values[bottom + right]!) / 4;
    }
  }
  return result;
}
