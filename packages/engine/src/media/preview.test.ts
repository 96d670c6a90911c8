import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodePicture } from "./picture.ts";
import { readVideo } from "./video-reader.ts";
import { openVideoWriter } from "./video-writer.ts";

const provenance = { job: "0192f", engine: "warp", version: "1.2.3", mark: null };
const [WIDTH, HEIGHT, FRAMES] = [512, 600, 6];
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop preview "));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Dark on the left, light on the right, a little lighter with each frame. */
function picture(n: number): Uint8Array {
  const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128, WIDTH * HEIGHT);
  for (let i = 0; i < WIDTH * HEIGHT; i++) yuv[i] = (i % WIDTH < WIDTH / 2 ? 40 : 200) + n * 2;
  return yuv;
}

async function write(name: string, seed: number, preview = true) {
  const [video, small, poster] = ["video", "preview", "poster"].map((part) => join(dir, `${name}-${part}`));
  const files = { video: `${video}.mp4`, preview: `${small}.mp4`, poster: `${poster}.jpg` };
  const order = preview ? { preview: { path: files.preview, seed } } : {};
  const size = { width: WIDTH, height: HEIGHT, fps: 25 };
  const writer = await openVideoWriter({
    ...{ path: files.video, ...size, provenance, poster: { path: files.poster, frame: 2 }, ...order },
  });
  for (let n = 0; n < FRAMES; n++) await writer.write(picture(n));
  await writer.close();
  return files;
}

async function framesOf(path: string) {
  const frames: Uint8Array[] = [];
  const info = await readVideo(path, { onFrame: ({ yuv }) => void frames.push(Uint8Array.from(yuv())) });
  return { ...info, yuv: frames };
}

/** Share of the samples of each of 4 × 4 parts of a frame that lie far from the picture without a mark. */
function marked(yuv: Uint8Array, { width, height }: { width: number; height: number }, n: number): number[] {
  const counts = new Array<number>(16).fill(0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const was = (x < width / 2 ? 40 : 200) + n * 2;
      if (Math.abs(x - width / 2) < 4 || Math.abs(yuv[y * width + x]! - was) < 12) continue;
      counts[Math.floor((y * 4) / height) * 4 + Math.floor((x * 4) / width)]!++;
    }
  }
  return counts.map((count) => (count * 16) / (width * height));
}

test("a preview is small and marked all over, on light and dark, and the mark stands still", async () => {
  const files = await write("a", 1);
  const preview = await framesOf(files.preview);
  expect(preview).toMatchObject({ width: 360, height: 422, fps: 25, frames: FRAMES });
  for (const [n, yuv] of preview.yuv.entries()) expect(Math.min(...marked(yuv, preview, n))).toBeGreaterThan(0.05);
  const [first, last] = [preview.yuv[0]!, preview.yuv.at(-1)!];
  const moved = first.subarray(0, 360 * 422).filter((value, i) => Math.abs(last[i]! - value - 10) > 20).length;
  expect(moved / (360 * 422)).toBeLessThan(0.01);
  const poster = await decodePicture(files.poster);
  expect(poster).toMatchObject({ width: 360, height: 422 });
});

test("the clean file is what it is without a preview, bit by bit in its pictures", async () => {
  const [both, alone] = [await write("b", 1), await write("c", 1, false)];
  const [one, other] = [await framesOf(both.video), await framesOf(alone.video)];
  expect(one).toMatchObject({ width: WIDTH, height: HEIGHT });
  expect(one.yuv.every((yuv, n) => Buffer.compare(yuv, other.yuv[n]!) === 0)).toBe(true);
  expect(Math.max(...marked(one.yuv[0]!, one, 0))).toBeLessThan(0.01);
});

test("where the mark is differs from seed to seed", async () => {
  const [one, other] = [await framesOf((await write("d", 1)).preview), await framesOf((await write("e", 2)).preview)];
  const luma = one.width * one.height;
  const differ = one.yuv[0]!.subarray(0, luma).filter((value, i) => Math.abs(value - other.yuv[0]![i]!) > 12).length;
  expect(differ / luma).toBeGreaterThan(0.1);
});

test("where one of the two files can't be written, there is none of them", async () => {
  const path = join(dir, "f.mp4");
  const preview = { path: join(dir, "missing", "preview.mp4"), seed: 1 };
  const options = { path, width: WIDTH, height: HEIGHT, fps: 25, provenance };
  await expect(openVideoWriter({ ...options, preview })).rejects.toMatchObject({ code: "engine_failed" });
  const inner = join(dir, "g.mp4");
  const noClean = { ...options, path: join(dir, "missing", "video.mp4"), preview: { path: inner, seed: 1 } };
  await expect(openVideoWriter(noClean)).rejects.toMatchObject({ code: "engine_failed" });
  const stopped = await openVideoWriter({ ...options, preview: { path: inner, seed: 1 } });
  await stopped.write(picture(0));
  await stopped.abort();
  expect([path, inner].map((each) => existsSync(each))).toEqual([false, false]);
});
