/**
 * A network over a picture, tile by tile. Around the picture its edge is repeated as far as the network sees, so that each result
 * depends on the pixels around it alone and tiles are the same, bit by bit, as the whole at once.
 */
import { readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RgbFrame } from "../processor.ts";
import type { Layer, Net } from "./net.ts";

/** Of a tile, pixels of the picture: its layers stay in the cache of a processor, and its margins cost a tenth. */
const TILE = { width: 128, height: 128 };
const LANES = 8;

type Kernel = { conv(...args: number[]): void };

export type Tile = {
  left: number;
  top: number;
  width: number;
  height: number;
  /** What the last layer gives: of pixel (x, y) of the tile, output k is at y × `row` + k × `plane` + x. Valid until the next tile. */
  values: Float32Array;
  row: number;
  plane: number;
};

export type Runner = {
  net: Net;
  /** Throws the signal's reason, between two tiles. */
  run(frame: RgbFrame, signal: AbortSignal, use: (tile: Tile) => void): Promise<void>;
};

let compiled: object | undefined;

/** Room for one tile (some 5 MB), kept for all pictures that it runs over. */
export function createRunner(net: Net, tile: { width: number; height: number } = TILE): Runner {
  const { hidden, last, radius } = net;
  const layers = [...hidden, last];
  const channels = 3 + hidden.reduce((sum, layer) => sum + layer.outputs, 0);
  // results are written in whole vectors
  const plane = Math.ceil((tile.width + 2 * radius) / LANES) * LANES + LANES;
  const row = channels * plane;
  const weightsAt: number[] = [];
  let end = 0;
  for (const { weights } of layers) {
    weightsAt.push(end);
    end += weights.length;
  }
  const room = end;
  const result = room + row * (tile.height + 2 * radius) + LANES;
  const resultRow = last.outputs * plane;
  const size = result + resultRow * tile.height + LANES;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * size) / 65536) });
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./conv.wasm", import.meta.url)));
  const kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Kernel;
  const floats = new Float32Array(memory.buffer);
  layers.forEach(({ weights }, i) => {
    floats.set(weights, weightsAt[i]!);
  });

  const convolve = (
    layer: Layer,
    nth: number,
    from: number,
    to: number,
    steps: [number, number],
    box: [number, number],
  ) => {
    const { reach, channels: inputs, outputs } = layer;
    const places = [from, row, plane].map((value) => 4 * value);
    const target = [to, ...steps].map((value) => 4 * value);
    kernel.conv(...places, inputs, reach, 4 * weightsAt[nth]!, outputs / 4, ...target, ...box);
  };
  const runTile = (width: number, height: number): void => {
    hidden.forEach((layer, i) => {
      // one pixel of the margin is used up by each layer
      const start = room + (i + 1) * row + i + 1;
      const first = i === 0 ? 0 : 3 + (i - 1) * hidden[0]!.outputs;
      const box: [number, number] = [width + 2 * (radius - i - 1), height + 2 * (radius - i - 1)];
      convolve(layer, i, start + first * plane, start + (3 + i * layer.outputs) * plane, [row, plane], box);
    });
    const start = room + radius * row + radius;
    const first = last.reach === 0 ? 3 : channels - last.channels;
    convolve(last, hidden.length, start + first * plane, result, [resultRow, plane], [width, height]);
  };

  return {
    net,
    async run(frame, signal, use) {
      for (let top = 0; top < frame.height; top += tile.height) {
        for (let left = 0; left < frame.width; left += tile.width) {
          const width = Math.min(tile.width, frame.width - left);
          const height = Math.min(tile.height, frame.height - top);
          putIn(
            frame,
            floats,
            { left: left - radius, top: top - radius, room, row, plane },
            width + 2 * radius,
            height + 2 * radius,
          );
          runTile(width, height);
          const values = floats.subarray(result, result + resultRow * height);
          use({ left, top, width, height, values, row: resultRow, plane });
          // a stop is heard here, and questions about progress are answered
          await nextTurn();
          signal.throwIfAborted();
        }
      }
    },
  };
}

type Place = { left: number; top: number; room: number; row: number; plane: number };

/** Pixels as planes, 0–1; outside, the picture's edge goes on. */
function putIn(
  frame: RgbFrame,
  floats: Float32Array,
  { left, top, room, row, plane }: Place,
  width: number,
  height: number,
) {
  const { data, width: columns, height: rows } = frame;
  for (let y = 0; y < height; y++) {
    const line = Math.min(rows - 1, Math.max(0, top + y)) * columns;
    let to = room + y * row;
    for (let x = 0; x < width; x++, to++) {
      const from = (line + Math.min(columns - 1, Math.max(0, left + x))) * 3;
      floats[to] = data[from]! / 255;
      floats[to + plane] = data[from + 1]! / 255;
      floats[to + 2 * plane] = data[from + 2]! / 255;
    }
  }
}
