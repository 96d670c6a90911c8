import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { shownFrames, timesShown } from "./shown.ts";
import { type Sample, smoothedAt } from "./smoothing.ts";

const LENGTH = 468 * 3 + 2 * 10 + 4 * 18 + 2 * 10;

/** A face whose points are all at `at`, from its eyes' corners apart. */
function sampleAt(at: number, slip: Sample["slip"] = null): Sample {
  const values = new Float32Array(LENGTH).fill(at);
  values[263 * 3] = at + 60;
  const crop = { x: 0, y: 0, size: 100, angle: 0 };
  const place = { a: 60, b: 0, x: at, y: at };
  return { values, crop, score: 0.9, meshScore: 1, clear: true, eyeDistance: 60, place, slip };
}
const filmOf = (places: (number | null)[]) =>
  places.map((at): ReadonlyMap<number, Sample> => new Map(at === null ? [] : [[0, sampleAt(at)]]));
const noseOf = (places: (number | null)[], n: number, shots = [0]) =>
  smoothedAt(filmOf(places), shots, n, 0).points[12]!;

test("a tremble becomes less, and what moves evenly is not late", () => {
  const still = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? 101 : 99));
  expect(Math.abs(noseOf(still, 6) - 100)).toBeLessThan(0.3);
  const slow = Array.from({ length: 12 }, (_, n) => 2 * n);
  const fast = Array.from({ length: 12 }, (_, n) => 12 * n);
  for (const places of [slow, fast])
    for (const n of [0, 1, 5, 11]) expect(noseOf(places, n)).toBeCloseTo(places[n]!, 3);
});

test("of a face that moves fast less is smoothed", () => {
  const jump = (size: number) => [0, 0, 0, 0, size, 2 * size, 2 * size, 2 * size, 2 * size];
  const off = (size: number) =>
    Math.abs(noseOf(jump(size), 4) - size) + Math.abs(noseOf(jump(size), 5) - 2 * size) / size;
  expect(off(20)).toBeLessThan(off(2) * 0.7);
});

test("a head that nods fast goes with its skin, though its landmarks tremble by several pixels", () => {
  const truth = Array.from({ length: 24 }, (_, n) => 20 * Math.sin(n / 2));
  const random = randomFrom(3);
  const off = truth.map(() => 6 * (random() - 0.5));
  const followed = (byPicture: boolean) => {
    const samples = truth.map((at, n): ReadonlyMap<number, Sample> => {
      const moved = n > 0 ? (off[n - 1]! - off[n]!) / 60 : 0;
      return new Map([[0, sampleAt(at + off[n]!, byPicture && n > 0 ? { a: 1, b: 0, x: moved, y: moved } : null)]]);
    });
    const errors = truth.map((at, n) => smoothedAt(samples, [0], n, 0).points[12]! - at);
    return Math.max(...errors.slice(1).map((error, n) => Math.abs(error - errors[n]!)));
  };
  expect(followed(true)).toBeLessThan(0.6);
  expect(followed(false)).toBeGreaterThan(3 * followed(true));
});

test("nothing is mixed over an absence or a cut", () => {
  expect(noseOf([0, 0, 0, null, 50, 50, 50], 2)).toBe(0);
  expect(noseOf([0, 0, 0, 50, 50, 50], 3, [0, 3])).toBe(50);
  expect(() => noseOf([0, null], 1)).toThrow("frame 1 has no track 0");
});

test("each frame of the result shows the nearest of the target", () => {
  const stamps = [0, 0.04, 0.08, 0.12];
  expect(shownFrames(stamps, { fps: 25, frames: 4 })).toEqual([0, 1, 2, 3]);
  expect(shownFrames(stamps, { fps: 50, frames: 8 })).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect(timesShown(stamps, { fps: 12.5, frames: 2 })).toEqual([1, 0, 1, 0]);
  // frames that are not equally far apart, and one that is there alone
  expect(shownFrames([0, 0.01, 0.1, 0.11], { fps: 25, frames: 4 })).toEqual([0, 1, 2, 3]);
  expect(timesShown([0], { fps: 25, frames: 3 })).toEqual([3]);
});
