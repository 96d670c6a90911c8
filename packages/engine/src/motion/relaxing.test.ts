import type { Channel } from "@smileloop/core/motion/motion.ts";
import { expect, test } from "vitest";
import { relaxedOf } from "./relaxing.ts";

const FPS = 25;
const FRAMES = 75;

type Curve = (seconds: number) => number;

function relaxed(curves: Partial<Record<Channel, Curve>>, smiling = true): Float32Array {
  const channels = Object.fromEntries(
    Object.entries(curves).map(([name, curve]) => [name, Array.from({ length: FRAMES }, (_, i) => curve(i / FPS))]),
  );
  return relaxedOf({ channels }, { frames: FRAMES, fps: FPS }, smiling);
}

const at = (values: Float32Array, seconds: number): number => values[Math.round(seconds * FPS)]!;
const both = (stem: string, curve: Curve): Partial<Record<Channel, Curve>> => ({
  [`${stem}Left`]: curve,
  [`${stem}Right`]: curve,
});
const hump =
  (from: number, to: number, peak: number): Curve =>
  (t) =>
    t <= from || t >= to ? 0 : peak * Math.sin((Math.PI * (t - from)) / (to - from)) ** 2;
const spoken: Curve = (t) => (t > 0.6 && t < 2.3 ? 0.3 + 0.3 * Math.sin(20 * t) : 0);

test("a mouth that speaks is at rest from the first sound to the last, also in between, and its own at both ends", () => {
  const values = relaxed({ jawOpen: (t) => (t > 1.2 && t < 1.7 ? 0 : spoken(t)) });
  expect(values[0]).toBe(0);
  expect(values.at(-1)).toBe(0);
  for (let t = 0.6; t <= 2.2; t += 0.1) expect(at(values, t)).toBeGreaterThan(0.99);
});

test("it goes over within half a second and never jumps", () => {
  const values = relaxed({ jawOpen: spoken });
  const steps = Array.from(values.slice(1), (value, i) => Math.abs(value - values[i]!));
  expect(Math.max(...steps)).toBeLessThan(0.17);
  expect(at(values, 0.05)).toBeLessThan(0.1);
});

test("speech that begins at once starts from the photo, too", () => {
  const values = relaxed({ jawOpen: () => 0.4 });
  expect(values[0]).toBe(0);
  expect(at(values, 0.5)).toBe(1);
  expect(values.at(-1)).toBe(0);
});

test("before a new smile it relaxes, and the smile is the photo's own from there to the end", () => {
  const values = relaxed(both("mouthSmile", hump(0.1, 2.9, 0.9)));
  expect(Math.max(...values.slice(0, 15))).toBeGreaterThan(0.8);
  for (let t = 1.2; t < 3; t += 0.1) expect(at(values, t)).toBe(0);
});

test("small smiles, blinks and turns leave it as it is", () => {
  const values = relaxed({ ...both("mouthSmile", hump(0.5, 2.5, 0.3)), ...both("eyeBlink", hump(1, 1.3, 1)) });
  expect(Math.max(...values)).toBe(0);
});

test("lips that are merely parted in the photo close before a smile that opens them, not before one that doesn't", () => {
  const smile = both("mouthSmile", hump(0.1, 2.9, 0.9));
  expect(Math.max(...relaxed(smile, false))).toBe(0);
  expect(at(relaxed({ ...smile, jawOpen: hump(0.1, 2.9, 0.3) }, false), 1.5)).toBe(1);
});

test("a long speech takes one value a frame", () => {
  const frames = 18_000;
  const jawOpen = Array.from({ length: frames }, (_, i) => (i > 60 && i < 17_900 ? 0.3 : 0));
  const values = relaxedOf({ channels: { jawOpen } }, { frames, fps: 60 }, true);
  expect(values.length).toBe(frames);
  expect(values[9000]).toBe(1);
});

test("for a sound soon after the start, and one just before the end, it lets go in less time", () => {
  const values = relaxed({
    mouthPressLeft: (t) => (t > 0.15 && t < 2.8 ? 0.45 : 0),
    mouthPressRight: (t) => (t > 0.15 && t < 2.8 ? 0.45 : 0),
  });
  expect([values[0], values.at(-1)]).toEqual([0, 0]);
  for (const seconds of [0.16, 0.5, 2.76]) expect(at(values, seconds)).toBe(1);
});
