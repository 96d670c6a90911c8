import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreviewRequest } from "@smileloop/core/engine/preview-service.ts";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { clickTrack, wavOf } from "../../../../test/support/sounds.ts";
import { readFilm } from "../media/film-reader.ts";
import { decodePicture } from "../media/picture.ts";
import { openSound } from "../media/sound-reader.ts";
import { readVideo } from "../media/video-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { preview } from "./preview.ts";

const provenance = { job: "0192f", engine: "warp", version: "1.2.3", mark: null };
const SPEC = { width: 640, height: 480, fps: 25, frames: 10 };
const context = { signal: new AbortController().signal, progress: () => {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop preview "));
afterAll(() => rmSync(dir, { recursive: true }));

const file = (name: string) => join(dir, name);
const [DARK, LIGHT] = [60, 180];

/** Dark on the left, light on the right. */
async function film(name: string, times?: number[]): Promise<string> {
  const { width, height } = SPEC;
  writeFileSync(file("clicks.wav"), wavOf(clickTrack({ seconds: 0.4, clicks: [0.1], rate: 48_000 }), 48_000));
  const sound = await openSound({ path: file("clicks.wav"), type: "audio/wav" });
  const writer = await openVideoWriter({ path: file(name), width, height, fps: SPEC.fps, times, provenance, sound });
  const yuv = new Uint8Array((width * height * 3) / 2).fill(128, width * height);
  for (let i = 0; i < width * height; i++) yuv[i] = i % width < width / 2 ? DARK : LIGHT;
  for (let n = 0; n < SPEC.frames; n++) await writer.write(yuv);
  await writer.close();
  await sound.close();
  return file(name);
}

const order = (name: string) => ({ path: file(name), seed: 5 });
const ask = (asked: Pick<PreviewRequest, "film" | "outputs">, path: string, type: string) =>
  preview({ type: "preview", run: "1", inputs: { file: [{ path, type }] }, provenance, ...asked }, context);

/** Share of the samples of each quarter that are neither as dark nor as light as the picture was there. */
function marked(
  luma: (x: number, y: number) => number,
  { width, height }: { width: number; height: number },
): number[] {
  const counts = [0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (Math.abs(x - width / 2) < 6) continue;
      const was = x < width / 2 ? DARK : LIGHT;
      if (Math.abs(luma(x, y) - was) > 15) counts[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]!++;
    }
  }
  return counts.map((count) => (4 * count) / (width * height));
}

test("a video becomes a small one with the mark all over, as long and with its sound; the poster has the mark, too", async () => {
  const poster = { path: file("poster.jpg"), frame: 3 };
  const outputs = { preview: order("small.mp4"), poster };
  const { preview: made } = await ask(
    { film: { ...SPEC, sound: true }, outputs },
    await film("clean.mp4"),
    "video/mp4",
  );
  expect(made).toEqual({ type: "video/mp4", width: 480, height: 360 });
  const shares: number[][] = [];
  const onFrame = ({ yuv }: { yuv: () => Uint8Array }) => {
    const plane = yuv();
    shares.push(marked((x, y) => plane[y * made.width + x]!, made));
  };
  const read = await readVideo(outputs.preview.path, { onFrame });
  expect([read.width, read.height, shares.length]).toEqual([480, 360, SPEC.frames]);
  for (const quarters of shares) for (const share of quarters) expect(share).toBeGreaterThan(0.05);
  const sound = await openSound({ path: outputs.preview.path, type: "video/mp4" });
  expect(sound.channels).toBe(1);
  await sound.close();
  const picture = await decodePicture(poster.path);
  expect([picture.width, picture.height]).toEqual([480, 360]);
  for (const share of marked((x, y) => toLuma(picture.data[(y * 480 + x) * 3]!), picture)) {
    expect(share).toBeGreaterThan(0.05);
  }
});

test("frames that are not evenly apart are shown when those of the video are", async () => {
  const times = Array.from({ length: SPEC.frames + 1 }, (_, n) => n * 0.04 + (n > 4 ? 0.1 : 0));
  const outputs = { preview: order("uneven.mp4") };
  await ask({ film: { ...SPEC, sound: false, times }, outputs }, await film("uneven-clean.mp4", times), "video/mp4");
  const shown: number[] = [];
  const { signal } = context;
  const onFrame = ({ seconds }: { seconds: number }) => void shown.push(seconds);
  await readFilm(outputs.preview.path, { signal, maxSeconds: 9, onFrame });
  expect(shown.map((seconds) => Math.round(seconds * 100) / 100)).toEqual(
    times.slice(0, -1).map((seconds) => Math.round(seconds * 100) / 100),
  );
});

test("a video that ends too early leaves no preview", async () => {
  const outputs = { preview: order("none.mp4") };
  const asked = { film: { ...SPEC, frames: 12, sound: false }, outputs };
  await expect(ask(asked, await film("short.mp4"), "video/mp4")).rejects.toMatchObject({ code: "engine_failed" });
  await expect(decodePicture(outputs.preview.path)).rejects.toThrow();
});

test.each([
  [1001, 750, { width: 480, height: 360 }],
  [33, 21, { width: 32, height: 20 }],
])("a picture of %i × %i becomes a JPEG with the mark, also where its sides are odd", async (width, height, size) => {
  const half = await sharp({ create: { width: width >> 1, height, channels: 3, background: grey(DARK) } })
    .png()
    .toBuffer();
  const picture = sharp({ create: { width, height, channels: 4, background: grey(LIGHT) } });
  await picture
    .composite([{ input: half, left: 0, top: 0 }])
    .png()
    .toFile(file("clean.png"));
  const outputs = { preview: order("small.jpg") };
  const { preview: made } = await ask({ outputs }, file("clean.png"), "image/png");
  expect(made).toEqual({ type: "image/jpeg", ...size });
  const small = await decodePicture(outputs.preview.path);
  expect([small.width, small.height]).toEqual([size.width, size.height]);
  for (const share of marked((x, y) => toLuma(small.data[(y * small.width + x) * 3]!), small)) {
    expect(share).toBeGreaterThan(0.05);
  }
});

/** Of grey. */
function toLuma(level: number): number {
  return 16 + (level * 219) / 255;
}

function grey(luma: number) {
  const level = Math.round(((luma - 16) * 255) / 219);
  return { r: level, g: level, b: level };
}
