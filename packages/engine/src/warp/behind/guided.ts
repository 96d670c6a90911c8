/** A guided filter (He, Sun & Tang 2013, IEEE TPAMI 35(6)): moves the edges of a coarse mask onto those of the picture. */
import { SEGMENTER_SIZE as SIZE } from "../../face/models.ts";
import { mixFour } from "../canvas/bilinear.ts";
import { smooth } from "../head/falloff.ts";

const FILTER_RADIUS = 4;
const FILTER_EPSILON = 1e-3;
/** From the mask's share of a person: below it alpha rounds to 0, and above the other it is 255, whatever the pixel's light. */
const SURELY_BEHIND = 0.0038;
const SURELY_PERSON = 0.9;
/** Any alpha is possible. */
export const UNSURE = 1;

/** What the guided filter makes of it: alpha = scale × luma + offset at each place, luma 0–1; and the model's own, blurred. */
export type Guided = { scale: Float32Array; offset: Float32Array; coarse: Float32Array };

export function guided(rgb: Uint8Array, person: Float32Array): Guided {
  const count = SIZE * SIZE;
  const luma = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    luma[i] = (0.2126 * rgb[3 * i]! + 0.7152 * rgb[3 * i + 1]! + 0.0722 * rgb[3 * i + 2]!) / 255;
  }
  const meanLuma = blurred(luma);
  const meanPerson = blurred(person);
  const squares = blurred(product(luma, luma));
  const products = blurred(product(luma, person));
  const scale = new Float32Array(count);
  const offset = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const variance = squares[i]! - meanLuma[i]! * meanLuma[i]!;
    scale[i] = (products[i]! - meanLuma[i]! * meanPerson[i]!) / (variance + FILTER_EPSILON);
    offset[i] = meanPerson[i]! - scale[i]! * meanLuma[i]!;
  }
  return { scale: blurred(scale), offset: blurred(offset), coarse: meanPerson };
}

function product(a: Float32Array, b: Float32Array): Float32Array {
  const result = new Float32Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i]! * b[i]!;
  return result;
}

/** Mean over a square of 2 × FILTER_RADIUS + 1, as far as it lies in the picture. */
function blurred(values: Float32Array): Float32Array {
  const across = new Float32Array(values.length);
  for (let line = 0; line < SIZE; line++) slide(values, across, line * SIZE);
  return slideDown(across);
}

function slide(from: Float32Array, to: Float32Array, start: number): void {
  let sum = 0;
  let count = 0;
  for (let i = -FILTER_RADIUS; i < SIZE; i++) {
    if (i + FILTER_RADIUS < SIZE) {
      sum += from[start + i + FILTER_RADIUS]!;
      count++;
    }
    if (i - FILTER_RADIUS > 0) {
      sum -= from[start + i - FILTER_RADIUS - 1]!;
      count--;
    }
    if (i >= 0) to[start + i] = sum / count;
  }
}

/** The same along columns, a row at a time: memory is read in its order. */
function slideDown(from: Float32Array): Float32Array {
  const to = new Float32Array(from.length);
  const sums = new Float64Array(SIZE);
  let count = 0;
  for (let row = -FILTER_RADIUS; row < SIZE; row++) {
    const entering = (row + FILTER_RADIUS) * SIZE;
    const leaving = (row - FILTER_RADIUS - 1) * SIZE;
    const enters = row + FILTER_RADIUS < SIZE;
    const leaves = row - FILTER_RADIUS > 0;
    count += Number(enters) - Number(leaves);
    if (enters) for (let x = 0; x < SIZE; x++) sums[x]! += from[entering + x]!;
    if (leaves) for (let x = 0; x < SIZE; x++) sums[x]! -= from[leaving + x]!;
    if (row >= 0) for (let x = 0; x < SIZE; x++) to[row * SIZE + x] = sums[x]! / count;
  }
  return to;
}

/** For each place 0 or 255 where `alphaAt` answers nothing else, whatever the rest, else `UNSURE`: most of a picture needs no filter. */
export function surely({ coarse }: Guided): Uint8Array {
  const sure = new Uint8Array(SIZE * SIZE).fill(UNSURE);
  for (let row = 0; row < SIZE - 1; row++) {
    for (let at = row * SIZE; at < row * SIZE + SIZE - 1; at++) {
      const a = coarse[at]!;
      const b = coarse[at + 1]!;
      const c = coarse[at + SIZE]!;
      const d = coarse[at + SIZE + 1]!;
      if (a < SURELY_BEHIND && b < SURELY_BEHIND && c < SURELY_BEHIND && d < SURELY_BEHIND) sure[at] = 0;
      else if (a > SURELY_PERSON && b > SURELY_PERSON && c > SURELY_PERSON && d > SURELY_PERSON) sure[at] = 255;
    }
  }
  return sure;
}

/** Alpha, 0–255, of a pixel between this place and its neighbours to the right and below; `luma`: of the pixel, 16–235. */
export function alphaAt({ scale, offset, coarse }: Guided, at: number, fx: number, fy: number, luma: number): number {
  const light = (luma - 16) / 219;
  const a = mixFour(scale, at, SIZE, fx, fy) * light + mixFour(offset, at, SIZE, fx, fy);
  // well inside and well outside the outline, light and dark hair say nothing
  const near = mixFour(coarse, at, SIZE, fx, fy);
  const share = Math.min(smooth(near / 0.15), Math.max(smooth((near - 0.7) / 0.2), smooth((a - 0.02) / 0.7)));
  return Math.round(255 * share);
}
