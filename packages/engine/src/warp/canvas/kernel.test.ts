import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildKernel, KERNEL } from "../../../scripts/build-kernel.ts";
import { doubled } from "./doubled.ts";
import { createCanvas, SHARPNESS, writeWeights } from "./kernel.ts";
import type { Planes } from "./planes.ts";

const WIDTH = 70;
const HEIGHT = 54;

test("kernel.wasm is what kernel.wat builds to", async () => {
  expect(Buffer.from(await buildKernel(KERNEL)).equals(readFileSync(KERNEL))).toBe(true);
});

test("without displacement the frame is the still, also when its sides are no multiples of a cell", () => {
  const still = noise();
  const canvas = createCanvas(still, { cell: 8, mapSize: 64 });
  canvas.draw();
  expect(Buffer.compare(canvas.frame(), Buffer.concat([still.y, still.u, still.v]))).toBe(0);
});

test("every plane is sampled as a plain bicubic does it, within a level", () => {
  const still = noise();
  const canvas = createCanvas(still, { cell: 8, mapSize: 64 });
  const bend = (i: number): number => 40000 + ((i * 7919) % 90000);
  for (let i = 0; i < canvas.grid.length; i++) canvas.grid[i] = bend(i) * (i % 3 === 0 ? -1 : 1);
  canvas.draw();
  for (const [name, half] of [
    ["y", 0],
    ["u", 1],
    ["v", 1],
  ] as const) {
    const { pixels, stride } = canvas.plane(name);
    const twice = doubled(still[name], WIDTH >> half, HEIGHT >> half);
    let worst = 0;
    for (let y = 0; y < HEIGHT >> half; y++) {
      for (let x = 0; x < WIDTH >> half; x++) {
        const at = displacedPlace(canvas.grid, canvas.columns, x, y, 8 >> half, half);
        const expected = bicubic(twice, WIDTH >> half, HEIGHT >> half, at.x, at.y);
        worst = Math.max(worst, Math.abs(pixels[y * stride + x]! - expected));
      }
    }
    expect(worst).toBeLessThanOrEqual(1.6);
  }
});

test("places outside the picture repeat its edge", () => {
  const still = noise();
  const canvas = createCanvas(still, { cell: 8, mapSize: 64 });
  canvas.mapX.fill(-5000 * 256);
  canvas.mapY.fill(5000 * 256);
  canvas.sample("y", 0, 4);
  expect(canvas.samples[0]).toBe(still.y[(HEIGHT - 1) * WIDTH]);
});

test("weights of every phase add up to one", () => {
  const weights = new Int16Array(1024);
  writeWeights(weights);
  for (let phase = 0; phase < 256; phase++) {
    expect(weights.subarray(phase * 4, phase * 4 + 4).reduce((sum, weight) => sum + weight, 0)).toBe(16384);
  }
});

function noise(): Planes {
  let state = 1;
  const bytes = (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 24;
    });
  return {
    width: WIDTH,
    height: HEIGHT,
    y: bytes(WIDTH * HEIGHT),
    u: bytes((WIDTH * HEIGHT) / 4),
    v: bytes((WIDTH * HEIGHT) / 4),
  };
}

/** Where the pixel comes from, by the corners of its cell. */
function displacedPlace(grid: Int32Array, columns: number, x: number, y: number, side: number, half: number) {
  const column = Math.floor(x / side);
  const row = Math.floor(y / side);
  const fx = (x % side) / side;
  const fy = (y % side) / side;
  const node = (row * (columns + 1) + column) * 2;
  const below = node + (columns + 1) * 2;
  const mixed = (k: number): number => {
    const top = grid[node + k]! * (1 - fx) + grid[node + 2 + k]! * fx;
    const bottom = grid[below + k]! * (1 - fx) + grid[below + 2 + k]! * fx;
    return (top * (1 - fy) + bottom * fy) / 65536 / (1 << half);
  };
  return { x: x + mixed(0), y: y + mixed(1) };
}

/** Of a doubled plane; `x`, `y` and sides in pixels of the picture. */
function bicubic(plane: Uint8Array, pictureWidth: number, pictureHeight: number, x: number, y: number): number {
  const [width, height] = [2 * pictureWidth, 2 * pictureHeight];
  const cx = Math.round(Math.min(width - 2, Math.max(0, 2 * x)) * 256) / 256;
  const cy = Math.round(Math.min(height - 2, Math.max(0, 2 * y)) * 256) / 256;
  const weight = (d: number): number => {
    const t = Math.abs(d);
    const a = SHARPNESS;
    if (t < 1) return (a + 2) * t ** 3 - (a + 3) * t * t + 1;
    return t < 2 ? a * (t ** 3 - 5 * t * t + 8 * t - 4) : 0;
  };
  let sum = 0;
  for (let row = Math.floor(cy) - 1; row <= Math.floor(cy) + 2; row++) {
    for (let column = Math.floor(cx) - 1; column <= Math.floor(cx) + 2; column++) {
      const value = plane[Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column))]!;
      sum += value * weight(row - cy) * weight(column - cx);
    }
  }
  return Math.min(255, Math.max(0, sum));
}
