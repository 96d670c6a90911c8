/** Makes the pictures that tests and benches need, from the samples in `test/fixtures/`. The same bytes come out every time. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp, { type OverlayOptions, type Sharp } from "sharp";
import { adobeRgbProfile, pressProfile, withProfile } from "./icc.ts";

const FIXTURES = join(import.meta.dirname, "..", "fixtures");
export const ASTRONAUT = join(FIXTURES, "astronaut.jpg");
export const GRACE_HOPPER = join(FIXTURES, "grace_hopper.jpg");
export const CAT = join(FIXTURES, "cat.jpg");
export const COFFEE = join(FIXTURES, "coffee.jpg");

const BEST = { quality: 100, chromaSubsampling: "4:4:4" } as const;

export type Encoding = {
  name: string;
  type: "image/jpeg" | "image/png";
  bytes: Buffer;
  /** The encoding cannot hold colour: compare with the scene in grey. */
  grey?: boolean;
};

/** A scene of the size that tests need, as plain sRGB PNG; muted, so that CMYK inks can show all of its colours. */
export async function scene(side = 256): Promise<Buffer> {
  const { data, info } = await sharp(ASTRONAUT).resize(side, side).raw().toBuffer({ resolveWithObject: true });
  for (let p = 0; p < data.length; p += 3) {
    const grey = 0.3 * data[p]! + 0.59 * data[p + 1]! + 0.11 * data[p + 2]!;
    for (let c = 0; c < 3; c++) data[p + c] = Math.round(45 + 0.68 * (grey + 0.6 * (data[p + c]! - grey)));
  }
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .png()
    .toBuffer();
}

/** One scene in every encoding that is taken; each is meant to be decoded to the pixels of the first. */
export async function encodings(png: Buffer, folder: string): Promise<Encoding[]> {
  const jpeg = (name: string, image: Sharp, extra: Partial<Encoding> = {}) =>
    image
      .jpeg(BEST)
      .toBuffer()
      .then((bytes): Encoding => ({ name, type: "image/jpeg", bytes, ...extra }));
  const asPng = (name: string, image: Sharp, extra: Partial<Encoding> = {}) =>
    image
      .png()
      .toBuffer()
      .then((bytes): Encoding => ({ name, type: "image/png", bytes, ...extra }));
  const adobeRgb = await adobeRgbProfile(folder);
  const cmyk = await inks(png, 1);
  const list = [
    asPng("PNG", sharp(png)),
    jpeg("JPEG", sharp(png)),
    progressive(png),
    asPng("PNG, 16 bits", sharp(png).toColourspace("rgb16")),
    asPng("PNG, 16 bits, Display P3", sharp(png).toColourspace("rgb16").withIccProfile("p3")),
    asPng("PNG, grey", sharp(png).greyscale().toColourspace("b-w"), { grey: true }),
    asPng("PNG, 16 bits, grey", sharp(png).greyscale().toColourspace("grey16"), { grey: true }),
    jpeg("JPEG, grey", sharp(png).greyscale().toColourspace("b-w"), { grey: true }),
    asPng("PNG, opaque alpha", sharp(png).ensureAlpha(1)),
    asPng("PNG, 16 bits, opaque alpha", sharp(png).ensureAlpha(1).toColourspace("rgb16")),
    asPng("PNG, Display P3", sharp(png).withIccProfile("p3")),
    jpeg("JPEG, Display P3", sharp(png).withIccProfile("p3")),
    jpeg("JPEG, Adobe RGB", sharp(png).withIccProfile(adobeRgb)),
    jpeg("JPEG, sRGB profile", sharp(png).withIccProfile("srgb")),
    { name: "CMYK, inverted as Adobe writes it", type: "image/jpeg", bytes: cmyk } as const,
    {
      name: "CMYK with a profile",
      type: "image/jpeg",
      bytes: withProfile(await inks(png, 1 / 0.8), pressProfile(0.8)),
    } as const,
  ];
  return Promise.all(list);
}

async function progressive(jpeg: Buffer): Promise<Encoding> {
  const bytes = await sharp(jpeg)
    .jpeg({ ...BEST, progressive: true })
    .toBuffer();
  return { name: "JPEG, progressive", type: "image/jpeg", bytes };
}

/** A CMYK JPEG whose inks leave light^`gamma` of the picture: as much black as possible, as presses print. */
async function inks(png: Buffer, gamma: number): Promise<Buffer> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const cmyk = Buffer.alloc((data.length / 3) * 4);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    const light = [0, 1, 2].map((c) => (data[from + c]! / 255) ** gamma);
    const most = Math.max(...light, 1 / 255);
    for (let c = 0; c < 3; c++) cmyk[to + c] = Math.round(255 * (1 - light[c]! / most));
    cmyk[to + 3] = Math.round(255 * (1 - most));
  }
  // Raw pixels of four channels are taken for RGB with alpha: the black is joined to the three others instead.
  const plane = (c: number) => Buffer.from(Uint8Array.from({ length: cmyk.length / 4 }, (_, i) => cmyk[i * 4 + c]!));
  const raw = { width: info.width, height: info.height, channels: 1 } as const;
  return sharp(plane(0), { raw })
    .joinChannel([plane(1), plane(2), plane(3)], { raw })
    .pipelineColourspace("b-w")
    .toColourspace("cmyk")
    .jpeg(BEST)
    .toBuffer();
}

/** A JPEG whose pixels lie as a camera stores them for an EXIF orientation, 1–8; shown rightly, all eight look the same. */
export async function oriented(png: Buffer, orientation: number): Promise<Buffer> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const [width, height] = [info.width, info.height];
  const raw = orientation < 5 ? { width, height } : { width: height, height: width };
  const stored = Buffer.alloc(data.length);
  for (let row = 0; row < raw.height; row++) {
    for (let column = 0; column < raw.width; column++) {
      const [x, y] = UPRIGHT[orientation]!(row, column, width - 1, height - 1);
      data.copy(stored, (row * raw.width + column) * 3, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return sharp(stored, { raw: { ...raw, channels: 3 } })
    .withMetadata({ orientation })
    .jpeg(BEST)
    .toBuffer();
}

/** Where a stored pixel is seen: row 0 and column 0 are the sides that EXIF 2.3, tag 0x0112 names. */
const UPRIGHT: Record<number, (row: number, column: number, right: number, bottom: number) => [x: number, y: number]> =
  {
    1: (row, column) => [column, row],
    2: (row, column, right) => [right - column, row],
    3: (row, column, right, bottom) => [right - column, bottom - row],
    4: (row, column, _, bottom) => [column, bottom - row],
    5: (row, column) => [row, column],
    6: (row, column, right) => [right - row, column],
    7: (row, column, right, bottom) => [right - row, bottom - column],
    8: (row, column, _, bottom) => [row, bottom - column],
  };

/** A JPEG with camera, owner and place in its EXIF. */
export async function withExif(picture: Buffer | string): Promise<Buffer> {
  return sharp(picture)
    .withExif({
      IFD0: { Make: "SecretCamera", Artist: "Secret Owner", Copyright: "Secret Owner" },
      IFD3: {
        GPSLatitudeRef: "N",
        GPSLatitude: "51/1 30/1 3230/100",
        GPSLongitudeRef: "W",
        GPSLongitude: "0/1 7/1 4366/100",
      },
    })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** The sample portrait as a 12-megapixel JPEG with grain, as a camera would make it: 4000 × 3000, 2.4 MB. */
export async function twelveMegapixels(): Promise<Buffer> {
  const raw = { width: 4000, height: 3000, channels: 3 } as const;
  const pixels = await sharp(ASTRONAUT)
    .resize(raw.width, raw.height, { fit: "cover", position: "top" })
    .raw()
    .toBuffer();
  const next = random(12);
  for (let p = 0; p < pixels.length; p += 3) {
    const grain = Math.round((next() + next() - 1) * 10);
    for (let c = 0; c < 3; c++) pixels[p + c] = Math.max(0, Math.min(255, pixels[p + c]! + grain));
  }
  return sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer();
}

/** A small face in a large picture: the portrait, `width` pixels wide, on a plain ground. */
export async function smallFace(
  ground: { width: number; height: number },
  width: number,
  at: { left: number; top: number },
) {
  const portrait = await sharp(ASTRONAUT).resize(width).png().toBuffer();
  return onGround(ground, [{ input: portrait, ...at }]);
}

/** Two people side by side, the larger face (Grace Hopper's) at the right. */
export async function twoFaces(): Promise<Buffer> {
  const [left, right] = await Promise.all([
    sharp(ASTRONAUT).resize(400).png().toBuffer(),
    sharp(GRACE_HOPPER).resize(500).png().toBuffer(),
  ]);
  return onGround({ width: 960, height: 620 }, [
    { input: left, left: 20, top: 60 },
    { input: right, left: 440, top: 20 },
  ]);
}

function onGround(ground: { width: number; height: number }, parts: OverlayOptions[]): Promise<Buffer> {
  return sharp({ create: { ...ground, channels: 3, background: "#8a8f86" } })
    .composite(parts)
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Pictures without any face. */
export function textures(side = 320): Promise<{ name: string; bytes: Buffer }[]> {
  const next = random(5);
  const kinds: Record<string, (x: number, y: number) => [number, number, number]> = {
    noise: () => [next() * 255, next() * 255, next() * 255],
    stripes: (x) => (x % 24 < 12 ? [230, 220, 200] : [60, 50, 90]),
    gradient: (x, y) => [(x / side) * 255, (y / side) * 255, 128],
    checks: (x, y) => (((x >> 5) + (y >> 5)) % 2 === 0 ? [200, 200, 200] : [40, 40, 40]),
    flat: () => [212, 170, 140],
  };
  return Promise.all(
    Object.entries(kinds).map(async ([name, colour]) => ({ name, bytes: await drawn(side, side, colour) })),
  );
}

/** A face as a child draws it: a disc, two dots and an arc. */
export function drawing(side = 320): Promise<Buffer> {
  const near = (x: number, y: number, cx: number, cy: number, r: number) =>
    Math.hypot(x / side - cx, y / side - cy) < r;
  return drawn(side, side, (x, y) => {
    if (near(x, y, 0.38, 0.42, 0.045) || near(x, y, 0.62, 0.42, 0.045)) return [20, 20, 20];
    if (near(x, y, 0.5, 0.52, 0.2) && !near(x, y, 0.5, 0.5, 0.19) && y > side * 0.58) return [170, 30, 30];
    return near(x, y, 0.5, 0.5, 0.36) ? [255, 214, 90] : [250, 250, 250];
  });
}

function drawn(
  width: number,
  height: number,
  colour: (x: number, y: number) => [number, number, number],
): Promise<Buffer> {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels.set(colour(x, y), (y * width + x) * 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A PNG of a few bytes whose header promises width × height pixels; `deep`: of 16 bits with alpha, interlaced. */
export function pngHeader(width: number, height: number, { deep = false } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(deep ? [16, 6, 0, 0, 1] : [8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", Buffer.from("789c030000000001", "hex")),
    chunk("IEND"),
  ]);
}

function chunk(name: string, data = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** `count` damaged copies of a file: bytes flipped, cut out, doubled or cut off, the same ones for a seed. */
export function* mutations(bytes: Buffer, count: number, seed: number): Generator<Buffer> {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  for (let i = 0; i < count; i++) {
    const at = below(bytes.length);
    const length = 1 + below(40);
    const kind = below(5);
    if (kind === 0) yield bytes.subarray(0, at);
    else if (kind === 1) yield Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else if (kind === 2) yield Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    else {
      const copy = Buffer.from(bytes);
      // Half of the flips hit the headers, which are the smaller part of the file and the more interesting one.
      for (let flips = 1 + below(8); flips > 0; flips--) copy[below(kind === 3 ? bytes.length : 700)] = below(256);
      yield copy;
    }
  }
}

/** Numbers in [0, 1), the same ones for a seed (mulberry32, public domain). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What hides a mouth: masks in one colour, one with dots, fingers. */
export const COVERS = ["blue mask", "white mask", "black mask", "dotted mask", "hand"] as const;

/** Grace Hopper's portrait with something before its mouth. Places in pixels of the fixture, 512 × 600. */
export async function coveredMouth(cover: (typeof COVERS)[number]): Promise<Buffer> {
  const { data, info } = await sharp(GRACE_HOPPER).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      const colour = coverAt(cover, x, y);
      if (colour) data.set(colour, (y * info.width + x) * 3);
    }
  }
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}

type Colour = [number, number, number];
const MASK_COLOURS: Record<string, Colour> = {
  ...{ "blue mask": [159, 197, 216], "white mask": [236, 236, 230], "black mask": [30, 30, 32] },
};

function coverAt(cover: (typeof COVERS)[number], x: number, y: number): Colour | undefined {
  if (cover === "hand") {
    const along = Math.abs(x - 255) / 85;
    if (along > 1 || y < 252 || y >= 324 - 18 * along) return undefined;
    // four fingers, darker where they touch
    const across = Math.abs(((y - 252) % 18) / 9 - 1);
    const shade = 1 - 0.4 * across ** 6;
    return [Math.round(214 * shade), Math.round(166 * shade), Math.round(140 * shade)];
  }
  const along = Math.abs(x - 266) / 84;
  const [top, bottom] = [226 + 14 * along ** 2, 344 - 70 * along ** 3];
  if (along > 1 || y < top || y > bottom) return undefined;
  if (cover !== "dotted mask") return MASK_COLOURS[cover];
  return Math.hypot((x % 20) - 10, (y % 20) - 10) < 5 ? [245, 245, 245] : [190, 50, 50];
}
