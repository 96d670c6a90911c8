import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AV_PIX_FMT_YUV420P, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import { FormatContext, Packet } from "node-av/lib";
import { afterAll, expect, test } from "vitest";
import { clicksIn, clickTrack, heardIn, wavOf } from "../../../../test/support/sounds.ts";
import { frameRate, openEncoder, toFrame } from "./encoders.ts";
import { copyFilmSound, openFilmSound } from "./film-sound.ts";
import { openMuxed } from "./muxed.ts";
import { openSound, type Sound } from "./sound-reader.ts";
import { openVideoWriter } from "./video-writer.ts";

const provenance = { job: "0192f", engine: "warp", version: "1.2.3", mark: null };
const dir = mkdtempSync(join(tmpdir(), "smileloop-sound-copy-"));
afterAll(() => rmSync(dir, { recursive: true }));
const RATE = 48_000;
const CLICKS = [0.21, 0.8, 1.3, 2.4];
const grey = new Uint8Array((64 * 64 * 3) / 2).fill(128);

type Shown = Partial<Parameters<typeof openVideoWriter>[0]> & { frames: number };

async function film(name: string, { frames, ...more }: Shown): Promise<string> {
  const path = join(dir, name);
  const writer = await openVideoWriter({ path, width: 64, height: 64, fps: 25, provenance, ...more });
  for (let n = 0; n < frames; n++) await writer.write(grey);
  await writer.close();
  return path;
}

/** A video of three seconds with clicks, whose first frame comes `begins` s after the first sound. */
async function clicking(name: string, begins = 0): Promise<string> {
  const wav = join(dir, `${name}.wav`);
  writeFileSync(wav, wavOf(clickTrack({ seconds: 3, clicks: CLICKS, rate: RATE, channels: 2 }), RATE));
  const sound = await openSound({ path: wav, type: "audio/wav" });
  const frames = Math.round((3 - begins) * 25);
  const times = Array.from({ length: frames + 1 }, (_, n) => begins + n / 25);
  const path = await film(name, { frames, sound, ...(begins > 0 && { times }) });
  await sound.close();
  return path;
}

async function copied(given: string | EngineFile, name: string, frames: number) {
  const copy = (await copyFilmSound(typeof given === "string" ? { path: given, type: "video/mp4" } : given))!;
  const made = await film(name, { frames, copy });
  await copy.close();
  return { path: made, audio: copy.audio };
}

const packetsOf = (path: string) => soundIn(path, (packet) => packet.data!.toString("hex"));
const timesOf = (path: string) => soundIn(path, (packet) => packet.pts);

/** Of each packet of the sound. */
async function soundIn<T>(path: string, told: (packet: Packet) => T): Promise<T[]> {
  const file = new FormatContext();
  await file.openInput(`file:${path}`);
  const sound = file.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO)!;
  const packet = new Packet();
  packet.alloc();
  const all: T[] = [];
  while (file.readFrameSync(packet) >= 0) {
    if (packet.streamIndex === sound.index) all.push(told(packet));
    packet.unref();
  }
  packet.free();
  await file.closeInput();
  return all;
}

/** The same streams in another container. */
async function matroskaOf(path: string, name: string): Promise<string> {
  const [from, to] = [new FormatContext(), new FormatContext()];
  const packet = new Packet();
  packet.alloc();
  await from.openInput(`file:${path}`);
  await from.findStreamInfo(null);
  to.allocOutputContext2(null, "matroska", `file:${join(dir, name)}`);
  for (const { codecpar, timeBase } of from.streams) {
    const stream = to.newStream();
    codecpar.copy(stream.codecpar);
    stream.codecpar.codecTag = 0;
    stream.timeBase = timeBase;
  }
  to.openOutputSync();
  to.writeHeaderSync();
  while (from.readFrameSync(packet) >= 0) {
    const at = packet.streamIndex;
    packet.rescaleTs(from.streams[at]!.timeBase, to.streams[at]!.timeBase);
    to.interleavedWriteFrameSync(packet);
  }
  await to.writeTrailer();
  await to.closeOutput();
  to.freeContext();
  packet.free();
  await from.closeInput();
  return join(dir, name);
}

test("a sound is copied packet by packet, stays at its place, and ends with the video", async () => {
  const given = await clicking("given.mp4");
  const { path, audio } = await copied(given, "copied.mp4", 50);
  expect(audio).toEqual({ codec: "aac", channels: 2, sample_rate: RATE });
  const [was, is] = [await packetsOf(given), await packetsOf(path)];
  expect(is.length).toBeGreaterThan(90);
  expect(is).toEqual(was.slice(0, is.length));
  const heard = (await heardIn(path))!;
  const clicks = clicksIn(heard);
  for (const [nth, at] of CLICKS.slice(0, 3).entries()) expect(clicks[nth]).toBeCloseTo(at, 3);
  expect(clicks).toHaveLength(3);
});

test("that of a Matroska file, too, whose times are rounded to a millisecond", async () => {
  const mp4 = await clicking("from.mp4");
  const given = await matroskaOf(mp4, "given.mkv");
  const { path, audio } = await copied({ path: given, type: "video/x-matroska" }, "of-mkv.mp4", 50);
  expect(audio).toEqual({ codec: "aac", channels: 2, sample_rate: RATE });
  const is = await packetsOf(path);
  expect(is.length).toBeGreaterThan(90);
  expect(is).toEqual((await packetsOf(given)).slice(0, is.length));
  const clicks = clicksIn((await heardIn(path))!);
  expect(clicks).toEqual(CLICKS.slice(0, 3).map((at) => expect.closeTo(at, 2) as number));
  // packets follow one another without gaps
  const steps = (await timesOf(path)).map((at, nth, all) => at - (all[nth - 1] ?? at - 1024n));
  expect(new Set(steps)).toEqual(new Set([1024n]));
});

test("what lies before the first frame is not heard, and what follows is not off", async () => {
  const { path } = await copied(await clicking("late.mp4", 0.5), "from.mp4", 40);
  const heard = await openSound({ path, type: "video/mp4" });
  const samples = [new Float32Array(2 * RATE), new Float32Array(2 * RATE)];
  const count = heard.read(samples);
  await heard.close();
  expect(count / RATE).toBeCloseTo(1.6, 1);
  const clicks = clicksIn({ samples, rate: RATE, from: 0, codec: "", channels: 2, bitRate: 0, to: 0 });
  expect(clicks).toEqual([expect.closeTo(0.3, 3), expect.closeTo(0.8, 3)]);
});

test("another kind of sound, and none, is not copied", async () => {
  const silent = await film("silent.mp4", { frames: 3 });
  expect(await copyFilmSound({ path: silent, type: "video/mp4" })).toBeNull();
  const given = await clicking("other.webm");
  expect(await copyFilmSound({ path: given, type: "video/webm" })).toBeNull();
});

test("the sound of an AVI is read", async () => {
  const wav = join(dir, "avi.wav");
  writeFileSync(wav, wavOf(clickTrack({ seconds: 1, clicks: [0.4], rate: RATE }), RATE));
  const given = await openSound({ path: wav, type: "audio/wav" });
  const path = join(dir, "film.avi");
  const rate = frameRate(25);
  const codec = { codec: "mpeg4", pixels: AV_PIX_FMT_YUV420P, options: {} } as const;
  const encoder = await openEncoder(codec, { width: 64, height: 64, rate });
  const muxed = await openMuxed({
    ...{ path, container: "avi", encoder, rate, frameTicks: 1n, sound: given, soundEncoder: "mp3" },
  });
  for (let n = 0n; n < 25n; n++) {
    const frame = toFrame(grey, 64, 64, n);
    await muxed.encode(frame);
    frame.free();
  }
  await muxed.finish();
  muxed.free();
  await given.close();
  expect(await copyFilmSound({ path, type: "video/x-msvideo" })).toBeNull();
  const sound = (await openFilmSound({ path, type: "video/x-msvideo" })) as Sound;
  const read = [new Float32Array(RATE)];
  expect(sound.read(read)).toBeGreaterThan(0.9 * RATE);
  await sound.close();
  const [click] = clicksIn({ samples: read, rate: RATE, from: 0, codec: "", channels: 1, bitRate: 0, to: 0 });
  expect(click).toBeCloseTo(0.4, 1);
});
