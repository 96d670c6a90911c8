import { expect, test } from "vitest";
import { createCurve } from "./curve.ts";

test("a curve goes through its points, straight between them, level beyond them", () => {
  const curve = createCurve(
    [
      { t: 0.625, v: 4 },
      { t: -0.625, v: 1 },
      { t: 0, v: 3 },
    ],
    0,
  );
  expect(curve(-0.625)).toBeCloseTo(1, 9);
  expect(curve(0)).toBeCloseTo(3, 9);
  expect(curve(-0.3125)).toBeCloseTo(2, 9);
  expect(curve(0.3125)).toBeCloseTo(3.5, 9);
  expect(curve(-5)).toBeCloseTo(1, 9);
  expect(curve(5)).toBeCloseTo(4, 2);
});

test("of two points at one place the second begins what follows", () => {
  const curve = createCurve(
    [
      { t: -1, v: 0 },
      { t: 0, v: 0 },
      { t: 0, v: 1 },
      { t: 1, v: 1 },
    ],
    0,
  );
  expect(curve(-0.5)).toBe(0);
  expect(curve(0.5)).toBe(1);
});

test("smoothing rounds a corner, and leaves a line and what is far from the corner alone", () => {
  const corner = [
    { t: -1.25, v: 1 },
    { t: 0, v: 0 },
    { t: 1.25, v: 1 },
  ];
  const [sharp, round] = [createCurve(corner, 0), createCurve(corner, 5)];
  expect(sharp(0)).toBeCloseTo(0, 9);
  expect(round(0)).toBeGreaterThan(0.02);
  expect(round(0)).toBeLessThan(0.06);
  expect(round(0.625)).toBeCloseTo(sharp(0.625), 9);
});
