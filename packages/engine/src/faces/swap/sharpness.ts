/** Makes the painted face as sharp and as grainy as the picture around it. */

import type { RgbFrame } from "../processor.ts";
import { type Grid, SIDE, toCell } from "./grid.ts";
import type { Masks } from "./masks.ts";

type Size = Pick<RgbFrame, "width" | "height">;

/** Sharpness of the texture by that of the target, smoothed over frames; 0 before the first. */
export type Sharpness = { ratio: number; grain: number };

/** `index`: number of the frame; grain differs from one to the next. */
type Matching = { grid: Grid; masks: Pick<Masks, "plain" | "alpha">; index: number; sharpness: Sharpness };

/** Between these, nothing is done. */
const ALIKE: [number, number] = [0.85, 1.2];
/** Share of the old value in each frame. */
const KEPT = 0.85;
/** Levels: more grain is not added. */
const MOST_GRAIN = 5;

/** Changes `texture`, in place. `moved`: the target; both RGB of one size. */
export function matched(texture: Uint8Array, moved: Uint8Array, size: Size, matching: Matching): void {
  const { sharpness, index } = matching;
  const now = compared(texture, moved, size, matching);
  if (now === null) return;
  const kept = sharpness.ratio === 0 ? 0 : KEPT;
  sharpness.ratio = kept * sharpness.ratio + (1 - kept) * now.ratio;
  sharpness.grain = kept * sharpness.grain + (1 - kept) * now.grain;
  if (sharpness.ratio > ALIKE[1])
    soften(texture, size, Math.min(2, (sharpness.ratio - 1.05) / (0.6 * sharpness.ratio)));
  else if (sharpness.ratio < ALIKE[0]) addGrain(texture, size, Math.min(MOST_GRAIN, sharpness.grain), index);
}

/** Fine detail of both on plain skin, each by its light; null where too little of it is seen. */
function compared(
  texture: Uint8Array,
  moved: Uint8Array,
  { width, height }: Size,
  { grid, masks }: Matching,
): { ratio: number; grain: number } | null {
  let [own, other, light, count] = [0, 0, 0, 0];
  for (let row = 2; row < height - 2; row += 2) {
    let [column, line] = toCell(grid, 2.5, row + 0.5);
    for (let x = 2; x < width - 2; x += 2, column += 2 * grid.a, line -= 2 * grid.b) {
      const cell = (Math.floor(line) * SIDE + Math.floor(column)) | 0;
      if (!(masks.plain[cell]! > 0.85 && masks.alpha[cell]! > 0.95)) continue;
      const at = (row * width + x) * 3 + 1;
      own += detail(texture, at, width * 3) / (texture[at]! + 12);
      const level = moved[at]! + 12;
      other += detail(moved, at, width * 3) / level;
      light += level;
      count++;
    }
  }
  if (count < 60) return null;
  const [a, b] = [own / count, other / count];
  // a Laplacian of white noise deviates by √20 of its levels; the mean of absolute values is 0.8 of a deviation
  const missing = Math.sqrt(Math.max(0, (0.9 * b) ** 2 - a * a));
  return { ratio: a / (b || 1e-6), grain: (missing * (light / count)) / (0.8 * Math.sqrt(20)) };
}

function detail(data: Uint8Array, at: number, line: number): number {
  return Math.abs(4 * data[at]! - data[at - 3]! - data[at + 3]! - data[at - line]! - data[at + line]!);
}

/** A part of each pixel is taken from its neighbours (1 2 1 both ways); more than 1: again. */
function soften(texture: Uint8Array, { width, height }: Size, amount: number): void {
  for (let left = amount; left > 0.02; left -= 1) {
    const share = Math.min(1, left) / 4;
    for (let row = 0; row < height; row++) line(texture, row * width * 3, width, 3, share);
    for (let column = 0; column < width; column++) line(texture, column * 3, height, width * 3, share);
  }
}

function line(data: Uint8Array, start: number, count: number, step: number, share: number): void {
  for (let c = 0; c < 3; c++) {
    let before = data[start + c]!;
    let now = before;
    for (let i = 0, at = start + c; i < count; i++, at += step) {
      const next = i + 1 < count ? data[at + step]! : now;
      data[at] = now + share * (before + next - 2 * now) + 0.5;
      before = now;
      now = next;
    }
  }
}

function within(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function addGrain(texture: Uint8Array, { width, height }: Size, deviation: number, index: number): void {
  if (deviation < 0.4) return;
  let state = (Math.imul(index, 0x9e3779b1) + 0x1234567) | 1;
  // the sum of four even ones has a deviation of 0.577 of their width
  const scale = deviation / 0.577 / 256;
  for (let i = 0, end = width * height * 3; i < end; i += 3) {
    // xorshift (Marsaglia 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const sum = (state & 255) + ((state >> 8) & 255) + ((state >> 16) & 255) + ((state >> 24) & 255) - 510;
    const noise = sum * scale;
    texture[i] = within(texture[i]! + noise);
    texture[i + 1] = within(texture[i + 1]! + noise);
    texture[i + 2] = within(texture[i + 2]! + noise);
  }
}
