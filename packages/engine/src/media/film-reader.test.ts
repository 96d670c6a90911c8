import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { film } from "../services/film.ts";
import { filmFrames, frameAt, readFilm } from "./film-reader.ts";
import { readVideo } from "./video-reader.ts";
import { openVideoWriter } from "./video-writer.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-film-"));
afterAll(() => rmSync(dir, { recursive: true }));
const path = join(dir, "film.mp4");
const signal = new AbortController().signal;
const FRAMES = 60;
const [width, height] = [64, 48];

/** Each frame has a brightness of its own. */
beforeAll(async () => {
  const writer = await openVideoWriter({ path, width, height, fps: 30, provenance });
  for (let n = 0; n < FRAMES; n++) await writer.write(new Uint8Array((width * height * 3) / 2).fill(40 + 3 * n));
  await writer.close();
});

async function all() {
  const stamps: number[] = [];
  const frames: Uint8Array[] = [];
  const shape = await readFilm(path, {
    ...{ signal, maxSeconds: 10 },
    onFrame: ({ seconds, yuv }) => {
      stamps.push(seconds);
      frames.push(yuv());
    },
  });
  return { stamps, frames, shape };
}

test("every frame comes with its time, as it was encoded", async () => {
  const { stamps, frames, shape } = await all();
  expect(shape).toEqual({ width, height, faults: 0, faultSeconds: 0 });
  expect(stamps).toHaveLength(FRAMES);
  expect(stamps[31]).toBeCloseTo(31 / 30);
  for (const [n, yuv] of frames.entries()) expect(Math.abs(yuv[1000]! - (40 + 3 * n))).toBeLessThanOrEqual(2);
});

test("forwards, backwards and again a frame is the same", async () => {
  const { stamps, frames } = await all();
  const reader = filmFrames(path, stamps, signal);
  const order = [0, 1, 2, 10, 59, 58, 57, 40, 39, 3, 0, 59, 59, 20];
  for (const n of order) expect(Buffer.compare(await reader.at(n), frames[n]!)).toBe(0);
  await reader.close();
});

test("a time shows the frame that has begun, though containers round their stamps", () => {
  const stamps = [0, 0.033, 0.067, 0.1];
  expect([0, 1 / 30, 2 / 30, 3 / 30, 9].map((at) => frameAt(stamps, at, 30))).toEqual([0, 1, 2, 3, 3]);
  expect(frameAt([0, 0.5, 1], 0.7, 25)).toBe(1);
});

test("a video says what it is without being decoded", async () => {
  const request = { type: "film" as const, run: "r", inputs: { video: [{ path, type: "video/mp4" }] } };
  const found = await film({ ...request, limits: { seconds: 10 } }, { signal });
  expect(found).toEqual({
    width,
    height,
    fps: 30,
    even: true,
    frames: FRAMES,
    seconds: expect.closeTo(2),
    begins: 0,
    sound: false,
    warnings: [],
  });
  const long = film({ ...request, limits: { seconds: 1 } }, { signal });
  await expect(long).rejects.toMatchObject({ code: "input_too_large", input: "video" });
});

test.each(["mp4", "webm"])("frames at times of their own come back at these times, out of a %s", async (format) => {
  const apart = [33, 34, 50, 67, 20, 33];
  const times = [0];
  for (let n = 0; n < 40; n++) times.push(times[n]! + apart[n % apart.length]! / 1000);
  const uneven = join(dir, `uneven.${format}`);
  const rate = 40 / times.at(-1)!;
  const writer = await openVideoWriter({ path: uneven, width, height, fps: rate, times, provenance });
  for (let n = 0; n < 40; n++) await writer.write(new Uint8Array((width * height * 3) / 2).fill(40 + 4 * n));
  await writer.close();

  const { times: shown, constantRate } = await readVideo(uneven);
  expect(constantRate).toBe(false);
  expect(shown).toEqual(times.slice(0, -1).map((at) => expect.closeTo(at, 4)));
  const inputs = { video: [{ path: uneven, type: `video/${format}` }] };
  const found = await film({ type: "film", run: "r", inputs, limits: { seconds: 10 } }, { signal });
  expect(found).toMatchObject({ even: false, frames: 40, seconds: expect.closeTo(times.at(-1)!, 1) });
  expect(found.stamps).toEqual(shown);
});

describe("a damaged video", () => {
  const [wide, high, count] = [160, 120, 200];
  let whole: Buffer;
  beforeAll(async () => {
    const long = join(dir, "long.mp4");
    const writer = await openVideoWriter({ path: long, width: wide, height: high, fps: 25, provenance });
    const random = randomFrom(4);
    const yuv = new Uint8Array((wide * high * 3) / 2).fill(128);
    for (let n = 0; n < count; n++) {
      for (let i = 0; i < wide * high; i++) yuv[i] = 100 + 60 * Math.sin((i % wide) / 9 + n / 4) + 9 * random();
      await writer.write(yuv);
    }
    await writer.close();
    whole = readFileSync(long);
  });
  const read = async (bytes: Buffer) => {
    const file = join(dir, "damaged.mp4");
    writeFileSync(file, bytes);
    const inputs = { video: [{ path: file, type: "video/mp4" }] };
    const found = await film({ type: "film", run: "r", inputs, limits: { seconds: 20 } }, { signal });
    const stamps: number[] = [];
    const onFrame = ({ seconds }: { seconds: number }) => {
      stamps.push(seconds);
    };
    return { file, found, stamps, ...(await readFilm(file, { signal, maxSeconds: 20, onFrame })) };
  };

  test("that ends too early is told with both lengths, and its frames are there up to the end", async () => {
    const { file, found, stamps } = await read(whole.subarray(0, Math.floor(whole.length * 0.6)));
    const detail = expect.stringMatching(/should last 8\.0 s, and [45]\.\d s of it can be read/);
    expect(found.warnings).toEqual([{ code: "video_damaged", detail }]);
    expect(found.seconds).toBeLessThan(6);
    const packets = Array.from({ length: found.frames }, (_, n) => n / 25);
    const reader = filmFrames(file, packets, signal);
    for (const n of [10, found.frames - 1, 20]) expect(await reader.at(n)).toHaveLength((wide * high * 3) / 2);
    await reader.close();
    expect(stamps.length).toBeGreaterThan(80);
  });

  test("with a hole in it tells how many frames are lost and where, and has one for each time", async () => {
    const holed = Buffer.from(whole).fill(0, Math.floor(whole.length * 0.5), Math.floor(whole.length * 0.6));
    const { file, found, stamps, faults, faultSeconds } = await read(holed);
    expect(found.frames).toBe(count);
    expect(faults).toBeGreaterThan(4);
    expect(faultSeconds).toBeGreaterThan(2);
    expect(faultSeconds).toBeLessThan(6);
    expect(stamps.length).toBeLessThan(count);
    const packets = Array.from({ length: count }, (_, n) => n / 25);
    const reader = filmFrames(file, packets, signal);
    for (let n = 0; n < count; n++) expect(await reader.at(n)).toHaveLength((wide * high * 3) / 2);
    await reader.close();
  });
});
