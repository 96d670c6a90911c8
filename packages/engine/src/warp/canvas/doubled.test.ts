import { expect, test } from "vitest";
import { doubled } from "./doubled.ts";

const [WIDTH, HEIGHT] = [40, 30];

test("a plane's own samples stay bit by bit, a flat plane stays flat", () => {
  const plane = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i * 97 + 13 * (i % 7)) % 256);
  const twice = doubled(plane, WIDTH, HEIGHT);
  const own = Array.from(plane, (_, i) => twice[4 * Math.floor(i / WIDTH) * WIDTH + 2 * (i % WIDTH)]!);
  expect(own).toEqual([...plane]);
  expect(new Set(doubled(new Uint8Array(WIDTH * HEIGHT).fill(77), WIDTH, HEIGHT))).toEqual(new Set([77]));
});

test("between them lies what was there: fine grain is neither softened nor sharpened", () => {
  // three pixels a period, finer than most that a photo has
  const wave = (x: number): number => 128 + 90 * Math.sin((2 * Math.PI * x) / 3);
  const plane = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Math.round(wave(i % WIDTH)));
  const twice = doubled(plane, WIDTH, HEIGHT);
  for (let x = 16; x < 2 * WIDTH - 16; x++) expect(Math.abs(twice[2 * WIDTH * 20 + x]! - wave(x / 2))).toBeLessThan(6);
});
