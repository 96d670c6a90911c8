/** Videos as phones, browsers and cameras write them, into which a name is put: each keeps its pictures, or is refused before any file is made. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { Rational } from "node-av/lib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sayWav, spokenSound, surveyed, surveyOf } from "../../../../test/support/personalized.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { wavOf } from "../../../../test/support/sounds.ts";
import { surroundFilm } from "../../../../test/support/surround-film.ts";
import { checkInsert } from "../check/insert.ts";
import { openEncoder, PICTURE_ENCODERS, toFrame } from "../media/encoders.ts";
import { openPictures } from "../media/film-file.ts";
import { openMuxed } from "../media/muxed.ts";
import { openSound } from "../media/sound-reader.ts";
import { insertWords } from "./insert.ts";

const [WIDTH, HEIGHT, SECONDS] = [64, 48, 3.6];
const context = { signal: new AbortController().signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-odd-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let wave: string;
let voice: Float32Array;
let name: EngineFile;
beforeAll(async () => {
  const sentences: [number, string][] = [
    [0.4, "Dear friend"],
    [1.7, "welcome to our shop"],
  ];
  wave = join(dir, "sound.wav");
  voice = await spokenSound(dir, { seconds: SECONDS, sentences });
  writeFileSync(wave, wavOf([voice], 48_000));
  name = await sayWav(dir, "amit", "Amit", "rms");
});

type Written = {
  container: "mp4" | "mov" | "webm";
  codec: string;
  options?: Record<string, string | number>;
  /** Null: no sound. */
  soundEncoder?: "aac" | "opus" | null;
  /** When each frame is shown, ms. */
  times?: number[];
};

async function filmOf(title: string, { container, codec, options, soundEncoder = "aac", times }: Written) {
  const path = join(dir, `${title}.${container}`);
  const all = times ?? Array.from({ length: 25 * SECONDS }, (_, n) => n * 40);
  const rate = new Rational(25, 1);
  const kind = { ...PICTURE_ENCODERS.h264, codec, options: options ?? {} };
  const encoder = await openEncoder(kind, { width: WIDTH, height: HEIGHT, rate, timeBase: new Rational(1, 1000) });
  const sound = await openSound({ path: wave, type: "audio/wav" });
  const heard = soundEncoder ? { sound, soundEncoder } : {};
  const film = await openMuxed({ path, container, encoder, rate, ...heard });
  for (const [n, at] of all.entries()) {
    const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
    for (let i = 0; i < WIDTH * HEIGHT; i++) yuv[i] = 40 + (((i % WIDTH) * 3 + n * 2) % 160);
    const frame = toFrame(yuv, WIDTH, HEIGHT, BigInt(at));
    frame.duration = BigInt((all[n + 1] ?? at + 40) - at);
    await film.encode(frame);
    frame.free();
  }
  await film.finish();
  film.free();
  await sound.close();
  return { path, type: { mp4: "video/mp4", mov: "video/quicktime", webm: "video/webm" }[container] };
}

async function inserted(title: string, video: EngineFile) {
  const { warnings, ...survey } = await surveyed(video, join(dir, `${title}.json`), { place: "first", copies: true });
  const task = {
    ...{ run: "r", kind: "insert" as const, inputs: { video: [video], survey: [survey], words: [name] } },
    params: { fits: true, gap_seconds: 0.12, as_long_as: "picture" as const },
  };
  const to = join(dir, `${title}-made.mp4`);
  await insertWords({ type: "run", ...task, outputs: { video: to }, provenance }, context);
  return {
    to,
    warnings,
    checked: await checkInsert({ type: "check", ...task, picture: "same", files: { video: to } }, context),
  };
}

const H264 = { codec: "libx264", options: { preset: "veryfast", bf: 2, g: 25 } };
// phones lower their rate in the dark
const UNEVEN = Array.from({ length: 70 }, (_, n) => (n < 30 ? n * 33 : 990 + (n - 30) * 65));

test.each<[string, Written]>([
  ["frames that are unevenly apart", { container: "mp4", ...H264, times: UNEVEN }],
  ["MOV", { container: "mov", ...H264 }],
  ["HEVC", { container: "mov", codec: "libx265", options: { preset: "ultrafast", "x265-params": "log-level=none" } }],
  [
    "WebM with VP9 and Opus",
    { container: "webm", codec: "libvpx-vp9", options: { deadline: "realtime", "cpu-used": 8 }, soundEncoder: "opus" },
  ],
])("%s: the words are put in, and the pictures stay", async (title, written) => {
  const { checked } = await inserted(title, await filmOf(title, written));
  const frames = written.times?.length ?? 25 * SECONDS;
  expect(checked.video).toMatchObject({ width: WIDTH, height: HEIGHT, frames, audio: { codec: "aac" } });
  expect(checked.likenesses[0]).toBeGreaterThan(0.8);
});

test("a video that a phone has turned is shown turned afterwards", async () => {
  const video = await filmOf("turned", { container: "mp4", ...H264 });
  const bytes = readFileSync(video.path);
  // the display matrix of the track header (ISO/IEC 14496-12, 8.3.2): a quarter clockwise
  const at = bytes.indexOf("tkhd") + 4 + 40;
  for (const [i, value] of [0, 1, 0, -1, 0, 0].entries()) bytes.writeInt32BE(value * 65536, at + i * 4);
  writeFileSync(video.path, bytes);
  const { to, checked } = await inserted("turned", video);
  expect(checked.video).toMatchObject({ width: HEIGHT, height: WIDTH });
  const made = await openPictures(to);
  const { orientation } = made;
  await made.close();
  const given = await openPictures(video.path);
  expect(orientation).toEqual(given.orientation);
  expect(orientation).not.toMatchObject({ a: 1, d: 1 });
  await given.close();
});

test("pictures that an MP4 does not take are refused when the video is surveyed, with what helps", async () => {
  const options = { deadline: "realtime", "cpu-used": 8 };
  const video = await filmOf("vp8", { container: "webm", codec: "libvpx", options, soundEncoder: "opus" });
  await expect(inserted("vp8", video)).rejects.toMatchObject({
    code: "unsupported_type",
    input: "video",
    message: expect.stringMatching(/cannot be copied into an MP4.*`convert`/),
  });
  // a tier whose lips say the words encodes them anew, and takes them
  await surveyOf(video, join(dir, "vp8.json"), { place: "first" });
});

test("a sound of six channels is mixed into two, with a warning; all that is said is kept", async () => {
  const mute = await filmOf("mute-surround", { container: "mp4", ...H264, soundEncoder: null });
  const path = await surroundFilm(join(dir, "surround.mp4"), mute.path, voice);
  const video: EngineFile = { path, type: "video/mp4" };
  const { checked, warnings } = await inserted("surround", video);
  expect(checked.video).toMatchObject({ audio: { codec: "aac", channels: 2 } });
  expect(checked.likenesses[0]).toBeGreaterThan(0.8);
  expect(warnings).toEqual([{ code: "sound_mixed", detail: expect.stringContaining("6 channels") as string }]);
});

test("a video without a sound has no place for words", async () => {
  const video = await filmOf("mute", { container: "mp4", ...H264, soundEncoder: null });
  await expect(inserted("mute", video)).rejects.toMatchObject({ code: "no_speech" });
});
