/** Between four neighbours of a row-by-row array, by how near they are. */

type Values = Float32Array | Uint8Array;

/** `at` is the upper left of the four, `columns` the length of a row, `fx` and `fy` how far to the right and down, 0–1. */
export function mixFour(values: Values, at: number, columns: number, fx: number, fy: number): number {
  const top = values[at]! + (values[at + 1]! - values[at]!) * fx;
  const bottom = values[at + columns]! + (values[at + columns + 1]! - values[at + columns]!) * fx;
  return top + (bottom - top) * fy;
}

/** At a place (x, y) in samples; outside, the edge goes on. */
export function sampleAt(values: Values, columns: number, rows: number, x: number, y: number): number {
  const column = Math.min(columns - 2, Math.max(0, Math.floor(x)));
  const row = Math.min(rows - 2, Math.max(0, Math.floor(y)));
  const fx = Math.min(1, Math.max(0, x - column));
  const fy = Math.min(1, Math.max(0, y - row));
  return mixFour(values, row * columns + column, columns, fx, fy);
}
