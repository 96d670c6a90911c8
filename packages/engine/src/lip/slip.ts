/**
 * How far a face has moved between two frames beyond what its landmarks say, by the picture itself: landmarks tremble by a pixel or two,
 * a match of the skin around the nose by a twentieth of that (Lucas & Kanade 1981, with a turn and a growth). Pure.
 */
import type { Frame } from "./look.ts";
import { inFrame, type Place, unitOf } from "./place.ts";

/** What is compared: nose, its bridge and the cheeks below the eyes, E; how finely, E, and how finely a frame is read for it, pixels. */
const UPPER = { side: 0.46, top: -0.12, bottom: 0.46, step: 1 / 56, pixels: 2 };
const COLUMNS = Math.round((2 * UPPER.side) / UPPER.step) + 1;
const ROWS = Math.round((UPPER.bottom - UPPER.top) / UPPER.step) + 1;
/** Eyes and lids, which move by themselves: from the middle of the face outwards, and down to, E. */
const EYES = { inner: 0.15, bottom: 0.14 };
const ROUNDS = 8;
/** A match that changes by less is found, E. */
const FOUND = 0.0003;
/** Differences count less beyond so many levels, and where so many are left on the average the frames do not match. */
const USUAL = 6;
const UNLIKE = 14;
/** Most that landmarks are wrong by, E. */
const MOST = 0.12;

/** Brightness of the upper face, row by row on a grid of `COLUMNS` × `ROWS` places. */
export type Upper = Float32Array;

export function upperOf({ yuv, width, height }: Frame, place: Place): Upper {
  const fine = Math.max(1, Math.round((UPPER.step * unitOf(place)) / UPPER.pixels));
  const part = UPPER.step / fine;
  const values = new Float32Array(COLUMNS * ROWS);
  for (let row = 0; row < ROWS * fine; row++) {
    const start = inFrame(place, { x: -UPPER.side, y: UPPER.top + (row - (fine - 1) / 2) * part });
    const to = Math.floor(row / fine) * COLUMNS;
    for (let column = 0; column < COLUMNS * fine; column++) {
      const along = (column - (fine - 1) / 2) * part;
      const x = Math.min(width - 1.001, Math.max(0, start.x + along * place.a));
      const y = Math.min(height - 1.001, Math.max(0, start.y + along * place.b));
      values[to + Math.floor(column / fine)]! += linear(yuv, width, x, y) / (fine * fine);
    }
  }
  return values;
}

/** Where a place on the face of the frame before is found on that of the frame now, both as landmarks have it: nearly the same; null where they do not match. */
export function slipOf(before: Upper, now: Upper): Place | null {
  const slopes = slopesOf(before);
  let slip: Place = { a: 1, b: 0, x: 0, y: 0 };
  let light = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { rows, unlike } = differences([before, now], slopes, slip, light);
    if (unlike > UNLIKE && round > 1) return null;
    const change = solved(rows);
    if (!change) return null;
    const [a, b, x, y, more] = change as [number, number, number, number, number];
    slip = { a: slip.a + a, b: slip.b + b, x: slip.x + x, y: slip.y + y };
    light += more;
    if (Math.hypot(slip.x, slip.y, slip.a - 1, slip.b) > MOST) return null;
    if (Math.hypot(a, b, x, y) < FOUND) break;
  }
  return slip;
}

type Slopes = { across: Float32Array; down: Float32Array };

/** How brightness changes, levels by E. */
function slopesOf(values: Upper): Slopes {
  const [across, down] = [new Float32Array(values.length), new Float32Array(values.length)];
  for (let at = COLUMNS + 1; at < values.length - COLUMNS - 1; at++) {
    across[at] = (values[at + 1]! - values[at - 1]!) / (2 * UPPER.step);
    down[at] = (values[at + COLUMNS]! - values[at - COLUMNS]!) / (2 * UPPER.step);
  }
  return { across, down };
}

/** Normal equations of what is still different, row by row: of the four numbers of a slip and the light. `unlike`: mean difference, levels. */
function differences([before, now]: [Upper, Upper], { across, down }: Slopes, slip: Place, light: number) {
  const rows = Array.from({ length: 5 }, () => new Float64Array(6));
  const by = new Float64Array(6);
  let [unlike, count] = [0, 0];
  for (let row = 1; row < ROWS - 1; row++) {
    const v = row * UPPER.step + UPPER.top;
    for (let column = 1; column < COLUMNS - 1; column++) {
      const u = column * UPPER.step - UPPER.side;
      if (v < EYES.bottom && Math.abs(u) > EYES.inner) continue;
      const x = (slip.a * u - slip.b * v + slip.x + UPPER.side) / UPPER.step;
      const y = (slip.b * u + slip.a * v + slip.y - UPPER.top) / UPPER.step;
      if (x < 0 || y < 0 || x >= COLUMNS - 1 || y >= ROWS - 1) continue;
      const at = row * COLUMNS + column;
      const off = before[at]! - linear(now, COLUMNS, x, y) - light;
      unlike += Math.abs(off);
      count++;
      const p = across[at]!;
      const q = down[at]!;
      by[0] = p * u + q * v;
      by[1] = q * u - p * v;
      by[2] = p;
      by[3] = q;
      by[4] = 1;
      by[5] = off;
      const weight = 1 / (1 + (off / USUAL) ** 2);
      for (let i = 0; i < 5; i++) for (let j = i; j < 6; j++) rows[i]![j]! += weight * by[i]! * by[j]!;
    }
  }
  for (let i = 1; i < 5; i++) for (let j = 0; j < i; j++) rows[i]![j] = rows[j]![i]!;
  return { rows, unlike: count > 0 ? unlike / count : Number.POSITIVE_INFINITY };
}

/** Gauss–Jordan; null where the picture says nothing, as of plain skin in the dark. */
function solved(rows: Float64Array[]): number[] | null {
  const last = rows.length;
  for (const [i, row] of rows.entries()) {
    const pivot = row[i]!;
    if (!(pivot > 1e-3)) return null;
    for (let k = i; k <= last; k++) row[k]! /= pivot;
    for (const [j, other] of rows.entries()) {
      const by = other[i]!;
      if (j !== i) for (let k = i; k <= last; k++) other[k]! -= by * row[k]!;
    }
  }
  return rows.map((row) => row[last]!);
}

function linear(values: Uint8Array | Float32Array, stride: number, x: number, y: number): number {
  const column = x | 0;
  const row = y | 0;
  const across = x - column;
  const at = row * stride + column;
  const above = values[at]! + across * (values[at + 1]! - values[at]!);
  const below = values[at + stride]! + across * (values[at + stride + 1]! - values[at + stride]!);
  return above + (y - row) * (below - above);
}
