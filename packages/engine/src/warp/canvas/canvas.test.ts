import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildKernel, cannotBuild, KERNEL } from "../../../scripts/build-kernel.ts";
import type { Planes } from "../../media/planes.ts";
import { sampleAt } from "./bilinear.ts";
import { type Behind, type Canvas, createCanvas, type PlaneName } from "./canvas.ts";
import { doubled } from "./doubled.ts";
import { SHARPNESS, writeWeights } from "./kernel.ts";

const WIDTH = 70;
const HEIGHT = 54;

test("kernel.wasm is what kernel.c builds to", ({ skip }) => {
  const reason = cannotBuild();
  if (reason) skip(reason);
  expect(Buffer.from(buildKernel(KERNEL)).equals(readFileSync(KERNEL))).toBe(true);
});

test("without displacement the frame is the still, also when its sides are no multiples of a cell", () => {
  const still = noise();
  const canvas = createCanvas(still, { cell: 8, mapSize: 64 });
  canvas.draw();
  expect(Buffer.compare(canvas.frame(), Buffer.concat([still.y, still.u, still.v]))).toBe(0);
});

/** Displacements × 65536: some that share no rows, as of skin that folds, and some that do, as of a head that turns. */
const MOVES = {
  folding: (i: number): number => (40000 + ((i * 7919) % 90000)) * (i % 3 === 0 ? -1 : 1),
  turning: (i: number): number => 90000 + 1500 * (i % 20) + 700 * Math.floor(i / 20),
};

describe.each(Object.entries(MOVES))("of a head that is %s", (_, move) => {
  test("every plane is sampled as a plain bicubic does it", () => {
    const still = noise();
    const canvas = createCanvas(still, { cell: 8, mapSize: 64 });
    canvas.grid.forEach((_, i, grid) => {
      grid[i] = move(i);
    });
    canvas.draw();
    compare(canvas, still);
  });

  test("what is behind is put back, as the matte has it", () => {
    const still = noise();
    const behind = { plate: noise(77), alpha: matte() };
    const canvas = createCanvas(still, { cell: 8, mapSize: 64, behind });
    canvas.grid.forEach((_, i, grid) => {
      grid[i] = move(i);
    });
    canvas.draw();
    const seen = compare(canvas, still, behind);
    expect(Math.min(seen.person, seen.behind, seen.mixed)).toBeGreaterThan(100);
  });
});

test("where nothing but background moves, the frame is the picture without people", () => {
  const behind = { plate: noise(77), alpha: new Uint8Array(WIDTH * HEIGHT) };
  const canvas = createCanvas(noise(), { cell: 8, mapSize: 64, behind });
  canvas.grid.fill(70000);
  canvas.draw();
  expect(Buffer.compare(canvas.frame(), Buffer.concat([behind.plate.y, behind.plate.u, behind.plate.v]))).toBe(0);
});

test("between the pixels of the still lies what doubled.ts puts there, bit by bit", () => {
  const still = noise();
  const places = 4 * (WIDTH - 1) * (HEIGHT - 1);
  const canvas = createCanvas(still, { cell: 8, mapSize: places });
  const across = 2 * (WIDTH - 1);
  for (let i = 0; i < places; i++) {
    canvas.mapX[i] = (i % across) * 128;
    canvas.mapY[i] = Math.floor(i / across) * 128;
  }
  canvas.sample("y", 0, places);
  const twice = doubled(still.y, WIDTH, HEIGHT);
  const expected = Array.from({ length: places }, (_, i) => twice[Math.floor(i / across) * 2 * WIDTH + (i % across)]!);
  expect([...canvas.samples.subarray(0, places)]).toEqual(expected);
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

function noise(seed = 1): Planes {
  let state = seed;
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

/** A person in the middle, with an outline as soft as hair has. */
function matte(): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const reach = Math.hypot((i % WIDTH) - WIDTH / 2, Math.floor(i / WIDTH) - HEIGHT / 2);
    return Math.min(255, Math.max(0, (24 - reach) * 40));
  });
}

/**
 * Holds a frame against the scalar way of drawing it. Four pixels may share the weight of their rows (1/32 pixel), which changes noise
 * by some levels here and there.
 */
function compare(canvas: Canvas, still: Planes, behind?: Behind): { person: number; behind: number; mixed: number } {
  const seen = { person: 0, behind: 0, mixed: 0 };
  for (const [name, half] of [
    ["y", 0],
    ["u", 1],
    ["v", 1],
  ] as const) {
    const { pixels, stride } = canvas.plane(name);
    const [width, height] = [WIDTH >> half, HEIGHT >> half];
    const twice = doubled(still[name], width, height);
    let [worst, sum] = [0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = displacedPlace(canvas.grid, canvas.columns, x, y, 8 >> half, half);
        const sampled = bicubic(twice, width, height, at.x, at.y);
        const expected = behind ? composed(sampled, behind, name, half, { x, y, at }, seen) : sampled;
        const off = Math.abs(pixels[y * stride + x]! - expected);
        worst = Math.max(worst, off);
        sum += off;
      }
    }
    expect(worst).toBeLessThanOrEqual(14);
    expect(sum / (width * height)).toBeLessThan(1.2);
  }
  return seen;
}

type Place = { x: number; y: number; at: { x: number; y: number } };

/** out(q) = still(p) + (1 - a(p)) × (plate(q) - plate(p)), canvas.ts. */
function composed(
  sampled: number,
  { plate, alpha }: Behind,
  name: PlaneName,
  half: number,
  { x, y, at }: Place,
  seen: { person: number; behind: number; mixed: number },
): number {
  const [width, height] = [WIDTH >> half, HEIGHT >> half];
  const [fromX, fromY] = [Math.max(0, at.x), Math.max(0, at.y)];
  const a = sampleAt(alpha, WIDTH, HEIGHT, fromX * (1 << half), fromY * (1 << half) + half * 0.5) / 255;
  const here = plate[name][y * width + x]!;
  seen[a > 0.996 ? "person" : a < 0.004 ? "behind" : "mixed"]++;
  if (a > 0.996) return sampled;
  if (a < 0.004) return here;
  const there = sampleAt(plate[name], width, height, fromX, fromY);
  return Math.min(255, Math.max(0, sampled + (1 - a) * (here - there)));
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
