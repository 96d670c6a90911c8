import { expect, test } from "vitest";
import { CHANNELS, type Ease, type Motion, motionSchema, sampleMotion, type Track, trackAt } from "./motion.ts";

/** A jaw that opens to 0.8 in the middle and is closed at both ends. */
const motion = (loop: boolean, duration = 2, peak = 0.8): Motion => ({
  duration,
  loop,
  faces: [
    {
      channels: {
        jawOpen: {
          keys: [
            { t: 0, v: 0, ease: "linear" },
            { t: duration / 2, v: peak, ease: "linear" },
            { t: duration, v: loop ? 0 : peak / 2, ease: "linear" },
          ],
        },
      },
    },
  ],
});
const jaw = (of: Motion, durationSeconds: number, intensity = 1, fps = 25) =>
  sampleMotion(of, { fps, durationSeconds, intensity }).faces[0]!.channels.jawOpen!;
const rising = (ease: Ease): Track => ({
  keys: [
    { t: 1, v: 0, ease: "linear" },
    { t: 2, v: 10, ease },
  ],
});

test("there are 52 channels of ARKit and 7 of the head", () => {
  expect(new Set(CHANNELS).size).toBe(59);
});

test("a loop is at rest in frame 0, and frame n would be frame 0", () => {
  const values = jaw(motion(true), 2);
  expect(values).toHaveLength(50);
  expect(values[0]).toBe(0);
  expect(values[25]).toBeCloseTo(0.8, 5);
  // the step from the last frame to the first is as large as the others
  expect(values[49]).toBeCloseTo(values[1]!, 5);
});

test("a loop is repeated the nearest whole number of times, at least once", () => {
  const peaks = (seconds: number) => {
    const values = jaw(motion(true), seconds, 1, 50);
    return values.filter((v, i) => v > values.at(i - 1)! && v >= values[(i + 1) % values.length]!).length;
  };
  expect([1, 2, 2.9, 3.1, 4, 6].map(peaks)).toEqual([1, 1, 1, 2, 2, 3]);
});

test("a one-shot that is not stretched keeps its time, and holds its end", () => {
  const sampled = sampleMotion(motion(false), { fps: 10, durationSeconds: 3, intensity: 1, stretch: false });
  const values = sampled.faces[0]!.channels.jawOpen!;
  expect(values).toHaveLength(30);
  expect(values[10]).toBeCloseTo(0.8, 5);
  expect(values.slice(20)).toEqual(Array(10).fill(0.4));
});

test("a one-shot is stretched so that its last frame is its end", () => {
  for (const seconds of [1, 2, 5]) {
    const values = jaw(motion(false), seconds);
    expect(values[0]).toBe(0);
    expect(values.at(-1)).toBeCloseTo(0.4, 5);
    expect(Math.max(...values)).toBeCloseTo(0.8, 1);
  }
});

test("intensity scales, and no channel goes beyond its limits", () => {
  expect(jaw(motion(true), 2, 0.5)[25]).toBeCloseTo(0.4, 5);
  expect(new Set(jaw(motion(true), 2, 0))).toEqual(new Set([0]));
  expect(Math.max(...jaw(motion(true), 2, 1.5))).toBe(1);
  const turned: Motion = { ...motion(true), faces: [{ channels: { headYaw: { fps: 1, samples: [-25] } } }] };
  expect(sampleMotion(turned, { fps: 10, durationSeconds: 1, intensity: 1.5 }).faces[0]!.channels.headYaw).toEqual(
    Array(10).fill(-30),
  );
});

test.each<[Ease, number]>([
  ["linear", 2.5],
  ["hold", 0],
  ["minJerk", 10 * 0.25 ** 3 * (10 - 15 * 0.25 + 6 * 0.25 ** 2)],
  [[0, 0, 1, 1], 2.5],
  [[0.25, 0.1, 0.25, 1], 4.085], // CSS "ease"
])("%j arrives as it says", (ease, quarter) => {
  const track = rising(ease);
  expect(trackAt(track, 1.25)).toBeCloseTo(quarter, 2);
  expect(trackAt(track, 1)).toBeCloseTo(0, 6);
  expect(trackAt(track, 2)).toBe(10);
});

test("before its first and after its last key a track stands still", () => {
  expect([0, 0.99, 2.01, 99].map((t) => trackAt(rising("linear"), t))).toEqual([0, 0, 10, 10]);
});

test("dense tracks are read between their samples, and stand still at their ends", () => {
  const track: Track = { fps: 2, samples: [0, 1, 3] };
  expect([-1, 0, 0.25, 0.5, 0.75, 1, 9].map((t) => trackAt(track, t))).toEqual([0, 0, 0.5, 1, 2, 3, 3]);
});

test("what an engine has of its own is passed on", () => {
  const native = { liveportrait: { any: 1 } };
  expect(sampleMotion({ ...motion(true), native }, { fps: 10, durationSeconds: 1, intensity: 1 }).native).toEqual(
    native,
  );
});

test("unknown channels and empty motions are refused", () => {
  const bad = { duration: 1, loop: true, faces: [{ channels: { wings: { fps: 1, samples: [0] } } }] };
  expect(motionSchema.safeParse(bad).success).toBe(false);
  expect(motionSchema.safeParse({ duration: 1, loop: true, faces: [] }).success).toBe(false);
  expect(motionSchema.safeParse({ duration: 0, loop: true, faces: [{ channels: {} }] }).success).toBe(false);
});
