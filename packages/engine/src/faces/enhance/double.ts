/** A picture of twice the size: a network's (net.ts), mixed with a plain bicubic one. */
import type { RgbFrame } from "../processor.ts";
import type { Runner, Tile } from "./tiles.ts";

/** Weights of the pixels −1, 0, 1, 2 for what lies a quarter of a pixel beyond 0: bilinear, and Catmull-Rom. */
const NEAR = [0, 0.75, 0.25, 0] as const;
const CUBIC = [-0.0703125, 0.8671875, 0.2265625, -0.0234375] as const;

/** `blend`: how much of it is the network's, 0–1. `runner`'s network doubles. Throws what the runner throws. */
export async function doubled(
  frame: RgbFrame,
  { runner, blend, signal }: { runner: Runner; blend: number; signal: AbortSignal },
): Promise<RgbFrame> {
  // clamped, so that it rounds and cuts to 0–255 by itself
  const data = new Uint8ClampedArray(4 * frame.width * frame.height * 3);
  const lines = { near: new Float64Array(0), cubic: new Float64Array(0) };
  await runner.run(frame, signal, (tile) => {
    const length = 3 * (tile.width + 4);
    if (lines.near.length !== length) lines.near = new Float64Array(length);
    if (lines.cubic.length !== length) lines.cubic = new Float64Array(length);
    for (let y = 0; y < 2 * tile.height; y++) {
      const row = tile.top + (y >> 1);
      between(frame, row, y % 2 === 0 ? -1 : 1, tile, lines);
      drawRow(data, frame.width, tile, y, lines, blend);
    }
  });
  return { width: 2 * frame.width, height: 2 * frame.height, data: new Uint8Array(data.buffer) };
}

type Lines = { near: Float64Array; cubic: Float64Array };

/** Catmull-Rom alone: what the network is compared with, and what is left where nothing of it is wanted. */
export function doubledPlainly(frame: RgbFrame): RgbFrame {
  const { width, height } = frame;
  const data = new Uint8ClampedArray(4 * width * height * 3);
  const whole: Tile = { left: 0, top: 0, width, height, values: new Float32Array(0), row: 0, plane: 0 };
  const lines = { near: new Float64Array(3 * (width + 4)), cubic: new Float64Array(3 * (width + 4)) };
  for (let y = 0; y < 2 * height; y++) {
    between(frame, y >> 1, y % 2 === 0 ? -1 : 1, whole, lines);
    drawRow(data, width, whole, y, lines, 0);
  }
  return { width: 2 * width, height: 2 * height, data: new Uint8Array(data.buffer) };
}

/** A line a quarter of a pixel above (`towards` −1) or below a row, two pixels wider on both sides than the tile. */
function between(frame: RgbFrame, row: number, towards: -1 | 1, { left, width }: Tile, into: Lines): void {
  const { data, width: columns, height } = frame;
  const at = (k: number): number => Math.min(height - 1, Math.max(0, row + k * towards)) * columns;
  const [before, here, next, after] = [at(-1), at(0), at(1), at(2)];
  for (let i = 0, to = 0; i < width + 4; i++) {
    const x = Math.min(columns - 1, Math.max(0, left + i - 2));
    for (let c = 0; c < 3; c++, to++) {
      const a = data[(here + x) * 3 + c]!;
      const b = data[(next + x) * 3 + c]!;
      into.near[to] = NEAR[1] * a + NEAR[2] * b;
      into.cubic[to] =
        CUBIC[0] * data[(before + x) * 3 + c]! + CUBIC[1] * a + CUBIC[2] * b + CUBIC[3] * data[(after + x) * 3 + c]!;
    }
  }
}

/** `y`: row of the doubled tile. */
function drawRow(
  data: Uint8ClampedArray,
  width: number,
  tile: Tile,
  y: number,
  { near, cubic }: Lines,
  blend: number,
): void {
  let to = ((2 * tile.top + y) * 2 * width + 2 * tile.left) * 3;
  const values = (y >> 1) * tile.row + (y % 2) * 2 * tile.plane;
  for (let x = 0; x < tile.width; x++) {
    for (let side = 0; side < 2; side++) {
      const towards = side === 0 ? -3 : 3;
      for (let c = 0; c < 3; c++, to++) {
        const at = 3 * (x + 2) + c;
        const plain =
          CUBIC[0] * cubic[at - towards]! +
          CUBIC[1] * cubic[at]! +
          CUBIC[2] * cubic[at + towards]! +
          CUBIC[3] * cubic[at + 2 * towards]!;
        if (blend === 0) {
          data[to] = plain;
          continue;
        }
        const clear =
          NEAR[1] * near[at]! +
          NEAR[2] * near[at + towards]! +
          255 * tile.values[values + (4 * c + side) * tile.plane + x]!;
        data[to] = plain + blend * (clear - plain);
      }
    }
  }
}
