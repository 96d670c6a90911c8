/** How far skin moves on a face from one frame to the next. */
import { inFrame, type Place, unitOf } from "@smileloop/engine/lip/place.ts";

/** A part of a face: its middle and its size, E. */
export type Spot = { x: number; y: number; across: number; down: number };

const ROUNDS = 6;
/** Pixels that are found. */
const FOUND = 0.01;

/** Pixels across and down on the face, by the least squares (Lucas & Kanade 1981). A frame is its pixels and where the face lies in it. */
export function movedBy(
  before: [yuv: Uint8Array, place: Place],
  now: [yuv: Uint8Array, place: Place],
  width: number,
  spot: Spot,
): [number, number] {
  const unit = unitOf(before[1]);
  const [columns, rows] = [Math.round((spot.across * unit) / 2), Math.round((spot.down * unit) / 2)];
  const at = ([yuv, place]: [Uint8Array, Place], column: number, row: number) =>
    pixelAt(yuv, width, inFrame(place, { x: spot.x + column / unit, y: spot.y + row / unit }));
  const places = Array.from({ length: (2 * rows + 1) * (2 * columns + 1) }, (_, i) => {
    const [column, row] = [(i % (2 * columns + 1)) - columns, Math.floor(i / (2 * columns + 1)) - rows];
    const dx = (at(before, column + 1, row) - at(before, column - 1, row)) / 2;
    const dy = (at(before, column, row + 1) - at(before, column, row - 1)) / 2;
    return { column, row, dx, dy, value: at(before, column, row) };
  });
  let [x, y] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const off = places.map(({ column, row, value }) => at(now, column + x, row + y) - value);
    // a difference of light is not a movement
    const light = off.reduce((sum, value) => sum + value, 0) / off.length;
    let [xx, xy, yy, xd, yd] = [0, 0, 0, 0, 0];
    for (const [i, { dx, dy }] of places.entries()) {
      const difference = off[i]! - light;
      xx += dx * dx;
      xy += dx * dy;
      yy += dy * dy;
      xd -= dx * difference;
      yd -= dy * difference;
    }
    const det = xx * yy - xy * xy;
    if (det < 1e-6) break;
    const [right, down] = [(yy * xd - xy * yd) / det, (xx * yd - xy * xd) / det];
    [x, y] = [x + right, y + down];
    if (Math.hypot(right, down) < FOUND) break;
  }
  return [x, y];
}

export function rms(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
}

function pixelAt(yuv: Uint8Array, width: number, { x, y }: { x: number; y: number }): number {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [across, down] = [x - column, y - row];
  const at = row * width + column;
  const above = yuv[at]! + across * (yuv[at + 1]! - yuv[at]!);
  const below = yuv[at + width]! + across * (yuv[at + width + 1]! - yuv[at + width]!);
  return above + down * (below - above);
}
