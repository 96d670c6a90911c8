import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import {
  type ClickTrack,
  clicksIn,
  clickTrack,
  encodedSound,
  heardIn,
  wavOf,
} from "../../../../test/support/sounds.ts";
import { finish } from "../services/finish.ts";
import { SOUND_RATE } from "./resample.ts";
import { openSound } from "./sound-reader.ts";
import { readVideo } from "./video-reader.ts";

const FRAMES = 50;
const spec = { width: 64, height: 48, fps: 25, frames: FRAMES };
/** 1.5 s of sound beside 2 s of picture. */
const track = (rate: number, channels = 1): ClickTrack => ({ seconds: 1.5, clicks: [0.02, 0.5, 1.25], rate, channels });

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop sound "));
  const frames = Array.from({ length: FRAMES }, (_, i) => Buffer.alloc((64 * 48 * 3) / 2, 40 + 3 * i));
  await writeFile(join(dir, "frames.yuv"), Buffer.concat(frames));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

let made = 0;
/** The video that comes of the frames and a sound. */
async function finished(
  sound?: { bytes: Buffer; type: string },
  ending: "mp4" | "webm" = "mp4",
): Promise<{ path: string; audio: unknown }> {
  const path = join(dir, `${++made}.${ending}`);
  const audio = sound && { path: join(dir, `sound-${made}`), type: sound.type };
  if (sound && audio) await writeFile(audio.path, sound.bytes);
  const result = await finish(
    {
      ...{ type: "finish", run: "r", spec, outputs: { video: path }, ...(audio && { audio }) },
      frames: { path: join(dir, "frames.yuv"), pixels: "yuv420p" },
      provenance,
    },
    { signal: new AbortController().signal, progress: () => {} },
  );
  return { path, audio: result.audio };
}

const wav = (asked: ClickTrack, bits?: 8 | 16) => ({
  bytes: wavOf(clickTrack(asked), asked.rate, bits),
  type: "audio/wav",
});
const encoded = async (asked: ClickTrack, codec: Parameters<typeof encodedSound>[2]["codec"], container: string) =>
  encodedSound(clickTrack(asked), asked.rate, { codec, container });

describe("the sound of a video", () => {
  test.each([
    ["WAV", 2, async () => wav(track(48_000, 2))],
    ["WAV at 44.1 kHz", 2, async () => wav(track(44_100, 2))],
    ["WAV of 8 bits at 8 kHz", 1, async () => wav(track(8000), 8)],
    ["WAV of three channels", 2, async () => wav(track(48_000, 3))],
    ["MP3", 1, async () => ({ bytes: await encoded(track(44_100), "libmp3lame", "mp3"), type: "audio/mpeg" })],
    ["M4A", 2, async () => ({ bytes: await encoded(track(44_100, 2), "aac", "ipod"), type: "audio/mp4" })],
    ["AAC", 1, async () => ({ bytes: await encoded(track(44_100), "aac", "adts"), type: "audio/aac" })],
    ["Opus", 1, async () => ({ bytes: await encoded(track(48_000), "libopus", "ogg"), type: "audio/ogg" })],
    ["Vorbis", 1, async () => ({ bytes: await encoded(track(44_100), "libvorbis", "ogg"), type: "audio/ogg" })],
    ["FLAC", 1, async () => ({ bytes: await encoded(track(44_100), "flac", "flac"), type: "audio/flac" })],
    ["WebM", 1, async () => ({ bytes: await encoded(track(48_000), "libopus", "webm"), type: "video/webm" })],
  ])("is at its place, and no longer than it was: %s", async (name, channels, sound) => {
    const { path, audio } = await finished(await sound());
    expect(audio).toEqual({ codec: "aac", channels, sample_rate: 48_000 });
    const heard = (await heardIn(path))!;
    expect(heard).toMatchObject({ codec: "aac", rate: 48_000, channels });
    expect(heard.from).toBeCloseTo(0, 4);
    // bare AAC does not say where it ends within a frame
    expect(Math.abs(heard.to - 1.5)).toBeLessThan(name === "AAC" ? 1024 / 44_100 : 0.001);
    for (let channel = 0; channel < channels; channel++) {
      const clicks = clicksIn(heard, channel);
      expect(clicks).toHaveLength(3);
      for (const [nth, at] of [0.02, 0.5, 1.25].entries()) expect(Math.abs(clicks[nth]! - at)).toBeLessThan(0.001);
    }
    expect(await readVideo(path)).toMatchObject({ frames: FRAMES, duration: 2, constantRate: true, otherStreams: 1 });
  });

  test.each([1, 2])("is Opus in a WebM, at its place: %d channels", async (channels) => {
    const { path, audio } = await finished(wav(track(44_100, channels)), "webm");
    expect(audio).toEqual({ codec: "opus", channels, sample_rate: 48_000 });
    const heard = (await heardIn(path))!;
    expect(heard).toMatchObject({ codec: "opus", rate: 48_000, channels });
    expect(Math.abs(heard.to - 1.5)).toBeLessThan(0.021);
    const clicks = clicksIn(heard, channels - 1);
    expect(clicks).toHaveLength(3);
    for (const [nth, at] of [0.02, 0.5, 1.25].entries()) expect(Math.abs(clicks[nth]! - at)).toBeLessThan(0.001);
    expect(await readVideo(path)).toMatchObject({ frames: FRAMES, constantRate: true, otherStreams: 1 });
  });

  test("is what players find without reading it: the file says how much comes before it", async () => {
    const bytes = await readFile((await finished(wav(track(48_000)))).path);
    const at = bytes.lastIndexOf("elst");
    // of the sound, which is the second track: one edit, 1.5 s, from behind the encoder's first 1024 samples
    expect([bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12), bytes.readInt32BE(at + 16)]).toEqual([
      1, 72_000, 1024,
    ]);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  });

  test("has about 64 kbit/s a channel", async () => {
    const stereo = clickTrack({ seconds: 2, clicks: [0.3], rate: 48_000, channels: 2 });
    const heard = await heardIn((await finished({ bytes: wavOf(stereo, 48_000), type: "audio/wav" })).path);
    expect(heard!.bitRate).toBeGreaterThan(100_000);
    expect(heard!.bitRate).toBeLessThan(150_000);
  });

  test("is cut at the end of the picture", async () => {
    const { path } = await finished(wav({ seconds: 5, clicks: [1, 1.98, 2.02, 3], rate: 44_100 }));
    const heard = (await heardIn(path))!;
    expect(heard.to).toBeCloseTo(2, 4);
    expect(clicksIn(heard).filter((click) => click < 1.99)).toHaveLength(2);
    expect((await readVideo(path)).duration).toBe(2);
  });

  test("keeps the sides of stereo", async () => {
    const [left, right] = [0.5, 1].map((click) => clickTrack({ seconds: 1.5, clicks: [click], rate: 48_000 })[0]!);
    const { path } = await finished({ bytes: wavOf([left!, right!], 48_000), type: "audio/wav" });
    const heard = (await heardIn(path))!;
    expect(clicksIn(heard, 0).map((click) => click.toFixed(2))).toEqual(["0.50"]);
    expect(clicksIn(heard, 1).map((click) => click.toFixed(2))).toEqual(["1.00"]);
  });

  test("can be that of a video, which comes out as it was", async () => {
    const first = await finished(wav(track(44_100)));
    const second = await finished({ bytes: await readFile(first.path), type: "video/mp4" });
    const clicks = clicksIn((await heardIn(second.path))!);
    expect(clicks).toHaveLength(3);
    for (const [nth, at] of [0.02, 0.5, 1.25].entries()) expect(Math.abs(clicks[nth]! - at)).toBeLessThan(0.001);
  });

  test("changes nothing of the pictures", async () => {
    const pictures = async ({ path }: { path: string }) => {
      const all: Uint8Array[] = [];
      await readVideo(path, { onFrame: ({ yuv }) => void all.push(yuv()) });
      return Buffer.concat(all);
    };
    const silent = await finished();
    expect(silent.audio).toBeUndefined();
    expect(await heardIn(silent.path)).toBeNull();
    expect((await pictures(silent)).equals(await pictures(await finished(wav(track(48_000)))))).toBe(true);
  });

  test("is the same for the same sound", async () => {
    const sounds = [
      await heardIn((await finished(wav(track(44_100)))).path),
      await heardIn((await finished(wav(track(44_100)))).path),
    ];
    expect(sounds[0]!.samples).toEqual(sounds[1]!.samples);
  });
});

describe("a sound that is not read", () => {
  test.each([
    [
      "junk",
      { bytes: Buffer.from("no sound at all"), type: "audio/wav" },
      "input_unreadable",
      "cut off, damaged or empty",
    ],
    ["junk as MP3", { bytes: Buffer.alloc(50_000, 7), type: "audio/mpeg" }, "input_unreadable", "cut off"],
    ["nothing", wav({ seconds: 0, clicks: [], rate: 8000 }), "input_unreadable", "empty"],
    ["another format than it says", { ...wav(track(8000)), type: "video/mp4" }, "input_unreadable", "cut off"],
    ["a type that has no sound", { bytes: Buffer.alloc(9), type: "image/png" }, "unsupported_type", "image/png"],
    [
      "a playlist",
      { bytes: Buffer.from("#EXTM3U\nfile:///etc/passwd\n"), type: "audio/aac" },
      "input_unreadable",
      "cut",
    ],
    ["an odd rate", wav({ seconds: 9, clicks: [], rate: 1000 }), "input_unreadable", "1000 samples a second"],
  ] as const)("is said to be that, and leaves no file: %s", async (_name, sound, code, sentence) => {
    const error = await finished({ ...sound }).catch((thrown: unknown) => thrown);
    expect(hasCode(error, code)).toBe(true);
    expect(error).toMatchObject({ input: undefined, message: expect.stringContaining(sentence) });
    expect(existsSync(join(dir, `${made}.mp4`))).toBe(false);
  });

  test("a video without a sound track", async () => {
    const silent = await finished();
    const error = await finished({ bytes: await readFile(silent.path), type: "video/mp4" }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "input_unreadable", message: expect.stringContaining("it has no sound") });
  });

  test("damage is left out, and what comes after it is at its place", async () => {
    const bytes = await encoded({ seconds: 4, clicks: [0.55, 1.8], rate: 48_000 }, "aac", "ipod");
    bytes.fill(0x55, Math.round(bytes.length * 0.11), Math.round(bytes.length * 0.17));
    const clicks = clicksIn((await heardIn((await finished({ bytes, type: "audio/mp4" })).path))!);
    expect(clicks).toHaveLength(1);
    expect(Math.abs(clicks[0]! - 1.8)).toBeLessThan(0.001);
  });

  test("floats that are no numbers are silence", async () => {
    const { bytes } = wav(track(48_000));
    const [head, floats] = [Buffer.from(bytes.subarray(0, 44)), Buffer.alloc((bytes.length - 44) * 2)];
    for (let i = 44; i < bytes.length; i += 2) floats.writeFloatLE(bytes.readInt16LE(i) / 32768, (i - 44) * 2);
    for (const [nth, value] of [Number.NaN, Infinity, 1e30].entries()) floats.writeFloatLE(value, 4 * (40_000 + nth));
    head.writeUInt16LE(3, 20);
    head.writeUInt32LE(48_000 * 4, 28);
    head.writeUInt16LE(4, 32);
    head.writeUInt16LE(32, 34);
    head.writeUInt32LE(floats.length, 40);
    const { path } = await finished({ bytes: Buffer.concat([head, floats]), type: "audio/wav" });
    const clicks = clicksIn((await heardIn(path))!);
    expect(Math.abs(clicks[1]! - 0.5)).toBeLessThan(0.001);
  });

  test("a file that is mostly damage, which shows only on the way", async () => {
    const bytes = await encoded({ seconds: 9, clicks: [], rate: 48_000 }, "aac", "ipod");
    bytes.fill(0x55, Math.round(bytes.length * 0.02), Math.round(bytes.length * 0.95));
    const error = await finished({ bytes, type: "audio/mp4" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "input_unreadable",
      message: expect.stringContaining("most of it is damaged"),
    });
    expect(existsSync(join(dir, `${made}.mp4`))).toBe(false);
  });

  test("a sound that breaks off just ends", async () => {
    const { bytes } = wav(track(48_000));
    const { path } = await finished({ bytes: bytes.subarray(0, 44 + 48_000 * 2), type: "audio/wav" });
    expect((await heardIn(path))!.to).toBeCloseTo(1, 3);
  });
});

test("no more of a long sound is read than was asked for", async () => {
  const path = join(dir, "long.wav");
  await writeFile(path, wavOf([new Float32Array(600 * 8000)], 8000));
  const sound = await openSound({ path, type: "audio/wav" });
  const second = [new Float32Array(SOUND_RATE)];
  const loudest = () => second[0]!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let n = 0; n < 2; n++) expect(sound.read(second)).toBe(SOUND_RATE);
  const file = await open(path, "r+");
  // from second 20½ on it becomes loud: it would stay silent if it had been read before
  await file.write(Buffer.alloc(100 * 8000 * 2, 0x40), 0, undefined, 44 + 20.5 * 8000 * 2);
  await file.close();
  for (let n = 2; n < 20; n++) sound.read(second);
  expect(loudest()).toBeLessThan(0.01);
  sound.read(second);
  expect(loudest()).toBeGreaterThan(0.4);
  await sound.close();
});
