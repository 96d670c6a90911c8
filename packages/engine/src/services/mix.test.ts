import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sync } from "@smileloop/core/speech/sync.ts";
import { afterAll, expect, test } from "vitest";
import { clickTrack, wavOf } from "../../../../test/support/sounds.ts";
import { mix } from "./mix.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-mix-"));
afterAll(() => rmSync(dir, { recursive: true }));
const context = { signal: new AbortController().signal, progress() {} };
const RATE = 48_000;

function clicks(name: string, at: number[], seconds: number) {
  const path = join(dir, name);
  writeFileSync(path, wavOf(clickTrack({ seconds, clicks: at, rate: RATE }), RATE));
  return { path, type: "audio/wav" };
}

/** Seconds at which something is heard, and how loud. */
async function heard(sync: Sync, seconds: number, begins: number) {
  const inputs = { audio: [clicks("voice.wav", [], sync.sound)], video: [clicks("own.wav", [0.5, 1.5], 1.9)] };
  const sound = join(dir, "mixed.wav");
  await mix({ type: "mix", run: "r", inputs, params: { sync, seconds, begins }, outputs: { sound } }, context);
  const bytes = readFileSync(sound);
  const found: number[] = [];
  for (let i = 0; i < seconds * RATE; i++) {
    const loud = Math.abs(bytes.readInt16LE(44 + 4 * i)) > 0.1 * 32_767;
    if (loud && (found.length === 0 || i / RATE - found.at(-1)! > 0.1)) found.push(i / RATE);
  }
  return found.map((at) => Math.round(at * 50) / 50);
}

test("the own sound of a video is heard with the pictures it was recorded with", async () => {
  expect(await heard({ mode: "cut_off", video: 2, sound: 2 }, 2, 0)).toEqual([0.5, 1.5]);
  // the first picture comes 0.3 s after the first sound
  expect(await heard({ mode: "cut_off", video: 1.7, sound: 1.7 }, 1.7, 0.3)).toEqual([0.2, 1.2]);
});

test("it begins again with the video, not with its own end", async () => {
  expect(await heard({ mode: "loop", video: 2.4, sound: 6 }, 6, 0)).toEqual([0.5, 1.5, 2.9, 3.9, 5.3]);
  expect(await heard({ mode: "loop", video: 1, sound: 2.5 }, 2.5, 0.3)).toEqual([0.2, 1.2, 2.2]);
});

test("where the video runs backwards or at another speed it is silent", async () => {
  expect(await heard({ mode: "bounce", video: 1, sound: 3 }, 3, 0)).toEqual([0.5]);
  expect(await heard({ mode: "remap", video: 2, sound: 3 }, 3, 0)).toEqual([]);
});
