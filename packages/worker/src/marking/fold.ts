/** What of a picture may be a mark, folded into one tile. */
import { boxMean } from "@smileloop/core/marking/box-mean.ts";
import { SPACE_SIDE, TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { emptyGrid, type Grid, transform } from "./fft.ts";
import { RING } from "./patterns.ts";

export type Luma = { width: number; height: number; data: Float32Array };

/** Samples on a side of the folded tile: enough for the finest period. */
export const FOLD_SIDE = 64;

/** Half the sides of the squares that a sample is compared with, as a part of the longer side. */
const NEAR = 7 / 512;
const AROUND = 9 / 512;
/** Where the picture is plainer than this, levels, it is taken for as plain as that. */
const PLAIN = 0.7;
/** In units of the strength around. */
const CLIP = 2.5;
/** How much of the picture's own unevenness over the frequencies is left, as an exponent. */
const KEPT = 0.4;

/** Without what changes slowly, and as strong everywhere. */
export function residual({ width, height, data }: Luma): Luma {
  const long = Math.max(width, height);
  const near = Math.max(2, Math.round(NEAR * long));
  const around = Math.max(2, Math.round(AROUND * long));
  const out = Float32Array.from(data);
  const mean = boxMean(data, width, height, near);
  for (let i = 0; i < out.length; i++) out[i]! -= mean[i]!;
  const power = boxMean(
    out.map((value) => value * value),
    ...([width, height, around] as const),
  );
  for (let i = 0; i < out.length; i++) {
    const scaled = out[i]! / Math.sqrt(power[i]! + PLAIN * PLAIN);
    out[i] = scaled > CLIP ? CLIP : scaled < -CLIP ? -CLIP : scaled;
  }
  return { width, height, data: out };
}

/** The frequencies of the ring, evened out. */
export type Spectrum = { re: Float64Array; im: Float64Array };

/**
 * Lays all tiles of a picture onto one another. `scale`: how many times larger than usual they are: 1 where the whole picture is there as
 * it was made.
 */
export function fold({ width, height, data }: Luma, scale: number): Spectrum {
  const period = (TILE_SIDE * scale * Math.max(width, height)) / SPACE_SIDE;
  const rows = new Float32Array(FOLD_SIDE * width);
  for (let y = 0; y < height; y++) {
    const at = ((y + 0.5) * FOLD_SIDE) / period;
    const cell = Math.floor(at);
    const part = at - cell;
    const [to, after] = [(cell % FOLD_SIDE) * width, ((cell + 1) % FOLD_SIDE) * width];
    const from = y * width;
    for (let x = 0; x < width; x++) {
      const value = data[from + x]!;
      const more = value * part;
      rows[after + x]! += more;
      rows[to + x]! += value - more;
    }
  }
  const grid = emptyGrid(FOLD_SIDE);
  for (let x = 0; x < width; x++) {
    const at = ((x + 0.5) * FOLD_SIDE) / period;
    const cell = Math.floor(at);
    const part = at - cell;
    const [to, after] = [cell % FOLD_SIDE, (cell + 1) % FOLD_SIDE];
    for (let row = 0; row < FOLD_SIDE; row++) {
      const value = rows[row * width + x]!;
      grid.re[row * FOLD_SIDE + to]! += value * (1 - part);
      grid.re[row * FOLD_SIDE + after]! += value * part;
    }
  }
  return spectrumOf(grid);
}

function spectrumOf(grid: Grid): Spectrum {
  transform(grid, -1);
  const re = new Float64Array(RING.length);
  const im = new Float64Array(RING.length);
  for (const [i, { x, y }] of RING.entries()) {
    const at = y * FOLD_SIDE + ((x + FOLD_SIDE) % FOLD_SIDE);
    const evened = Math.hypot(grid.re[at]!, grid.im[at]!) ** (KEPT - 1) || 0;
    re[i] = grid.re[at]! * (Number.isFinite(evened) ? evened : 0);
    im[i] = grid.im[at]! * (Number.isFinite(evened) ? evened : 0);
  }
  return { re, im };
}
