import { CHANNELS, channelLimits, sampleMotion } from "@smileloop/core/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/preset.ts";
import { expect, test } from "vitest";
import { presetJsonSchema, writtenSchema } from "./preset-schema.ts";

const presets = loadPresets(import.meta.dirname);
const framesOf = (name: string, intensity = 1) => {
  const preset = presets.get(name)!;
  return sampleMotion(presetMotion(preset), { fps: 25, durationSeconds: preset.duration, intensity });
};

test("preset.schema.json is up to date", () => {
  expect(writtenSchema()).toEqual(presetJsonSchema());
});

test("the presets that people rely on are there", () => {
  expect([...presets.keys()]).toEqual(expect.arrayContaining(["alive", "big_smile", "blink", "gentle_smile"]));
});

test.each([...presets.keys()])("%s starts at rest, loops without a jump and stays within the limits", (name) => {
  const { channels } = framesOf(name, 1.5).faces[0]!;
  for (const [channel, values] of Object.entries(channels)) {
    const { min, max } = channelLimits(channel as keyof typeof channels);
    expect(values[0]).toBeCloseTo(0, 9);
    // A lid closes in a tenth of a second; the last step is that into the first frame again.
    const largest = Math.max(...values.map((value, i) => Math.abs(values[(i + 1) % values.length]! - value)));
    expect(largest).toBeLessThanOrEqual(0.75 * Math.max(...values.map(Math.abs)));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(min);
    expect(Math.max(...values)).toBeLessThanOrEqual(max);
  }
});

test("the gentle smile is 75 frames of closed lips", () => {
  const { frames, faces } = framesOf("gentle_smile");
  expect(frames).toBe(75);
  expect(faces[0]!.channels.jawOpen).toBeUndefined();
});

test("the presets differ: the big smile is wider, and only blinks close the eyes", () => {
  const peak = (name: string, channel: "mouthSmileLeft" | "eyeBlinkLeft"): number =>
    Math.max(0, ...(framesOf(name).faces[0]!.channels[channel] ?? []));
  expect(peak("big_smile", "mouthSmileLeft")).toBeGreaterThan(1.4 * peak("gentle_smile", "mouthSmileLeft"));
  expect(peak("blink", "mouthSmileLeft")).toBe(0);
  expect(peak("blink", "eyeBlinkLeft")).toBe(1);
  expect(peak("alive", "eyeBlinkLeft")).toBe(1);
  expect(peak("gentle_smile", "eyeBlinkLeft")).toBe(0);
});

test("any two presets move plainly differently", () => {
  const names = [...presets.keys()];
  /** Values of all channels over one cycle, each as a share of what its channel may hold. */
  const curves = names.map((name) => {
    const { channels } = sampleMotion(presetMotion(presets.get(name)!), { fps: 50, durationSeconds: 1, intensity: 1 })
      .faces[0]!;
    return CHANNELS.map((channel) => channels[channel]?.map((value) => value / channelLimits(channel).max));
  });
  for (const [i, a] of curves.entries()) {
    for (const [j, b] of curves.entries()) {
      if (i >= j) continue;
      const largest = Math.max(...CHANNELS.map((_, channel) => rmsOfDifference(a[channel], b[channel])));
      expect(largest, `${names[i]} and ${names[j]}`).toBeGreaterThan(0.1);
    }
  }
});

function rmsOfDifference(a: number[] = [], b: number[] = []): number {
  const frames = Math.max(a.length, b.length, 1);
  const sum = Array.from({ length: frames }, (_, i) => ((a[i] ?? 0) - (b[i] ?? 0)) ** 2).reduce((x, y) => x + y, 0);
  return Math.sqrt(sum / frames);
}
