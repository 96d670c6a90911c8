import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLuma } from "@smileloop/core/engine/luma-service.ts";
import { hasCode } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { luma } from "./luma.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop luma "));
afterAll(() => rmSync(dir, { recursive: true }));

async function lumaOf(path: string, type: string, signal = new AbortController().signal) {
  const to = join(dir, "luma");
  const inputs = { file: [{ path, type }] };
  const { pictures } = await luma({ type: "luma", run: "1", inputs, outputs: { luma: to } }, { signal });
  return readLuma(await readFile(to), pictures);
}

/** Frames whose luma rises by 4 from 60 on. */
async function clip(name: string, { width = 96, height = 64, frames = 18 } = {}): Promise<string> {
  const path = join(dir, name);
  const writer = await openVideoWriter({ path, width, height, fps: 25, provenance });
  for (let n = 0; n < frames; n++) {
    await writer.write(new Uint8Array((width * height * 3) / 2).fill(128).fill(60 + 4 * n, 0, width * height));
  }
  await writer.close();
  return path;
}

const middle = ({ width, height, data }: { width: number; height: number; data: Float32Array }) =>
  data[Math.floor(height / 2) * width + Math.floor(width / 2)]!;

test.each([
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
])("of a clip there are the mean of all frames and of three parts: %s", async (ending, type) => {
  const pictures = await lumaOf(await clip(`a.${ending}`), type);
  expect(pictures.map(({ width, height }) => [width, height])).toEqual(Array(4).fill([96, 64]));
  const [all, ...parts] = pictures.map(middle) as [number, number, number, number];
  // of 18 frames every other one is looked at: 60 … 124
  expect(all).toBeGreaterThan(88);
  expect(all).toBeLessThan(96);
  expect(parts[0]).toBeLessThan(74);
  expect(parts[2]).toBeGreaterThan(110);
});

test("of a picture there is one, of limited range, its longer side 512 at most", async () => {
  const path = join(dir, "white.png");
  await sharp({ create: { width: 1200, height: 600, channels: 3, background: "#fff" } }).toFile(path);
  const [picture, ...more] = await lumaOf(path, "image/png");
  expect(more).toEqual([]);
  expect([picture!.width, picture!.height]).toEqual([512, 256]);
  expect(middle(picture!)).toBeCloseTo(235, 3);
});

test("a large video is made small by means of what each sample covers", async () => {
  const [all] = await lumaOf(await clip("large.mp4", { width: 1024, height: 720, frames: 2 }), "video/mp4");
  expect([all!.width, all!.height]).toEqual([512, 360]);
  expect(middle(all!)).toBeGreaterThan(60);
  expect(middle(all!)).toBeLessThan(65);
});

test("what cannot be read fails as elsewhere, and what is canceled with its reason", async () => {
  const path = join(dir, "bad.mp4");
  await writeFile(path, "no video at all, but long enough to be looked at by the demuxer");
  await expect(lumaOf(path, "video/mp4")).rejects.toSatisfy((error) => hasCode(error, "input_unreadable"));
  const empty = await clip("empty.mp4");
  const bytes = await readFile(empty);
  await writeFile(empty, bytes.fill(0, bytes.indexOf("mdat") + 4));
  await expect(lumaOf(empty, "video/mp4")).rejects.toSatisfy((error) => hasCode(error, "input_unreadable"));
  const gif = join(dir, "bad.gif");
  await writeFile(gif, "GIF89a\x10\x00\x10\x00 and nothing more");
  await expect(lumaOf(gif, "image/gif")).rejects.toSatisfy((error) => hasCode(error, "input_unreadable"));
  const canceled = AbortSignal.abort(new Error("not now"));
  await expect(lumaOf(await clip("b.mp4"), "video/mp4", canceled)).rejects.toThrow("not now");
});
