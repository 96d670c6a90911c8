import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deltaE } from "../../../../test/support/colour.ts";
import { ASTRONAUT, encodings, oriented, pngHeader, scene } from "../../../../test/support/pictures.ts";
import { JXL } from "../../../../test/support/unread.ts";
import { decodePicture, type Picture } from "./picture.ts";

let folder: string;
let png: Buffer;
let upright: Picture;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "picture-"));
  png = await scene();
  upright = await decodePicture(await file(png));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(bytes: Uint8Array): Promise<string> {
  const path = join(folder, String(files++));
  await writeFile(path, bytes);
  return path;
}

async function codeOf(path: string): Promise<string> {
  const error = await decodePicture(path).then(
    () => undefined,
    (reason) => reason,
  );
  return hasCode(error, error?.code) ? error.code : String(error);
}

describe("colours", () => {
  test("one scene looks the same from every encoding", async () => {
    const all = await encodings(png, folder);
    const grey = await decodePicture(await file(all.find(({ name }) => name === "PNG, grey")!.bytes));
    for (const encoding of all) {
      const picture = await decodePicture(await file(encoding.bytes));
      const { mean, p99 } = deltaE(picture.data, (encoding.grey ? grey : upright).data);
      expect(mean, encoding.name).toBeLessThan(1);
      expect(p99, encoding.name).toBeLessThan(3);
    }
  });

  test("what is transparent shows the ground", async () => {
    const half = await sharp({ create: { width: 40, height: 20, channels: 4, background: "#ff000000" } })
      .png()
      .toBuffer();
    expect([...(await decodePicture(await file(half))).data.subarray(0, 3)]).toEqual([224, 224, 224]);
  });
});

describe("orientation", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("%i is shown upright, the whole and a part", async (orientation) => {
    const wide = await sharp(png).extract({ left: 0, top: 40, width: 256, height: 160 }).png().toBuffer();
    const path = await file(await oriented(wide, orientation));
    const picture = await decodePicture(path);
    expect(picture).toMatchObject({ width: 256, height: 160, fullWidth: 256, fullHeight: 160, orientation });
    const reference = await decodePicture(await file(wide));
    expect(deltaE(picture.data, reference.data).mean).toBeLessThan(1);
    const options = { region: { x: 100, y: 20, width: 80, height: 120 }, maxSide: 60 };
    const part = await decodePicture(path, options);
    expect(part).toMatchObject({ width: 40, height: 60, region: options.region });
    expect(deltaE(part.data, (await decodePicture(await file(wide), options)).data).mean).toBeLessThan(1);
  });
});

describe("size", () => {
  test("is shrunk to the longest side and never enlarged", async () => {
    expect(await decodePicture(ASTRONAUT, { maxSide: 100 })).toMatchObject({ width: 100, height: 100, fullWidth: 512 });
    expect(await decodePicture(ASTRONAUT, { maxSide: 2000 })).toMatchObject({ width: 512, height: 512 });
  });

  test("a part covers what was asked for, and says what it shows", async () => {
    const asked = { x: 33.3, y: 70.7, width: 101.9, height: 99.1 };
    for (const maxSide of [1000, 77, 30]) {
      const { region, width } = await decodePicture(ASTRONAUT, { region: asked, maxSide });
      expect(region.x).toBeLessThanOrEqual(asked.x);
      expect(region.y).toBeLessThanOrEqual(asked.y);
      expect(region.x + region.width).toBeGreaterThanOrEqual(asked.x + asked.width - 1e-3);
      expect(region.y + region.height).toBeGreaterThanOrEqual(asked.y + asked.height - 1e-3);
      expect(width).toBeLessThanOrEqual(maxSide + 1);
    }
  });

  test("a part beyond the edge is cut to the picture", async () => {
    const part = await decodePicture(ASTRONAUT, { region: { x: -50, y: 400, width: 700, height: 700 } });
    expect(part.region).toEqual({ x: 0, y: 400, width: 512, height: 112 });
  });
});

describe("refusals", () => {
  test.each([
    ["nothing at all", Buffer.alloc(0), "empty_file"],
    ["a JPEG XL under another name", JXL, "unsupported_type"],
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), "unsupported_type"],
    ["a header that promises 30000 × 30000 pixels", pngHeader(30_000, 30_000), "input_too_large"],
    ["a header that promises 108 megapixels", pngHeader(12_000, 9_000), "input_too_large"],
    ["a header that promises a side of 20000", pngHeader(20_000, 10), "input_too_large"],
    ["a header without pixels", pngHeader(20, 20), "input_unreadable"],
    ["the first bytes of a JPEG", Buffer.from("ffd8ffe000104a464946", "hex"), "input_unreadable"],
  ])("%s", async (_, bytes, code) => {
    expect(await codeOf(await file(bytes))).toBe(code);
  });

  test("a JPEG and a PNG that were cut off", async () => {
    const jpeg = await sharp(png).jpeg().toBuffer();
    for (const bytes of [jpeg, png]) {
      for (const share of [0.3, 0.6, 0.95]) {
        expect(await codeOf(await file(bytes.subarray(0, bytes.length * share)))).toBe("input_unreadable");
      }
    }
  });

  test("a JPEG that lacks only its end marker passes, in one scan or several; one that lacks more does not", async () => {
    for (const options of [{}, { chromaSubsampling: "4:4:4" }, { progressive: true }]) {
      const jpeg = await sharp(png).resize(250, 203).jpeg(options).toBuffer();
      const whole = await decodePicture(await file(jpeg));
      expect((await decodePicture(await file(jpeg.subarray(0, -2)))).data).toEqual(whole.data);
      expect((await decodePicture(await file(jpeg.subarray(0, -1)))).data).toEqual(whole.data);
      // no row has as few bytes
      for (const cut of [30, 31, 77, 144, 145, 200, 300, 350, 399, 500, 900]) {
        expect(await codeOf(await file(jpeg.subarray(0, -cut))), `${cut} bytes`).toBe("input_unreadable");
      }
    }
  });

  test("a JPEG with harmless faults passes: stray bytes between segments or after the end", async () => {
    const jpeg = await sharp(png).jpeg().toBuffer();
    const stray = Buffer.concat([jpeg.subarray(0, 20), Buffer.alloc(7, 1), jpeg.subarray(20)]);
    for (const bytes of [stray, Buffer.concat([jpeg, Buffer.alloc(500, 7)])]) {
      expect(await decodePicture(await file(bytes))).toMatchObject({ width: 256, height: 256 });
    }
  });
});
