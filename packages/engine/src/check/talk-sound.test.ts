import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { wavOf } from "../../../../test/support/sounds.ts";
import { openSound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { checkSound, levelAt } from "./talk-sound.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-talk-sound-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const RATE = 48_000;
const SECONDS = 3;
const FPS = 25;

/** A hum of syllables with a faint hiss: it repeats itself from one pitch period to the next, as voices do. */
function voice({ pitch = 140, lateS = 0, seconds = SECONDS, gain = 0.25 } = {}): Float32Array {
  let noise = 1;
  return Float32Array.from({ length: seconds * RATE }, (_, i) => {
    const t = i / RATE - lateS;
    noise = (noise * 48271) % 0x7fffffff;
    const loud = Math.max(0, Math.sin(2 * Math.PI * 1.7 * t) * Math.sin(2 * Math.PI * 0.61 * t));
    const hum = [1, 2, 3, 5, 8].reduce((sum, n) => sum + Math.sin(2 * Math.PI * n * pitch * t + n * n) / n, 0);
    return gain * loud * hum + (noise / 0x7fffffff - 0.5) * 1e-3 * gain;
  });
}

let files = 0;
function wav(samples: Float32Array) {
  const path = join(dir, `${++files}.wav`);
  writeFileSync(path, wavOf([samples], RATE));
  return { path, type: "audio/wav" };
}

/** A small video with this sound. */
async function video(samples: Float32Array | null, ending: "mp4" | "webm" = "mp4", seconds = SECONDS) {
  const path = join(dir, `${++files}.${ending}`);
  const sound = samples ? await openSound(wav(samples)) : undefined;
  const writer = await openVideoWriter({ path, width: 64, height: 48, fps: FPS, provenance, sound });
  for (let frame = 0; frame < seconds * FPS; frame++) await writer.write(new Uint8Array((64 * 48 * 3) / 2).fill(frame));
  await writer.close();
  await sound?.close();
  return { path, type: `video/${ending}`, duration: seconds };
}

const { signal } = new AbortController();
const judged = async (given: Float32Array, made: Awaited<ReturnType<typeof video>>) =>
  checkSound(wav(given), made, signal).then(
    ({ audio }) => audio.codec,
    (error) => `${error.code}: ${error.message}`,
  );

test.each(["mp4", "webm"] as const)("a sound at its place passes, and up to 5 ms beside it: %s", async (ending) => {
  const codec = ending === "mp4" ? "aac" : "opus";
  for (const lateS of [0, 0.004, -0.004]) {
    expect(await judged(voice(), await video(voice({ lateS }), ending))).toBe(codec);
  }
});

test.each<[string, Float32Array | null, RegExp]>([
  ["that is missing", null, /^check_out_of_sync: .*has no sound/],
  ["of somebody else", voice({ pitch: 97 }), /^check_out_of_sync: .*not the sound that was given/],
  ["that is silence", new Float32Array(SECONDS * RATE), /^check_out_of_sync: .*not the sound that was given/],
  ["that is late", voice({ lateS: 0.012 }), /^check_out_of_sync: .*12\.\d ms too late/],
  ["that is early", voice({ lateS: -0.03 }), /^check_out_of_sync: .*30\.\d ms too early/],
  ["that ends too early", voice().subarray(0, 2 * RATE), /^check_out_of_sync: .*lasts 2\.00 s instead of 3\.00 s/],
])("a sound %s is refused", async (_name, heard, sentence) => {
  expect(await judged(voice(), await video(heard))).toMatch(sentence);
});

test("one that drifts off in its second half is refused", async () => {
  const drifting = voice();
  drifting.set(voice({ lateS: 0.04 }).subarray(RATE * 1.5), RATE * 1.5);
  expect(await judged(voice(), await video(drifting))).toMatch(/^check_out_of_sync: .*ms too late at [12]\.\d s/);
});

test("of a silent sound only its length can be told", async () => {
  const silence = new Float32Array(SECONDS * RATE);
  expect(await judged(silence, await video(silence))).toBe("aac");
});

test("a sound of less than the length of a piece, or none, is no special case", async () => {
  for (const seconds of [0.04, 0.2]) {
    const short = voice({ seconds, gain: 0.5 });
    expect(await judged(short, await video(short, "mp4", seconds))).toBe("aac");
  }
});

test("the level of a moment is that of the loudest near it, in dB of full scale", async () => {
  const tone = new Float32Array(SECONDS * RATE).map((_, i) => (i < RATE ? 0.5 * Math.sin(i / 20) : 0));
  const { levels, seconds } = await checkSound(wav(tone), await video(tone), signal);
  expect(seconds).toBeCloseTo(3, 3);
  expect(levelAt(levels, 0.5, 0.05)).toBeGreaterThan(-12);
  expect(levelAt(levels, 0.5, 0.05)).toBeLessThan(-6);
  expect(levelAt(levels, 2, 0.05)).toBeLessThan(-80);
  expect(levelAt(levels, 1.06, 0.1)).toBeGreaterThan(-12);
});
