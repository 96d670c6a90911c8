/** Makes the tile of a mark: noise that says who made it and a number, which repeats over a picture. */
import { TILE_SIDE, TILE_UNIT } from "@smileloop/core/marking/mark.ts";
import { PLACES, symbolsOf } from "./code.ts";
import { emptyGrid, transform } from "./fft.ts";
import type { MarkKey } from "./key.ts";
import { type Pattern, patternsOf, RING } from "./patterns.ts";

/** How strong the pattern is by which a mark is found, where each symbol has 1. */
export const SYNC_WEIGHT = 1.35;
/** Samples of the tile between places of a symbol. */
export const PLACE_STEP = TILE_SIDE / PLACES;

/**
 * Samples row by row; one standard deviation is `TILE_UNIT`. `payload`: 32 bits. `offset`: samples by which all is moved: it keeps the marks
 * of two files apart when one is made of the other.
 */
export function makeTile(key: MarkKey, payload: number, offset: { x: number; y: number }): Int8Array {
  const grid = emptyGrid(TILE_SIDE);
  const { sync, symbols } = patternsOf(key);
  const add = ({ cos, sin }: Pattern, weight: number, dx: number, dy: number): void => {
    for (const [i, { x, y }] of RING.entries()) {
      const turn = (-2 * Math.PI * (x * (dx + offset.x) + y * (dy + offset.y))) / TILE_SIDE;
      const [c, s] = [Math.cos(turn), Math.sin(turn)];
      const at = y * TILE_SIDE + ((x + TILE_SIDE) % TILE_SIDE);
      grid.re[at]! += weight * (cos[i]! * c - sin[i]! * s);
      grid.im[at]! += weight * (cos[i]! * s + sin[i]! * c);
    }
  };
  add(sync, SYNC_WEIGHT, 0, 0);
  for (const [i, symbol] of symbolsOf(payload).entries()) {
    add(symbols[i]!, 1, PLACE_STEP * (symbol % PLACES), PLACE_STEP * Math.floor(symbol / PLACES));
  }
  transform(grid, 1);
  const power = grid.re.reduce((sum, value) => sum + value * value, 0) / grid.re.length;
  const unit = TILE_UNIT / Math.sqrt(power);
  return Int8Array.from(grid.re, (value) => Math.max(-127, Math.min(127, Math.round(value * unit))));
}
