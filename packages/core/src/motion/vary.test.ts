import { expect, test } from "vitest";
import { channelLimits, type Motion, sampleMotion, trackAt } from "./motion.ts";
import { varyMotion } from "./vary.ts";

const keys = (...pairs: [t: number, v: number][]) => ({
  keys: pairs.map(([t, v]) => ({ t, v, ease: "minJerk" as const })),
});
const motion: Motion = {
  duration: 3,
  loop: true,
  faces: [
    {
      channels: {
        eyeBlinkLeft: keys([0, 0], [1, 0], [1.2, 1], [1.5, 0]),
        mouthSmileLeft: keys([0, 0], [1, 0.9], [3, 0]),
        mouthSmileRight: keys([0, 0], [1, 0.9], [3, 0]),
        headYaw: keys([0, 0], [1.5, 8], [3, 0]),
      },
    },
  ],
};
const seeds = Array.from({ length: 40 }, (_, i) => i * 7919 + 1);
const framesOf = (seed: number) =>
  sampleMotion(varyMotion(motion, seed), { fps: 25, durationSeconds: 3, intensity: 1 }).faces[0]!.channels;

test("a seed gives the same motion every time, and another one others; 0 gives the motion as it is written", () => {
  expect(varyMotion(motion, 0)).toBe(motion);
  expect(varyMotion(motion, 12)).toEqual(varyMotion(motion, 12));
  expect(new Set(seeds.map((seed) => JSON.stringify(framesOf(seed)))).size).toBe(seeds.length);
});

test("starts, ends and the order of keys stay; sizes change by 8 % at the most, and closed lids stay closed", () => {
  for (const seed of seeds) {
    const { channels } = varyMotion(motion, seed).faces[0]!;
    const sign = "eyeBlinkLeft" in channels ? 1 : -1;
    for (const track of Object.values(channels)) {
      if (!track || !("keys" in track)) throw new Error("keys were expected");
      expect(track.keys[0]).toMatchObject({ t: 0, v: 0 });
      expect(track.keys.every((key, i) => i === 0 || key.t > track.keys[i - 1]!.t)).toBe(true);
      expect(track.keys.at(-1)!.t).toBeLessThanOrEqual(3);
    }
    expect(trackAt((channels.eyeBlinkLeft ?? channels.eyeBlinkRight)!, 3)).toBe(0);
    const frames = framesOf(seed);
    const peak = (values: number[] = []) => Math.max(...values.map((value) => value * sign));
    expect(Math.max(...(frames.eyeBlinkLeft ?? frames.eyeBlinkRight)!)).toBeGreaterThan(0.85);
    expect(Math.max(...frames.mouthSmileLeft!) / 0.9).toBeGreaterThan(0.92);
    expect(Math.max(...frames.mouthSmileLeft!)).toBeLessThanOrEqual(Math.min(1, 0.9 * 1.08));
    expect(peak(frames.headYaw) / 8).toBeGreaterThan(0.92);
    expect(peak(frames.headYaw) / 8).toBeLessThan(1.08);
  }
});

test("some seeds do on the left what others do on the right", () => {
  const left = seeds.filter((seed) => framesOf(seed).eyeBlinkLeft);
  expect(left.length).toBeGreaterThan(seeds.length / 4);
  expect(left.length).toBeLessThan((3 * seeds.length) / 4);
});

test("samples are varied as keys are", () => {
  const fps = 100;
  const sampled = Array.from({ length: 301 }, (_, i) => trackAt(motion.faces[0]!.channels.headYaw!, i / fps));
  const dense: Motion = { ...motion, faces: [{ channels: { headYaw: { fps, samples: sampled } } }] };
  for (const seed of seeds.slice(0, 5)) {
    const [a, b] = [varyMotion(motion, seed), varyMotion(dense, seed)].map(
      (varied) => varied.faces[0]!.channels.headYaw!,
    );
    for (let t = 0; t <= 3; t += 0.05) expect(trackAt(b!, t)).toBeCloseTo(trackAt(a!, t), 0);
    expect(trackAt(b!, 3)).toBeCloseTo(0, 9);
  }
});

test("no value leaves what its channel may hold", () => {
  const full: Motion = {
    duration: 2,
    loop: true,
    faces: [{ channels: { jawOpen: keys([0, 0], [1, 1], [2, 0]), headRoll: keys([0, 0], [1, -30], [2, 0]) } }],
  };
  for (const seed of seeds) {
    const { jawOpen, headRoll } = sampleMotion(varyMotion(full, seed), { fps: 50, durationSeconds: 2, intensity: 1 })
      .faces[0]!.channels;
    expect(Math.max(...jawOpen!)).toBeLessThanOrEqual(channelLimits("jawOpen").max);
    expect(Math.max(...headRoll!.map(Math.abs))).toBeLessThanOrEqual(channelLimits("headRoll").max);
  }
});
