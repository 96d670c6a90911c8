/** A face at a small size, upright and always equally large: what is smooth (skin, masks, light) is worked out there. */
import { cropTensor, UNIT } from "../../face/sample.ts";
import type { FaceCrop } from "../../face/types.ts";
import type { Picture } from "../../media/picture.ts";
import type { Head } from "../../warp/head/head.ts";

/** Natural logarithms of red, green and blue, each a field of cells. */
export type Light = [Float32Array, Float32Array, Float32Array];

/** Cells along a side, and along E (distance of the outer corners of the eyes in space). */
export const SIDE = 144;
export const CELLS_PER_E = 40;
export const CELLS = SIDE * SIDE;

export type Grid = {
  crop: FaceCrop;
  /** Pixels per cell. */
  cell: number;
  /** From pixels to cells: column = a·x + b·y + left, row = a·y − b·x + top. Cells' centres lie at halves, as those of pixels. */
  a: number;
  b: number;
  left: number;
  top: number;
};

/** Around a face, level with its eyes. */
export function gridOf(head: Head): Grid {
  const [right, left] = [head.point(33), head.point(263)];
  const angle = Math.atan2(left.y - right.y, left.x - right.x);
  const cell = head.unit / CELLS_PER_E;
  const { x, y } = head.centre;
  const [a, b] = [Math.cos(angle) / cell, Math.sin(angle) / cell];
  const crop = { x, y, size: cell * SIDE, angle };
  return { crop, cell, a, b, left: SIDE / 2 - a * x - b * y, top: SIDE / 2 - a * y + b * x };
}

export function toCell({ a, b, left, top }: Grid, x: number, y: number): [column: number, row: number] {
  return [a * x + b * y + left, a * y - b * x + top];
}

export function fromCell({ a, b, left, top }: Grid, column: number, row: number): [x: number, y: number] {
  const size = a * a + b * b;
  const [u, v] = [column - left, row - top];
  return [(a * u - b * v) / size, (b * u + a * v) / size];
}

/** Points (x, y, z) in cells. */
export function pointsInGrid(grid: Grid, points: Float32Array): Float32Array {
  const result = new Float32Array(points.length);
  for (let p = 0; p < points.length; p += 3) {
    [result[p], result[p + 1]] = toCell(grid, points[p]!, points[p + 1]!);
    result[p + 2] = points[p + 2]! / grid.cell;
  }
  return result;
}

const pool: Float32Array[] = [];
let taken = 0;

/** From here on, fields of before are given out again: a face takes 4 MB of them, which would be cleared away in every frame. */
export function reuseFields(): void {
  taken = 0;
}

/** A value per cell: those of `from`, or 0. Valid until `reuseFields`; what is to be kept is copied. */
export function fieldOf(from?: Float32Array): Float32Array {
  if (taken === pool.length) pool.push(new Float32Array(CELLS));
  const field = pool[taken++]!;
  if (from) field.set(from);
  else field.fill(0);
  return field;
}

/** Added to light before its logarithm, so that blacks stay black and their noise small. */
const FLOOR = 12 / 255;

/** The light of a picture. */
export function logLight(picture: Picture, { crop }: Grid): Light {
  const rgb = cropTensor(picture, crop, SIDE, UNIT);
  const fields: Light = [fieldOf(), fieldOf(), fieldOf()];
  for (let i = 0; i < CELLS; i++) for (let c = 0; c < 3; c++) fields[c]![i] = Math.log(rgb[3 * i + c]! + FLOOR);
  return fields;
}

const scratch = new Float32Array(Math.max(CELLS, SIDE));

/** Blurs a field by about a Gaussian of `sigma` cells: three boxes; outside there is nothing. */
export function blur(field: Float32Array, sigma: number): void {
  const radius = Math.max(1, Math.round((Math.sqrt(4 * sigma * sigma + 1) - 1) / 2));
  for (let pass = 0; pass < 3; pass++) {
    box(field, scratch, radius, 1, SIDE);
    box(scratch, field, radius, SIDE, 1);
  }
}

function box(from: Float32Array, to: Float32Array, radius: number, step: number, line: number): void {
  const weight = 1 / (2 * radius + 1);
  const ahead = radius * step;
  for (let nth = 0; nth < SIDE; nth++) {
    const start = nth * line;
    let sum = 0;
    for (let i = 0; i < radius; i++) sum += from[start + i * step]!;
    // in three parts, because asking in each step whether there are cells so far away takes as long as adding them
    let at = start;
    for (let end = at + (radius + 1) * step; at < end; at += step) {
      sum += from[at + ahead]!;
      to[at] = sum * weight;
    }
    for (let end = start + (SIDE - radius) * step; at < end; at += step) {
      sum += from[at + ahead]! - from[at - ahead - step]!;
      to[at] = sum * weight;
    }
    for (let end = start + SIDE * step; at < end; at += step) {
      sum -= from[at - ahead - step]!;
      to[at] = sum * weight;
    }
  }
}

/** Between the four cells around a place; outside, the edge goes on. Places in cells, whose centres lie at halves. */
export function readCell(field: Float32Array, column: number, row: number): number {
  const x = Math.min(SIDE - 1.001, Math.max(0, column - 0.5));
  const y = Math.min(SIDE - 1.001, Math.max(0, row - 0.5));
  return between(field, (y | 0) * SIDE + (x | 0), x - (x | 0), y - (y | 0));
}

/** Between a cell, its right neighbour and the two below them. `across`, `down`: shares of the right and the lower ones. */
export function between(field: Float32Array, at: number, across: number, down: number): number {
  const above = field[at]! + (field[at + 1]! - field[at]!) * across;
  const below = field[at + SIDE]! + (field[at + SIDE + 1]! - field[at + SIDE]!) * across;
  return above + (below - above) * down;
}
