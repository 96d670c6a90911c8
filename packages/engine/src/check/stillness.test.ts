import { randomFrom } from "@smileloop/core/motion/random.ts";
import { describe, expect, test } from "vitest";
import { change, watch } from "./stillness.ts";

const [WIDTH, HEIGHT] = [96, 64];
const BOX = { x: 16, y: 0, width: 64, height: 64 };

/** A frame of noise (± `noise`) with a bright square whose left edge is at `left`; colours say nothing. */
function frame(left: number, noise = 0, seed = 1): Uint8Array {
  const random = randomFrom(seed);
  const yuv = new Uint8Array(WIDTH * HEIGHT * 1.5).fill(128);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const bright = x >= left && x < left + 16 && y >= 20 && y < 36;
      yuv[y * WIDTH + x] = Math.round((bright ? 180 : 60) + noise * (2 * random() - 1));
    }
  }
  return yuv;
}

function stretchesOf(frames: Uint8Array[]) {
  const { see, stretches } = watch(BOX);
  for (const yuv of frames) see(yuv, WIDTH, HEIGHT);
  return stretches();
}

test("frames that move are no stretch, and those that stand still are one, with all of them", () => {
  expect(stretchesOf([20, 24, 28, 32].map((left) => frame(left)))).toEqual([]);
  expect(stretchesOf([30, 30, 30, 30].map((left) => frame(left)))).toEqual([{ first: 0, last: 3 }]);
  expect(stretchesOf([20, 24, 30, 30, 30, 34, 34].map((left) => frame(left)))).toEqual([
    { first: 2, last: 4 },
    { first: 5, last: 6 },
  ]);
});

test("what encoding leaves of noise is no movement, a shift by a pixel is one", () => {
  expect(stretchesOf([1, 2, 3].map((seed) => frame(30, 1, seed)))).toEqual([{ first: 0, last: 2 }]);
  expect(stretchesOf([30, 31, 32].map((left, seed) => frame(left, 1, seed)))).toEqual([]);
});

test("a movement too slow to be seen from frame to frame ends a stretch when it can be seen", () => {
  /** Brighter by some eighths of a level in the mean. */
  const brighter = (eighths: number) =>
    frame(30).map((value, i) => value + Math.floor(eighths / 8) + (i % 8 < eighths % 8 ? 1 : 0));
  const frames = [0, 4, 8, 12, 16].map(brighter);
  expect(stretchesOf(frames)).toEqual([
    { first: 0, last: 1 },
    { first: 2, last: 3 },
  ]);
});

test("in a picture with little contrast less is a movement", () => {
  const flat = (left: number) => frame(left).map((value) => 100 + (value - 100) / 30);
  expect(stretchesOf([30, 32].map(flat))).toEqual([]);
  expect(stretchesOf([30, 30].map(flat))).toEqual([{ first: 0, last: 1 }]);
});

test("a large face is looked at more coarsely, and moves as much", () => {
  const side = 1100;
  const large = (left: number) => {
    const yuv = new Uint8Array(side * side * 1.5).fill(60);
    for (let y = 300; y < 700; y++) yuv.fill(180, y * side + left, y * side + left + 400);
    return yuv;
  };
  const { see, stretches } = watch({ x: 0, y: 0, width: side, height: side });
  for (const left of [300, 300, 320, 340, 340]) see(large(left), side, side);
  expect(stretches()).toEqual([
    { first: 0, last: 1 },
    { first: 3, last: 4 },
  ]);
});

describe("change", () => {
  test("looks at the box alone", () => {
    expect(change(frame(0), frame(-16), WIDTH, HEIGHT, BOX)).toBe(0);
    expect(change(frame(30), frame(34), WIDTH, HEIGHT, BOX)).toBeGreaterThan(20);
  });

  test("a box that reaches beyond the frame is cut to it", () => {
    const beyond = { x: -40, y: -40, width: 200, height: 200 };
    expect(change(frame(0), frame(-16), WIDTH, HEIGHT, beyond)).toBeGreaterThan(20);
    expect(change(frame(30), frame(34), WIDTH, HEIGHT, { ...BOX, x: 200 })).toBe(0);
  });
});
