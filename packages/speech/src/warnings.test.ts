/** Sounds that no face should speak, or only with doubts, heard by the network itself. */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { BOBBY, heardAs, soundOf, spokenOf } from "../../../test/support/spoken.ts";
import { speechMotion } from "./speech.ts";

const RATE = 16_000;
const random = randomFrom(4);
const noise = (size: number) => size * (random() + random() + random() - 1.5);
const made = (seconds: number, of: (t: number) => number) =>
  Float32Array.from({ length: seconds * RATE }, (_, i) => of(i / RATE));
const tone = (t: number, hertz: number) => Math.sin(2 * Math.PI * hertz * t);
const codesOf = (samples: Float32Array, hear?: typeof heard) =>
  speechMotion({ samples, fps: 25, intensity: 1, seed: 1, ...(hear && { hear }) }).warnings.map(({ code }) => code);

const bobby = spokenOf(BOBBY);
/** As if the network had no doubt. */
const heard = () => heardAs(bobby, bobby.seconds);

test.each([
  ["silence", made(3, () => 0)],
  ["the hum of a recorder", made(3, (t) => 0.003 * tone(t, 50) + 0.001 * tone(t, 150))],
  ["hiss", made(3, () => noise(0.1))],
])("nobody speaks in %s, and the mouth stays closed", (_, samples) => {
  const { motion, warnings, speechShare } = speechMotion({ samples, fps: 25, intensity: 1, seed: 1 });
  expect(warnings.map(({ code }) => code)).toEqual(["no_speech"]);
  expect(speechShare).toBeLessThan(0.05);
  expect(Math.max(0, ...(motion.faces[0]!.channels.jawOpen ?? []))).toBe(0);
});

test("drums and chords are not taken for a clear voice", () => {
  const samples = made(4, (t) => {
    const root = [220, 262, 196, 175][Math.floor(t) % 4]!;
    const chord = [1, 1.26, 1.5, 2].reduce((sum, k) => sum + tone(t, root * k) + tone(t, 2 * root * k) / 2, 0);
    const drum = noise(0.5) * Math.exp(-(t % 0.25) * 40) + 0.4 * tone(t, 60) * Math.exp(-(t % 0.5) * 12);
    return 0.05 * chord * Math.exp(-(t % 1) * 1.5) + drum;
  });
  expect(codesOf(samples).some((code) => code === "no_speech" || code === "speech_unclear")).toBe(true);
});

test.each<[what: string, change: (value: number) => number, code: string]>([
  ["a voice that is hardly recorded", (value) => value * 0.005, "sound_quiet"],
  ["a voice that was recorded too loud", (value) => Math.max(-0.5, Math.min(0.5, value * 20)), "sound_clipped"],
])("%s is told", (_, change, code) => {
  expect(codesOf(soundOf(bobby).map(change), heard)).toContain(code);
});

test("a voice without heights, as on the telephone, is told; one with them is not", () => {
  const full = soundOf(bobby);
  const dull = [1, 2, 3, 4, 5, 6].reduce(
    (samples) => samples.map((value, i) => (value + (samples[i - 1] ?? 0)) / 2),
    full,
  );
  const hissing = full.map((value) => value + noise(0.01));
  expect(codesOf(dull, heard)).toContain("sound_dull");
  expect(codesOf(hissing, heard)).not.toContain("sound_dull");
});

test("a little speech in a long sound is told with its share", () => {
  const seconds = 30;
  const { warnings, speechShare } = speechMotion({
    ...{ samples: made(seconds, () => 0), fps: 25, intensity: 1, seed: 1 },
    hear: () => heardAs(bobby, seconds),
  });
  expect(speechShare).toBeGreaterThan(0.05);
  expect(warnings).toContainEqual({ code: "little_speech", detail: expect.stringMatching(/only \d+ % of the sound/) });
});
