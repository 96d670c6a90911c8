import { channelLimits, sampleMotion } from "@smileloop/core/motion.ts";
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
