import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Packet, Rational } from "node-av/lib";
import { afterAll, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { openEncoder, PICTURE_ENCODERS, toFrame } from "./encoders.ts";
import { openPictures } from "./film-file.ts";
import { filmFrames, readFilm } from "./film-reader.ts";
import { writeInGroups } from "./grouped-film.ts";
import { convertedMarks, marksOf } from "./marks.ts";
import { openMuxed } from "./muxed.ts";
import { SOUND_RATE } from "./resample.ts";
import { planSplice, writeSplice } from "./spliced-film.ts";
import { readVideo } from "./video-reader.ts";

const [WIDTH, HEIGHT, FRAMES, FPS] = [320, 176, 130, 25];
const signal = new AbortController().signal;
const dir = mkdtempSync(join(tmpdir(), "smileloop-groups-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Stripes that move, `by` levels brighter. */
function striped(n: number, by = 0): Uint8Array {
  const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  for (let i = 0; i < WIDTH * HEIGHT; i++) yuv[i] = 50 + by + (((i % WIDTH) + n * 3) % 96);
  return yuv;
}

type Made = { codec?: string; options?: Record<string, string | number>; at?: (n: number) => number };

/** `at`: when a frame is shown, in hundredths of a second. */
async function filmOf(name: string, { codec = "libx264", options = {}, at = (n) => 4 * n }: Made = {}) {
  const path = join(dir, name);
  const kind = { ...PICTURE_ENCODERS.h264, codec, options: { preset: "ultrafast", ...options } };
  const timeBase = new Rational(1, 100);
  const rate = new Rational(FPS, 1);
  const encoder = await openEncoder(kind, { width: WIDTH, height: HEIGHT, rate, timeBase });
  const film = await openMuxed({ path, container: "mp4", encoder, rate });
  for (let n = 0; n < FRAMES; n++) {
    const frame = toFrame(striped(n), WIDTH, HEIGHT, BigInt(at(n)));
    frame.duration = BigInt(at(n + 1) - at(n));
    await film.encode(frame);
    frame.free();
  }
  await film.finish();
  film.free();
  return path;
}

async function copied(path: string, name: string, even = true) {
  const stamps: number[] = [];
  await readFilm(path, { signal, maxSeconds: 60, onFrame: ({ seconds }) => void stamps.push(seconds) });
  const seconds = stamps.at(-1)! + 1 / FPS;
  const to = join(dir, name);
  const shape = { width: WIDTH, height: HEIGHT, fps: FPS, even, seconds, stamps };
  const marks = convertedMarks(provenance, {});
  const isThere = await writeInGroups(path, to, { ...shape, marks, provenance, signal, progress() {} });
  const times = even ? stamps.map((_, n) => n / FPS) : stamps;
  return { isThere, to, seconds, due: { times, slack: even ? 2e-5 : 1e-3 } };
}

/** Hashes, in the order of the file. */
async function packetsOf(path: string): Promise<string[]> {
  const { file, stream, close } = await openPictures(path);
  const packets: string[] = [];
  const packet = new Packet();
  packet.alloc();
  for (; file.readFrameSync(packet) >= 0; packet.unref()) {
    if (packet.streamIndex === stream.index) packets.push(createHash("sha256").update(packet.data!).digest("hex"));
  }
  packet.free();
  await close();
  return packets;
}

function silence(seconds: number) {
  let left = Math.round(seconds * SOUND_RATE);
  return {
    channels: 1 as const,
    read(into: Float32Array[]) {
      const count = Math.min(left, into[0]!.length);
      left -= count;
      return count;
    },
  };
}

// a phone in the dark lowers its rate
const uneven = (n: number) => (n < 60 ? 4 * n : 240 + 7 * (n - 60));

test.each<[string, Made, boolean]>([
  ["one group alone", { options: { g: 250, "x264-params": "scenecut=0" } }, true],
  ["HEVC", { codec: "libx265", options: { "x265-params": "log-level=none" } }, true],
  ["frames that are unevenly apart", { options: { g: 250, bf: 0 }, at: uneven }, false],
])("%s: of a copy in groups only those with other pictures are encoded", async (name, made, even) => {
  const base = await filmOf(`${name}.mp4`, made);
  const { isThere, to: copy, seconds, due } = await copied(base, `${name}-copy.mp4`, even);
  expect(isThere).toBe(true);
  const isChanged = (n: number) => n >= 8 && n < 20;
  const changed = due.times.map((_, n) => isChanged(n));
  expect(await planSplice(base, { changed, ...due })).toBeNull();
  const splice = (await planSplice(copy, { changed, ...due }))!;
  const [to, drawn] = [join(dir, `${name}-made.mp4`), [] as number[]];
  const picture = async (n: number) => {
    drawn.push(n);
    return striped(n, isChanged(n) ? 60 : 0);
  };
  await writeSplice(splice, { to, picture, sound: silence(seconds), seconds, marks: marksOf(provenance), signal });
  expect(drawn.length).toBeLessThanOrEqual(50);
  const [was, is] = [await packetsOf(copy), await packetsOf(to)];
  expect(is).toHaveLength(FRAMES);
  expect(is.slice(50)).toEqual(was.slice(50));
  const stamps: number[] = [];
  await readFilm(to, { signal, maxSeconds: 60, onFrame: ({ seconds }) => void stamps.push(seconds) });
  for (const [n, at] of stamps.entries()) expect(Math.abs(at - due.times[n]!), `${n}`).toBeLessThan(2e-3);
  const film = filmFrames(to, stamps, signal);
  for (const n of [0, 7, 8, 19, 20, 49, 50, 100, FRAMES - 1]) {
    const own = striped(n);
    const level = (await film.at(n)).subarray(0, 4000).reduce((sum, value, i) => sum + value - own[i]!, 0) / 4000;
    expect(Math.abs(level - (isChanged(n) ? 60 : 0)), `${n}`).toBeLessThan(6);
  }
  await film.close();
  expect(await readVideo(to)).toMatchObject({ frames: FRAMES });
});

test("a video whose own pictures can be copied in parts, or that is short, has no copy", async () => {
  const grouped = await copied(await filmOf("grouped.mp4", { options: { g: 25 } }), "grouped-copy.mp4");
  const quick = await filmOf("short.mp4", { options: { g: 250 }, at: (n) => n });
  const short = await copied(quick, "short-copy.mp4", false);
  expect([grouped.isThere, short.isThere]).toEqual([false, false]);
  expect([grouped.to, short.to].some((path) => existsSync(path))).toBe(false);
});
