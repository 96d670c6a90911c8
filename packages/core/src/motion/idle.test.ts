import { expect, test } from "vitest";
import { idleCurves } from "./idle.ts";

const curves = (seconds: number, seed = 1) => idleCurves({ frames: Math.round(seconds * 25), fps: 25, seed }).channels;

test("it blinks every few seconds, and its mouth stays as it is", () => {
  const { eyeBlinkLeft, ...others } = curves(30);
  const starts = eyeBlinkLeft!.filter((value, i) => value > 0.4 && (eyeBlinkLeft![i - 1] ?? 0) <= 0.4);
  expect(starts.length).toBeGreaterThanOrEqual(4);
  expect(starts.length).toBeLessThanOrEqual(14);
  expect(Object.keys(others).filter((name) => /mouth|jaw/.test(name))).toEqual([]);
});

test("it begins and ends at rest, and its head moves by a degree or so", () => {
  for (const values of Object.values(curves(12))) {
    expect(Math.abs(values![0]!)).toBeLessThan(1e-9);
    expect(Math.abs(values!.at(-1)!)).toBeLessThan(0.05);
  }
  expect(Math.max(...curves(12).headYaw!.map(Math.abs))).toBeLessThan(1.5);
});

test("the same seed gives the same curves, another one others", () => {
  expect(curves(5, 7)).toEqual(curves(5, 7));
  expect(curves(5, 7)).not.toEqual(curves(5, 8));
});

test("a clip of a frame or two is possible", () => {
  expect(idleCurves({ frames: 1, fps: 25, seed: 1 }).channels.headYaw).toEqual([0]);
});
