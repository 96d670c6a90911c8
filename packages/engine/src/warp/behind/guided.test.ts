import { expect, test } from "vitest";
import { SEGMENTER_SIZE as SIZE } from "../../face/models.ts";
import { alphaAt, guided, surely, UNSURE } from "./guided.ts";

/** A head with a soft outline before a background, and noise over both. */
function scene(): { rgb: Uint8Array; person: Float32Array } {
  let state = 1;
  const random = (): number => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const rgb = new Uint8Array(SIZE * SIZE * 3);
  const person = new Float32Array(SIZE * SIZE);
  for (let i = 0; i < person.length; i++) {
    const outside = Math.hypot((i % SIZE) - 120, Math.floor(i / SIZE) - 130) - 70;
    person[i] = 1 / (1 + Math.exp(outside / 3));
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = (outside < 0 ? 90 : 170) + 60 * random();
  }
  return { rgb, person };
}

test("what is surely a person or behind has that alpha at any place and in any light", () => {
  const { rgb, person } = scene();
  const filter = guided(rgb, person);
  const sure = surely(filter);
  const counts = { 0: 0, 255: 0 };
  for (let at = 0; at < sure.length; at++) {
    const known = sure[at]!;
    if (known === UNSURE) continue;
    counts[known as 0 | 255]++;
    for (const [fx, fy, luma] of [
      [0, 0, 16],
      [0.999, 0.999, 235],
      [0.3, 0.7, 16],
      [0.7, 0.2, 235],
    ] as const) {
      expect(alphaAt(filter, at, fx, fy, luma)).toBe(known);
    }
  }
  expect(counts[0]).toBeGreaterThan(SIZE * SIZE * 0.5);
  expect(counts[255]).toBeGreaterThan(SIZE * SIZE * 0.15);
});

test("a flat picture leaves the mask as it is, but for its blur", () => {
  const person = new Float32Array(SIZE * SIZE).fill(0.6);
  const { scale, offset, coarse } = guided(new Uint8Array(SIZE * SIZE * 3).fill(128), person);
  for (const at of [0, SIZE - 1, SIZE * SIZE - 1, 128 * SIZE + 128]) {
    expect(scale[at]).toBeCloseTo(0, 3);
    expect(offset[at]).toBeCloseTo(0.6, 3);
    expect(coarse[at]).toBeCloseTo(0.6, 5);
  }
});

test("the blur is the mean over nine by nine, as far as they lie in the picture", () => {
  const { rgb, person } = scene();
  const { coarse } = guided(rgb, person);
  for (const [x, y] of [
    [0, 0],
    [3, 140],
    [250, 2],
    [255, 255],
    [120, 200],
  ] as const) {
    let [sum, count] = [0, 0];
    for (let row = Math.max(0, y - 4); row <= Math.min(SIZE - 1, y + 4); row++) {
      for (let column = Math.max(0, x - 4); column <= Math.min(SIZE - 1, x + 4); column++) {
        sum += person[row * SIZE + column]!;
        count++;
      }
    }
    expect(coarse[y * SIZE + x]).toBeCloseTo(sum / count, 5);
  }
});
