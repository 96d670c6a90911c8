import { readFileSync } from "node:fs";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { buildText, CONV } from "../../../scripts/build-kernel.ts";
import type { RgbFrame } from "../processor.ts";
import { type Layer, type NetName, netOf } from "./net.ts";
import { createRunner, type Runner } from "./tiles.ts";

const { signal } = new AbortController();

test("conv.wasm is what conv.wat builds to", async () => {
  expect(Buffer.from(await buildText(CONV)).equals(readFileSync(CONV))).toBe(true);
});

test.each<NetName>(["doubling", "doublingCoded", "restoring"])("%s comes to what plain loops come to", async (name) => {
  const frame = noise(21, 18);
  const net = netOf(name);
  const outputs = net.last.outputs;
  const got = await wholeOf(createRunner(net), frame, outputs);
  const wanted = plainly(name, frame);
  expect(wanted).toHaveLength(got.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - wanted[i]!));
  expect(worst).toBeLessThan(2e-5);
  // the figures are not all next to nothing
  expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(0.05);
});

test.each<NetName>(["doubling", "restoring"])("tiles of %s are the whole at once, bit by bit", async (name) => {
  const frame = noise(50, 37);
  const net = netOf(name);
  const whole = await wholeOf(createRunner(net, { width: 64, height: 64 }), frame, net.last.outputs);
  for (const tile of [
    { width: 16, height: 16 },
    { width: 23, height: 9 },
  ]) {
    const tiled = await wholeOf(createRunner(net, tile), frame, net.last.outputs);
    expect(Buffer.compare(Buffer.from(tiled.buffer), Buffer.from(whole.buffer))).toBe(0);
  }
});

test("a stop is heard between two tiles", async () => {
  const stopped = new AbortController();
  const runner = createRunner(netOf("restoring"), { width: 8, height: 8 });
  let tiles = 0;
  const run = runner.run(noise(64, 64), stopped.signal, () => {
    if (++tiles === 3) stopped.abort(new Error("stopped"));
  });
  await expect(run).rejects.toThrow("stopped");
  expect(tiles).toBe(3);
});

function noise(width: number, height: number): RgbFrame {
  const random = randomFrom(7);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random() * 256) };
}

/** All results, pixel by pixel. */
async function wholeOf(runner: Runner, frame: RgbFrame, outputs: number): Promise<Float32Array> {
  const all = new Float32Array(frame.width * frame.height * outputs);
  await runner.run(frame, signal, ({ left, top, width, height, values, row, plane }) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = ((top + y) * frame.width + left + x) * outputs;
        for (let k = 0; k < outputs; k++) all[to + k] = values[y * row + k * plane + x]!;
      }
    }
  });
  return all;
}

/** The same network in plain loops over the picture with a margin of its edge. */
function plainly(name: NetName, { width, height, data }: RgbFrame): Float32Array {
  const { hidden, last, radius } = netOf(name);
  const columns = width + 2 * radius;
  const rows = height + 2 * radius;
  const clamped = (value: number, most: number) => Math.min(most - 1, Math.max(0, value));
  const input = Float64Array.from({ length: columns * rows * 3 }, (_, i) => {
    const x = clamped((Math.floor(i / 3) % columns) - radius, width);
    const y = clamped(Math.floor(i / 3 / columns) - radius, height);
    return data[(y * width + x) * 3 + (i % 3)]! / 255;
  });
  const layers: Float64Array[] = [];
  for (const layer of hidden) layers.push(convolved(layers.at(-1) ?? input, layer, columns, rows));
  const sees = hidden[0]!.outputs;
  const all = Float64Array.from({ length: columns * rows * sees * hidden.length }, (_, i) => {
    const k = i % (sees * hidden.length);
    return layers[Math.floor(k / sees)]![Math.floor(i / (sees * hidden.length)) * sees + (k % sees)]!;
  });
  const results = convolved(last.reach === 0 ? all : layers.at(-1)!, last, columns, rows);
  return Float32Array.from({ length: width * height * last.outputs }, (_, i) => {
    const pixel = Math.floor(i / last.outputs);
    const at = (Math.floor(pixel / width) + radius) * columns + (pixel % width) + radius;
    return results[at * last.outputs + (i % last.outputs)]!;
  });
}

function convolved(from: Float64Array, layer: Layer, columns: number, rows: number): Float64Array {
  const { reach, channels, outputs, weights } = layer;
  const to = new Float64Array(columns * rows * outputs);
  const group = 4 + (2 * reach + 1) ** 2 * channels * 8;
  for (let y = reach; y < rows - reach; y++) {
    for (let x = reach; x < columns - reach; x++) {
      for (let output = 0; output < outputs; output++) {
        const start = Math.floor(output / 4) * group;
        let sum = weights[start + (output % 4)]!;
        let at = start + 4 + 2 * (output % 4);
        for (let dy = -reach; dy <= reach; dy++) {
          for (let dx = -reach; dx <= reach; dx++) {
            for (let c = 0; c < channels; c++, at += 8) {
              const value = from[((y + dy) * columns + x + dx) * channels + c]!;
              sum += value * weights[at]! + Math.abs(value) * weights[at + 1]!;
            }
          }
        }
        to[(y * columns + x) * outputs + output] = sum;
      }
    }
  }
  return to;
}
