import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { moodOf } from "./mood.ts";
import { loadPresets } from "./preset.ts";

const presets = loadPresets(fileURLToPath(new URL("../../../../presets", import.meta.url)));
const mood = (name: string) => moodOf(presets.get(name)!);

test("a smile lasts, smaller than it is alone", () => {
  const { mouthSmileLeft, mouthSmileRight } = mood("big_smile");
  expect(mouthSmileLeft).toBeGreaterThan(0.2);
  expect(mouthSmileLeft).toBeLessThan(0.5);
  expect(mouthSmileRight).toBeGreaterThan(0.2);
});

test("what opens the lips, shuts an eye or turns the head is speech's, or passes", () => {
  for (const name of presets.keys()) {
    expect(
      Object.keys(mood(name)).filter((channel) => /^(jaw|head|eyeBlink|eyeLook|mouthPucker)/.test(channel)),
    ).toEqual([]);
    for (const value of Object.values(mood(name))) expect(value).toBeLessThanOrEqual(0.6);
  }
});

test("surprise raises the brows", () => {
  expect(mood("surprise").browInnerUp).toBeGreaterThan(0.2);
});
