import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CHANNELS,
  type Channel,
  channelLimits,
  type Motion,
  sampleMotion,
  trackAt,
} from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { varyMotion } from "@smileloop/core/motion/vary.ts";
import { expect, test } from "vitest";
import { presetJsonSchema, writtenSchema } from "./preset-schema.ts";

const presets = loadPresets(import.meta.dirname);
const PREVIEWS = join(import.meta.dirname, "previews");
const framesOf = (name: string, intensity = 1) => {
  const preset = presets.get(name)!;
  return sampleMotion(presetMotion(preset), { fps: 25, durationSeconds: preset.duration, intensity });
};

test("preset.schema.json is up to date", () => {
  expect(writtenSchema()).toEqual(presetJsonSchema());
});

test("the presets that people rely on are there", () => {
  expect([...presets.keys()]).toEqual(
    expect.arrayContaining([
      "alive",
      "big_smile",
      "blink",
      "flirt",
      "gentle_smile",
      "kiss",
      "laugh",
      "look_around",
      "nod",
      "sad_to_smile",
      "surprise",
      "wink",
    ]),
  );
});

test.each([...presets.keys()])("%s starts at rest, loops without a jump and stays within the limits", (name) => {
  const { channels } = framesOf(name, 1.5).faces[0]!;
  // a lid closes in a tenth of a second
  for (const [channel, values] of Object.entries(channels)) expectSound(channel as Channel, values, 0.75);
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

test("any two presets move plainly differently, whatever is shifted in time", () => {
  const names = [...presets.keys()];
  const curves = names.map((name) => unitCurves(name));
  for (const [i, a] of curves.entries()) {
    for (const [j, b] of curves.entries()) {
      // the two smiles differ by how large they are, which the test above holds
      const smiles = [names[i], names[j]].every((name) => name!.endsWith("smile") && name !== "sad_to_smile");
      if (i < j && !smiles) expect(leastApart(a, b), `${names[i]} and ${names[j]}`).toBeGreaterThan(0.3);
    }
  }
});

test.each([...presets.keys()])(
  "%s: every seed starts at rest, loops, stays within the limits and is no twin",
  (name) => {
    const motion = presetMotion(presets.get(name)!);
    const written = sampleOf(motion);
    const seen = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const frames = sampleOf(varyMotion(motion, seed));
      for (const [channel, values] of Object.entries(frames)) expectSound(channel as Channel, values, 0.8);
      const shares = Object.values(frames).flatMap((values) => Math.max(...values.map(Math.abs)));
      const own = Object.values(written).flatMap((values) => Math.max(...values.map(Math.abs)));
      for (const [i, share] of shares.entries()) expect(share / own[i]!).toBeCloseTo(1, 0);
      seen.add(JSON.stringify(frames));
    }
    expect(seen.size).toBe(12);
  },
);

test("each preset has a small moving picture: `npm run previews -- --preset NAME` makes it", () => {
  const pictures = readdirSync(PREVIEWS).map((file) => file.replace(/\.webp$/, ""));
  expect(pictures.sort()).toEqual([...presets.keys()]);
  for (const name of pictures) {
    const bytes = readFileSync(join(PREVIEWS, `${name}.webp`));
    expect(Buffer.from(bytes.subarray(0, 64)).toString("latin1"), name).toMatch(/^RIFF.{4}WEBPVP8X.*ANIM/s);
    expect(bytes.length, name).toBeLessThan(200_000);
  }
});

test("the table in README.md has a row for each preset, with its picture and its length", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const rows = readme.match(/^\| `\w+` \| !\[.*$/gm) ?? [];
  const starts = rows.map((row) => row.split(" | ").slice(0, 3).join(" | "));
  const wanted = [...presets.values()].map(
    ({ name, duration }) => `| \`${name}\` | ![${name}](previews/${name}.webp) | ${duration}`,
  );
  expect(starts).toEqual(wanted);
});

/** At rest in frame 0, no step into the next frame (of the last: into the first) above `step` of the whole, within the limits. */
function expectSound(channel: Channel, values: number[], step: number): void {
  const { min, max } = channelLimits(channel);
  expect(values[0]).toBeCloseTo(0, 9);
  const largest = Math.max(...values.map((value, i) => Math.abs(values[(i + 1) % values.length]! - value)));
  expect(largest, channel).toBeLessThanOrEqual(step * Math.max(...values.map(Math.abs)));
  expect(Math.min(...values)).toBeGreaterThanOrEqual(min);
  expect(Math.max(...values)).toBeLessThanOrEqual(max);
}

function sampleOf(motion: Motion) {
  return sampleMotion(motion, { fps: 25, durationSeconds: motion.duration, intensity: 1 }).faces[0]!.channels;
}

/** Values of all channels over its first five seconds, each as a share of what its channel may hold, all together of length 1. */
function unitCurves(name: string): number[][] {
  const motion = presetMotion(presets.get(name)!);
  const curves = CHANNELS.map((channel) => {
    const { max } = channelLimits(channel);
    const track = motion.faces[0]!.channels[channel];
    return Array.from({ length: 100 }, (_, i) => (track ? trackAt(track, i / 20) / max : 0));
  });
  const size = Math.sqrt(curves.flat().reduce((sum, value) => sum + value * value, 0));
  return curves.map((curve) => curve.map((value) => value / size));
}

/** How far two are apart (2 at the most) when one is shifted in time so that they are least so. */
function leastApart(a: number[][], b: number[][]): number {
  let most = -1;
  for (let shift = -40; shift <= 40; shift++) {
    const alike = a.reduce(
      (sum, curve, c) => sum + curve.reduce((part, value, i) => part + value * (b[c]![i + shift] ?? 0), 0),
      0,
    );
    most = Math.max(most, alike);
  }
  return Math.sqrt(2 - 2 * most);
}
