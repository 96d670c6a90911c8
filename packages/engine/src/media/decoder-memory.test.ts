/** Pictures that would take too much memory to decode are refused by what their headers say. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pngHeader } from "../../../../test/support/pictures.ts";
import { requireMemory, type Stored } from "./decoder-memory.ts";
import { decodePicture } from "./picture.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "memory-"));
});
afterAll(() => rm(folder, { recursive: true }));

const png: Stored = {
  ...{ type: "image/png", width: 10_000, height: 10_000, channels: 4, bytes: 2, interlaced: false, orientation: 1 },
};
const jpeg: Stored = { ...png, type: "image/jpeg", channels: 3, bytes: 1 };

async function file(bytes: Buffer): Promise<string> {
  const path = join(folder, "picture");
  await writeFile(path, bytes);
  return path;
}

function jpegWith(options: object): Promise<Buffer> {
  return sharp({ create: { width: 32, height: 32, channels: 3, background: "#808080" } })
    .jpeg(options)
    .toBuffer();
}

test.each<[what: string, stored: Partial<Stored>, scale: number, needs: string | null]>([
  ["row by row", {}, 1, null],
  ["interlaced, 16 bits and alpha", { interlaced: true }, 0.1, "an interlaced PNG, it needs 763 MiB"],
  ["interlaced, 8 bits", { interlaced: true, bytes: 1 }, 0.1, null],
  ["turned as a whole", { orientation: 6 }, 1, "a picture turned by EXIF, it needs 763 MiB"],
  ["turned when it is small", { orientation: 6 }, 0.2, null],
  ["mirrored", { orientation: 2 }, 1, null],
])("a PNG of 100 megapixels, %s", async (_, stored, scale, needs) => {
  const asked = requireMemory("not looked at", { ...png, ...stored }, scale);
  if (needs === null) await expect(asked).resolves.toBeUndefined();
  else await expect(asked).rejects.toMatchObject({ code: "input_too_large", message: expect.stringContaining(needs) });
});

test.each<[what: string, options: object, stored: Partial<Stored>, needs: string | null]>([
  ["one scan", {}, {}, null],
  ["scans of 4:2:0", { progressive: true }, {}, null],
  ["scans of 4:2:0, turned", { progressive: true }, { orientation: 6 }, null],
  ["scans of 4:4:4", { progressive: true, chromaSubsampling: "4:4:4" }, {}, null],
  ["scans of 4:4:4, turned", { progressive: true, chromaSubsampling: "4:4:4" }, { orientation: 6 }, "needs 858 MiB"],
])("a JPEG of 100 megapixels, %s", async (_, options, stored, needs) => {
  const asked = requireMemory(await file(await jpegWith(options)), { ...jpeg, ...stored }, 1);
  if (needs === null) await expect(asked).resolves.toBeUndefined();
  else await expect(asked).rejects.toMatchObject({ code: "input_too_large", message: expect.stringContaining(needs) });
});

test("a JPEG whose segments cannot be told is counted as if it came in scans", async () => {
  const bytes = await jpegWith({});
  const stray = Buffer.concat([bytes.subarray(0, 20), Buffer.alloc(7, 1), bytes.subarray(20)]);
  const asked = requireMemory(await file(stray), { ...jpeg, channels: 4 }, 1);
  await expect(asked).rejects.toMatchObject({ code: "input_too_large" });
});

test("the picture itself is asked: a small file of 100 megapixels is refused before it is decoded", async () => {
  const path = await file(pngHeader(10_000, 10_000, { deep: true }));
  await expect(decodePicture(path)).rejects.toMatchObject({
    code: "input_too_large",
    message: expect.stringMatching(/10000 × 10000 pixels; as an interlaced PNG, it needs 763 MiB .* at most 640 MiB/),
  });
});

test("a JPEG of hundreds of scans is refused before it is decoded, and one of ten is not", async () => {
  const bytes = await jpegWith({ progressive: true });
  const last = bytes.subarray(bytes.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
  const withScans = (more: number) =>
    Buffer.concat([bytes.subarray(0, -2), ...Array.from({ length: more }, () => last), bytes.subarray(-2)]);
  await expect(decodePicture(await file(withScans(300)))).rejects.toMatchObject({
    code: "input_too_large",
    message: expect.stringMatching(/^The picture is a JPEG of 3\d\d scans; at most 200 are decoded\./),
  });
  await expect(decodePicture(await file(bytes))).resolves.toBeDefined();
});
