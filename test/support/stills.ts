/** Pictures of the kinds that people send besides JPEG and PNG, each of the same scene. */
import sharp from "sharp";
import { heif } from "./heif.ts";
import type { Rgb } from "./hevc.ts";

export async function rgbOf(picture: Buffer | string, width?: number, height?: number): Promise<Rgb> {
  const image = sharp(picture).removeAlpha();
  if (width !== undefined) image.resize(width, height ?? width, { fit: "fill" });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** 24 bits a pixel, the lowest row first; `alpha`: 32 bits, the top row first. Source: BITMAPV4HEADER. */
export function bmp({ data, width, height }: Rgb, { alpha }: { alpha?: number } = {}): Buffer {
  const bytes = alpha === undefined ? 3 : 4;
  const stride = Math.ceil((width * bytes) / 4) * 4;
  const header = alpha === undefined ? 40 : 108;
  const file = Buffer.alloc(14 + header + stride * height);
  file.write("BM");
  for (const [at, value] of [
    [2, file.length],
    [10, 14 + header],
    [14, header],
    [18, width],
    [22, alpha === undefined ? height : -height],
    [26, 1 + bytes * 8 * 65_536],
    [30, alpha === undefined ? 0 : 3],
    [34, stride * height],
  ] as const) {
    file.writeInt32LE(value, at);
  }
  if (alpha !== undefined)
    for (const [i, mask] of [0xff0000, 0xff00, 0xff, 0xff000000].entries()) file.writeUInt32LE(mask, 54 + i * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = 14 + header + (alpha === undefined ? height - 1 - y : y) * stride + x * bytes;
      const [red, green, blue] = data.subarray((y * width + x) * 3);
      file.set(alpha === undefined ? [blue!, green!, red!] : [blue!, green!, red!, alpha], to);
    }
  }
  return file;
}

/** A TIFF with an orientation, and no compression. */
export async function tiff(picture: Buffer, orientation = 1): Promise<Buffer> {
  return sharp(picture).withMetadata({ orientation }).tiff({ compression: "none" }).toBuffer();
}

export type Sample = { name: string; type: string; bytes: Buffer; width: number; height: number };

/** One small file of each type besides JPEG and PNG, 46 × 30. */
export async function samples(picture: Buffer | string): Promise<Sample[]> {
  const rgb = await rgbOf(picture, 46, 30);
  const raw = { width: rgb.width, height: rgb.height, channels: 3 } as const;
  const image = () => sharp(rgb.data, { raw });
  const list: [name: string, type: string, bytes: Buffer | Promise<Buffer>][] = [
    ["WebP", "image/webp", image().webp().toBuffer()],
    ["WebP, lossless", "image/webp", image().webp({ lossless: true }).toBuffer()],
    ["WebP with alpha", "image/webp", image().ensureAlpha(0.5).webp().toBuffer()],
    ["GIF", "image/gif", image().gif().toBuffer()],
    ["TIFF", "image/tiff", image().tiff().toBuffer()],
    ["BMP", "image/bmp", bmp(rgb)],
    ["BMP, the top row first", "image/bmp", bmp(rgb, { alpha: 255 })],
    ["AVIF", "image/avif", image().avif({ effort: 0 }).toBuffer()],
    ["HEIC", "image/heic", heif(rgb)],
    ["HEIC of tiles", "image/heic", heif(rgb, { tile: 32 })],
  ];
  return Promise.all(
    list.map(async ([name, type, bytes]) => ({ name, type, bytes: await bytes, width: 46, height: 30 })),
  );
}

/** A JPEG with a second one behind it, as cameras append other views and phones append gain maps; the first says so in an APP2. */
export function withSecond(first: Buffer, second: Buffer): Buffer {
  // 5.2 of CIPA DC-007: a TIFF directory with the number of pictures and a table of them
  const entry = (attribute: number, size: number, offset: number) =>
    Buffer.concat([le32(attribute, size, offset), Buffer.alloc(4)]);
  const length = 4 + 8 + 2 + 3 * 12 + 4 + 32;
  const size = first.length + length + 4;
  const tag = (id: number, type: number, count: number, value: Buffer) =>
    Buffer.concat([le16(id, type), le32(count), value]);
  const directory = Buffer.concat([
    ...[Buffer.from("II*\0"), le32(8), le16(3)],
    ...[tag(0xb000, 7, 4, Buffer.from("0100")), tag(0xb001, 4, 1, le32(2)), tag(0xb002, 7, 32, le32(50))],
    ...[le32(0), entry(0x20030000, size, 0), entry(0, second.length, size - 10)],
  ]);
  const body = Buffer.concat([Buffer.from("MPF\0"), directory]);
  const marker = Buffer.from([0xff, 0xe2, 0, 0]);
  marker.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([first.subarray(0, 2), marker, body, first.subarray(2), second]);
}

const le16 = (...values: number[]) => Buffer.from(values.flatMap((value) => [value & 255, value >> 8]));
const le32 = (...values: number[]) =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    }),
  );
