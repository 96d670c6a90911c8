/** Every format besides JPEG and PNG, decoded to what it shows. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import { typesOfClasses } from "@smileloop/core/media/types.ts";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deltaE } from "../../../../test/support/colour.ts";
import { heif, imir, irot } from "../../../../test/support/heif.ts";
import { DISPLAY_P3, HLG, PQ, type Rgb } from "../../../../test/support/hevc.ts";
import { ASTRONAUT, mutations, oriented, scene } from "../../../../test/support/pictures.ts";
import { bmp, rgbOf, samples, tiff, withSecond } from "../../../../test/support/stills.ts";
import { asJpeg, decodePicture, type Picture } from "./picture.ts";

const FIXTURES = join(import.meta.dirname, "../../../../test/fixtures");
const SIZE = { width: 166, height: 110 };
let folder: string;
let png: Buffer;
let rgb: Rgb;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "formats-"));
  // sides that no block of a codec divides
  png = await sharp(await scene(168))
    .extract({ left: 0, top: 20, ...SIZE })
    .png()
    .toBuffer();
  rgb = await rgbOf(png);
});
afterAll(() => rm(folder, { recursive: true }));

/** By content alone: each is called .jpg. */
async function file(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${files++}.jpg`);
  await writeFile(path, bytes);
  return path;
}

const decoded = async (bytes: Uint8Array): Promise<Picture> => decodePicture(await file(bytes));

async function codeOf(bytes: Uint8Array): Promise<string> {
  return decoded(bytes).then(
    () => "none",
    (error: unknown) =>
      hasCode(error, "input_unreadable", "unsupported_type", "input_too_large", "empty_file")
        ? (error as { code: string }).code
        : String(error),
  );
}

function psnr(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

describe("colours", () => {
  test("one scene looks the same from every encoding", async () => {
    const raw = { width: rgb.width, height: rgb.height, channels: 3 } as const;
    const image = () => sharp(rgb.data, { raw });
    const p3 = () => sharp(png).withIccProfile("p3");
    const encodings: [string, Buffer | Promise<Buffer>][] = [
      ["WebP", image().webp({ lossless: true }).toBuffer()],
      ["WebP, Display P3", p3().webp({ lossless: true }).toBuffer()],
      ["TIFF", image().tiff({ compression: "lzw" }).toBuffer()],
      ["TIFF, tiles", image().tiff({ compression: "deflate", tile: true, tileWidth: 64, tileHeight: 64 }).toBuffer()],
      [
        "TIFF, 16 bits, Display P3",
        sharp(png).toColourspace("rgb16").withIccProfile("p3").tiff({ compression: "lzw" }).toBuffer(),
      ],
      ["BMP", bmp(rgb)],
      ["BMP, 32 bits", bmp(rgb, { alpha: 255 })],
      ["AVIF, 4:4:4", image().avif({ quality: 100, effort: 0, chromaSubsampling: "4:4:4" }).toBuffer()],
      ["AVIF, 10 bits", image().avif({ quality: 100, effort: 0, bitdepth: 10, chromaSubsampling: "4:4:4" }).toBuffer()],
      ["GIF", image().gif({ dither: 0 }).toBuffer()],
      ["HEIC", heif(rgb)],
      ["HEIC, 10 bits", heif(rgb, { deep: true })],
      ["HEIC, Display P3 by its code points", heif(rgb, { nclx: DISPLAY_P3 })],
    ];
    for (const [name, bytes] of encodings) {
      const { data } = await decoded(await bytes);
      const { mean, p95 } = deltaE(data, rgb.data);
      // of a palette of 256 colours, and of codecs that lose something
      expect(mean, name).toBeLessThan(name === "GIF" ? 3 : 1.8);
      expect(p95, name).toBeLessThan(name === "GIF" ? 8 : 5);
    }
  });

  test("Display P3 in a HEIC: by a profile, as phones write it, or by code points", async () => {
    const { icc } = await sharp(await sharp(png).withIccProfile("p3").png().toBuffer()).metadata();
    const flat = (colour: number[]): Rgb => ({
      data: Uint8Array.from(
        Array(64 * 32)
          .fill(colour)
          .flat(),
      ),
      width: 64,
      height: 32,
    });
    // the red of sRGB, as Display P3 has it
    const profiled = await decoded(await heif(flat([234, 51, 35]), { tile: 32, icc: icc! }));
    const coded = await decoded(await heif(flat([255, 0, 0]), { nclx: DISPLAY_P3 }));
    for (const { data } of [profiled, coded]) {
      const off = [255, 0, 0].map((value, c) => Math.abs(data[c]! - value));
      expect(Math.max(...off)).toBeLessThan(12);
    }
  });

  test.each([
    ["PQ", PQ],
    ["HLG", HLG],
  ])(
    "HDR in %s: what is darker than skin in the sun stays, what is brighter comes closer to white",
    async (_, nclx) => {
      const ramp = new Uint8Array(64 * 32 * 3).map((_, i) => (Math.floor(i / 3) % 64) * 4);
      const bytes = await heif({ data: ramp, width: 64, height: 32 }, { nclx, deep: true });
      const { data } = await decoded(bytes);
      const shown = Array.from({ length: 64 }, (_, x) => data[(16 * 64 + x) * 3 + 1]!);
      const middle = shown.slice(8, 44).map((value, i) => Math.abs(value - (i + 8) * 4));
      expect(Math.max(...middle)).toBeLessThan(nclx === PQ ? 6 : 12);
      expect(shown[63]).toBeGreaterThan(215);
      expect(shown[63]).toBeLessThan(240);
      expect(shown.every((value, i) => i === 0 || value >= shown[i - 1]! - 2)).toBe(true);
    },
  );
});

describe("transparency shows a neutral light grey", () => {
  test.each<[string, () => Promise<Buffer> | Buffer]>([
    ["WebP", () => sharp(rgb.data, raw()).ensureAlpha(0).webp({ lossless: true }).toBuffer()],
    [
      "GIF",
      () =>
        sharp({ create: { width: 9, height: 9, channels: 4, background: "#ff000000" } })
          .gif()
          .toBuffer(),
    ],
    ["TIFF", () => sharp(rgb.data, raw()).ensureAlpha(0).tiff({ compression: "lzw" }).toBuffer()],
    ["PNG, 16 bits", () => sharp(rgb.data, raw()).ensureAlpha(0).toColourspace("rgb16").png().toBuffer()],
    ["AVIF", () => sharp(rgb.data, raw()).ensureAlpha(0).avif({ effort: 0 }).toBuffer()],
    // where all alpha is 0, a BMP has none
    ["BMP", () => bmp(rgb, { alpha: 1 })],
    ["HEIC", () => heif(rgb, { alpha: { ...rgb, data: new Uint8Array(rgb.data.length) } })],
  ])("%s", async (_, bytes) => {
    const { data } = await decoded(await bytes());
    const far = data.reduce((most, value) => Math.max(most, Math.abs(value - 0xe0)), 0);
    expect(far).toBeLessThanOrEqual(3);
  });

  test("half of it where it is half transparent", async () => {
    const alpha = { ...rgb, data: new Uint8Array(rgb.data.length).fill(128) };
    const white = { ...rgb, data: new Uint8Array(rgb.data.length) };
    const { data } = await decoded(await heif(white, { alpha }));
    expect(Math.abs(data[0]! - 112)).toBeLessThan(4);
  });

  const raw = () => ({ raw: { width: rgb.width, height: rgb.height, channels: 3 as const } });
});

describe("HEIC in tiles", () => {
  test("2 × 2 tiles of 512 for 1000 × 800 pixels, turned by a quarter", async () => {
    const large = await rgbOf(ASTRONAUT, 1000, 800);
    const bytes = await heif(large, { tile: 512, properties: [irot(1)] });
    const picture = await decoded(bytes);
    expect(picture).toMatchObject({ width: 800, height: 1000, orientation: 8 });
    const upright = await sharp(large.data, { raw: { width: 1000, height: 800, channels: 3 } })
      .rotate(270)
      .raw()
      .toBuffer();
    expect(psnr(picture.data, upright)).toBeGreaterThan(32);
    const part = await decodePicture(await file(bytes), {
      region: { x: 200, y: 300, width: 400, height: 400 },
      maxSide: 200,
    });
    expect(part).toMatchObject({ width: 200, height: 200, fullWidth: 800, fullHeight: 1000 });
  });

  test.each(["heif-enc.heic", "avifenc-grid.avif"])("%s, as other programs write them", async (name) => {
    const picture = await decodePicture(join(FIXTURES, name));
    const { data } = await rgbOf(join(FIXTURES, "grace_hopper.jpg"), picture.width, picture.height);
    expect(psnr(picture.data, data)).toBeGreaterThan(28);
  });
});

describe("orientation, once", () => {
  const TURNS: [orientation: number, properties: Buffer[]][] = [
    [2, [imir(1)]],
    [3, [irot(2)]],
    [4, [imir(0)]],
    [5, [irot(1), imir(0)]],
    [6, [irot(3)]],
    [7, [irot(1), imir(1)]],
    [8, [irot(1)]],
  ];
  test.each(TURNS)("%i of HEIC, TIFF and WebP", async (orientation, properties) => {
    const stored = await sharp(await oriented(png, orientation), { autoOrient: false }).toBuffer();
    const pixels = await sharp(stored).raw().toBuffer({ resolveWithObject: true });
    const lying: Rgb = { data: pixels.data, width: pixels.info.width, height: pixels.info.height };
    const flat = await sharp(lying.data, { raw: { ...pixels.info, channels: 3 } })
      .png()
      .toBuffer();
    const all = {
      heic: await heif(lying, { properties }),
      tiff: await tiff(flat, orientation),
      webp: await sharp(flat).withMetadata({ orientation }).webp({ lossless: true }).toBuffer(),
    };
    for (const [name, bytes] of Object.entries(all)) {
      const picture = await decoded(bytes);
      expect(picture, name).toMatchObject({ ...SIZE, orientation });
      expect(psnr(picture.data, rgb.data), name).toBeGreaterThan(28);
    }
  });
});

describe("the first picture of several", () => {
  test("animated GIF and WebP", async () => {
    const other = await sharp(png).negate().png().toBuffer();
    const frames = () => sharp([png, other], { join: { animated: true } });
    for (const bytes of [
      await frames().gif({ dither: 0 }).toBuffer(),
      await frames().webp({ lossless: true }).toBuffer(),
    ]) {
      const picture = await decoded(bytes);
      expect(picture).toMatchObject(SIZE);
      expect(deltaE(picture.data, rgb.data).mean).toBeLessThan(3);
    }
  });

  test("MPO, and a JPEG with a gain map behind it", async () => {
    const first = await sharp(png).jpeg({ quality: 95 }).toBuffer();
    const second = await sharp(png).negate().resize(60).jpeg().toBuffer();
    const { data } = await decoded(withSecond(first, second));
    expect(data).toEqual((await decoded(first)).data);
  });
});

describe("what is damaged", () => {
  test("files that were cut off", async () => {
    for (const { name, bytes } of await samples(png)) {
      const code = await codeOf(bytes.subarray(0, Math.floor(bytes.length * 0.7)));
      expect(code, name).toBe("input_unreadable");
    }
  });

  test("files with other bytes: a picture, or an error that says so", async () => {
    const seen = new Set<string>();
    for (const { bytes } of await samples(png)) {
      for (const mutated of mutations(bytes, 10, 3)) seen.add(await codeOf(mutated));
    }
    const usual = ["none", "input_unreadable", "unsupported_type", "input_too_large", "empty_file"];
    expect([...seen].filter((code) => !usual.includes(code))).toEqual([]);
  });

  test("tiles that are larger than their header says", async () => {
    const bytes = await heif(await rgbOf(png, 256, 192));
    for (let at = bytes.indexOf("ispe"); at > 0; at = bytes.indexOf("ispe", at + 1)) bytes.writeUInt32BE(64, at + 8);
    expect(await codeOf(bytes)).toBe("input_unreadable");
  });
});

test("every type that is taken is decoded, and becomes a JPEG for engines", async () => {
  const all = await samples(png);
  for (const { name, bytes } of all) {
    const to = join(folder, `${files++}.out.jpg`);
    expect(await asJpeg(await file(bytes), to), name).toEqual({ path: to, type: "image/jpeg" });
    const [written, read] = [await decodePicture(to), await decoded(bytes)];
    expect(written, name).toMatchObject({ width: 46, height: 30, orientation: 1 });
    expect(deltaE(written.data, read.data).mean, name).toBeLessThan(2);
  }
  expect(await asJpeg(await file(png), "nowhere")).toBeNull();
  expect(typesOfClasses(["image"]).filter((type) => !all.some((sample) => sample.type === type))).toEqual([
    ...["image/jpeg", "image/png"],
  ]);
});
