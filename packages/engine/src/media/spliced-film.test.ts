import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AV_PKT_FLAG_KEY } from "node-av/constants";
import { Packet, Rational } from "node-av/lib";
import { afterAll, expect, test } from "vitest";
import { openEncoder, PICTURE_ENCODERS, toFrame } from "./encoders.ts";
import { openPictures } from "./film-file.ts";
import { marksOf } from "./marks.ts";
import { openMuxed } from "./muxed.ts";
import { SOUND_RATE } from "./resample.ts";
import { planSplice, writeSplice } from "./spliced-film.ts";
import { readVideo } from "./video-reader.ts";

const [WIDTH, HEIGHT, FRAMES, GROUP] = [320, 176, 40, 10];
const signal = new AbortController().signal;
const marks = marksOf({ job: "0".repeat(32), engine: "warp", version: "0", mark: null });
const dir = mkdtempSync(join(tmpdir(), "smileloop-splice-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Stripes that move, `by` levels brighter. */
function striped(n: number, by = 0): Uint8Array {
  const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  for (let i = 0; i < WIDTH * HEIGHT; i++) yuv[i] = 50 + by + (((i % WIDTH) + n * 3) % 96);
  return yuv;
}

type Codec = { codec?: string; options?: Record<string, string | number>; times?: (n: number) => number };

/** As cameras and editors write them: a group every 10 frames, pictures in another order than they are shown. */
async function filmOf(name: string, { codec, options, times = (n) => n }: Codec = {}): Promise<string> {
  const path = join(dir, name);
  const usual = { preset: "veryfast", crf: 20, g: GROUP, bf: 2, "x264-params": "scenecut=0" };
  const kind = { ...PICTURE_ENCODERS.h264, ...(codec && { codec }), options: { ...usual, ...options } };
  const rate = new Rational(25, 1);
  const encoder = await openEncoder(kind, { width: WIDTH, height: HEIGHT, rate });
  const film = await openMuxed({ path, container: "mp4", encoder, rate });
  for (let n = 0; n < FRAMES; n++) {
    const frame = toFrame(striped(n), WIDTH, HEIGHT, BigInt(times(n)));
    frame.duration = 1n;
    await film.encode(frame);
    frame.free();
  }
  await film.finish();
  film.free();
  return path;
}

function asked(changed: readonly number[]) {
  const all = Array.from({ length: FRAMES }, (_, n) => n);
  return { changed: all.map((n) => changed.includes(n)), times: all.map((n) => n / 25), slack: 2e-5 };
}

/** By number in the order of the file. */
async function packetsOf(path: string) {
  const { file, stream, close } = await openPictures(path);
  const tick = stream.timeBase.toDouble();
  const packets: { hash: string; pts: number; dts: number; isKey: boolean }[] = [];
  const packet = new Packet();
  packet.alloc();
  for (; file.readFrameSync(packet) >= 0; packet.unref()) {
    if (packet.streamIndex !== stream.index) continue;
    const [pts, dts] = [packet.pts, packet.dts].map((at) => Math.round(Number(at) * tick * 1e4) / 1e4);
    const hash = createHash("sha256").update(packet.data!).digest("hex");
    packets.push({ hash, pts: pts!, dts: dts!, isKey: (packet.flags & AV_PKT_FLAG_KEY) !== 0 });
  }
  packet.free();
  await close();
  return packets;
}

function silence(seconds: number) {
  let left = seconds * SOUND_RATE;
  return {
    channels: 1 as const,
    read(into: Float32Array[]) {
      const count = Math.min(left, into[0]!.length);
      left -= count;
      return count;
    },
  };
}

async function spliced(path: string, changed: readonly number[]) {
  const splice = await planSplice(path, asked(changed));
  if (!splice) throw new Error("the video was to be spliced");
  const drawn: number[] = [];
  const to = join(dir, "spliced.mp4");
  const picture = async (n: number) => {
    drawn.push(n);
    return striped(n, changed.includes(n) ? 60 : 0);
  };
  await writeSplice(splice, { to, picture, sound: silence(FRAMES / 25), seconds: FRAMES / 25, marks, signal });
  return { to, drawn };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
const PLAIN = { profile: "baseline", bf: 0 };

test.each<[string, Codec["options"], readonly number[], readonly number[]]>([
  ["High, with B-frames", {}, [13, 14], numbers(10, 20)],
  ["High, from the first group on", {}, [0, 1], numbers(0, 10)],
  ["High, several groups", {}, [19, 20, 39], [...numbers(10, 30), ...numbers(30, 40)]],
  ["Main", { profile: "main" }, [25], numbers(20, 30)],
  ["Baseline", PLAIN, [5], numbers(0, 10)],
])("%s: the groups with other pictures are encoded, and the rest is copied", async (name, options, changed, due) => {
  const base = await filmOf(`${name}.mp4`, { options: { profile: "high", ...options } });
  const { to, drawn } = await spliced(base, changed);
  expect(drawn).toEqual(due);
  const [was, is] = [await packetsOf(base), await packetsOf(to)];
  const first = was[0]!.pts;
  expect(is.map(({ pts }) => pts).sort((a, b) => a - b)).toEqual(numbers(0, FRAMES).map((n) => n / 25));
  expect(is.map(({ dts }) => dts)).toEqual(was.map(({ dts }) => Math.round((dts - first) * 1e4) / 1e4));
  for (const [n, packet] of is.entries()) {
    const group = Math.floor(n / GROUP);
    if (due.includes(n)) expect(packet.hash, `${n}`).not.toBe(was[n]!.hash);
    else expect(packet.hash, `${n}`).toBe(was[n]!.hash);
    if (n === group * GROUP) expect(packet.isKey, `${n}`).toBe(true);
  }
  // any fault of a picture, and any that is missing, is an error of `readVideo`
  const levels: number[] = [];
  const onFrame = ({ yuv, index }: { yuv: () => Uint8Array; index: number }) => {
    const [seen, own] = [yuv(), striped(index)];
    levels.push(seen.subarray(0, 4000).reduce((sum, value, i) => sum + value - own[i]!, 0) / 4000);
  };
  const info = await readVideo(to, { onFrame, fps: 25 });
  expect(info).toMatchObject({ frames: FRAMES, constantRate: true, fps: 25, otherStreams: 1 });
  for (const [n, level] of levels.entries())
    expect(Math.abs(level - (changed.includes(n) ? 60 : 0)), `${n}`).toBeLessThan(6);
});

test.each<[string, Codec]>([
  ["one group alone", { options: { g: 250 } }],
  ["groups that reach into one another", { options: { "x264-params": "scenecut=0:open-gop=1" } }],
  ["another codec", { codec: "libx265", options: { "x264-params": "", "x265-params": "log-level=none" } }],
  ["frames that are not shown when they are due", { times: (n) => n + (n > 20 ? 1 : 0) }],
])("%s: the whole video has to be encoded", async (name, codec) => {
  expect(await planSplice(await filmOf(`${name}.mp4`, codec), asked([13, 14]))).toBeNull();
});

test("where every group has another picture nothing is copied", async () => {
  const path = await filmOf("all.mp4");
  expect(await planSplice(path, asked([3, 13, 23, 33]))).toBeNull();
});
