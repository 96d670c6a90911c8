/**
 * What a picture is by its content, and how libvips gets to read it: as the file that it is, or as an uncompressed TIFF that
 * FFmpeg's decoders have made of it. Formats that are not in these lists get through to no decoder.
 */
import { type FileHandle, open } from "node:fs/promises";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { ReadAt } from "@smileloop/core/media/clip-header.ts";
import { readHeif } from "@smileloop/core/media/heif.ts";
import { PICTURE_LIMITS } from "@smileloop/core/media/limits.ts";
import { readPictureSize } from "@smileloop/core/media/picture-header.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import sharp, { type Sharp } from "sharp";
import { bmpBytes, decodeBmp } from "./bmp-decoder.ts";
import type { Stored } from "./decoder-memory.ts";
import { decodeHeif, heifBytes } from "./heif-decoder.ts";

/** What conversion to sRGB needs: CMYK without a profile, 16-bit colour with one, or nothing special. */
export type Colour = "inks" | "deep" | "plain";

export type PictureSource = {
  type: string;
  /** Upright. */
  width: number;
  height: number;
  orientation: number;
  colour: Colour;
  stored: Stored;
  /** What libvips reads. Called once the memory for it was granted. */
  load: () => Promise<string | Buffer>;
};

/** Read by libvips, by what it calls the reader. */
const LOADERS: Record<string, string> = {
  "image/jpeg": "VipsForeignLoadJpeg",
  "image/png": "VipsForeignLoadPng",
  "image/webp": "VipsForeignLoadWebp",
  "image/gif": "VipsForeignLoadNsgif",
  "image/tiff": "VipsForeignLoadTiff",
};

type File = { path: string; type: string; bytes: number };

/** Decoded here. */
const OPENERS: Record<string, (file: File) => Promise<PictureSource>> = {
  "image/heic": openHeif,
  "image/avif": openHeif,
  "image/bmp": openBmp,
};

/** Faults between the segments of these are harmless to their decoder, so it is asked alone. */
const FORGIVING = ["image/jpeg", "image/png"];
const FIRST_BYTES = 32 * 1024;
const { maxPixels: MAX_PIXELS, maxSide: MAX_SIDE } = PICTURE_LIMITS;

sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: Object.values(LOADERS) });
// One picture at a time and each only once: a cache of operations would only hold memory.
sharp.cache(false);
sharp.concurrency(1);

/** Decodes nothing yet. Throws `empty_file`, `unsupported_type`, `input_too_large`, `input_unreadable`. */
export async function openSource(path: string): Promise<PictureSource> {
  const { type, bytes } = await sniff(path);
  if (!FORGIVING.includes(type)) {
    const size = await reading(path, (read) => readPictureSize(type, bytes, read));
    if (size) requireSize(size);
  }
  return (OPENERS[type] ?? openPlain)({ path, type, bytes }).catch(rethrow);
}

async function openPlain({ path, type }: File): Promise<PictureSource> {
  const header = await openImage(path).metadata();
  const { width, height, autoOrient, orientation = 1 } = header;
  requireSize({ width, height });
  let colour: Colour = "plain";
  if (header.space === "cmyk" && !header.hasProfile) colour = "inks";
  else if (header.space === "rgb16" && header.hasProfile) colour = "deep";
  const stored: Stored = {
    ...{ type, width, height, channels: header.channels ?? 4, orientation },
    ...{ bytes: bytesOf(header.depth), interlaced: header.isProgressive === true },
  };
  return { ...autoOrient, type, orientation, colour, stored, load: async () => path };
}

/** Bytes of a sample. */
function bytesOf(depth: string | undefined): number {
  return { uchar: 1, char: 1, short: 2, ushort: 2, double: 8, complex: 8, dpcomplex: 16 }[depth ?? ""] ?? 4;
}

async function openHeif({ path, type, bytes }: File): Promise<PictureSource> {
  const picture = await reading(path, (read) => readHeif(bytes, read));
  const { width, height, orientation, crop, alpha } = picture;
  const stored: Stored = {
    ...{ type, width: crop.width, height: crop.height, channels: alpha ? 4 : 3, bytes: 1, interlaced: false },
    ...{ orientation, held: heifBytes(picture) },
  };
  const load = () => reading(path, (read) => decodeHeif(picture, read)).catch(rethrow);
  return { type, width, height, orientation, colour: "plain", stored, load };
}

async function openBmp({ path, type, bytes }: File): Promise<PictureSource> {
  const size = (await reading(path, (read) => readPictureSize(type, bytes, read)))!;
  const stored: Stored = {
    ...{ type, ...size, channels: 4, bytes: 1, interlaced: false, orientation: 1 },
    held: bmpBytes({ ...size, bytes }),
  };
  const load = () => reading(path, (read) => decodeBmp({ ...size, bytes }, read)).catch(rethrow);
  return { type, ...size, orientation: 1, colour: "plain", stored, load };
}

async function reading<T>(path: string, work: (read: ReadAt) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    return await work((position, length) => readAt(file, position, length));
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

export function openImage(file: string | Buffer, failOn: "error" | "warning" = "error"): Sharp {
  return sharp(file, {
    // Photos with harmless faults, such as stray bytes between segments, pass; cut-off ones don't.
    failOn,
    limitInputPixels: MAX_PIXELS,
    sequentialRead: true,
  }).timeout({ seconds: 60 });
}

async function sniff(path: string): Promise<{ type: string; bytes: number }> {
  const file = await open(path);
  try {
    const { size: bytes } = await file.stat();
    if (bytes === 0) throw new AppError("empty_file", "The picture is empty: it has 0 bytes. Choose the file again.");
    const type = await sniffType(await readAt(file, 0, Math.min(bytes, FIRST_BYTES)));
    if (type !== null && (Object.hasOwn(LOADERS, type) || Object.hasOwn(OPENERS, type))) return { type, bytes };
    const what = type === null ? "of a kind that is not known here" : `${type}, which is not read here`;
    throw new AppError("unsupported_type", `The picture is ${what}. Export it as a JPEG or PNG and send that.`);
  } finally {
    await file.close();
  }
}

const SIZE_HELP = `At most ${MAX_SIDE.toLocaleString("en")} pixels a side and ${MAX_PIXELS / 1e6} megapixels are taken: send a smaller copy.`;

function requireSize({ width, height }: { width: number; height: number }): void {
  if (Math.max(width, height) <= MAX_SIDE && width * height <= MAX_PIXELS) return;
  throw new AppError("input_too_large", `The picture has ${width} × ${height} pixels. ${SIZE_HELP}`);
}

/** Throws what a decoder says as what is wrong with the picture. */
export function rethrow(error: unknown): never {
  if (hasCode(error, "input_too_large", "unsupported_type", "input_unreadable")) throw error;
  const message = error instanceof Error ? error.message : String(error);
  if (/pixel limit/i.test(message)) {
    throw new AppError("input_too_large", `The picture has too many pixels. ${SIZE_HELP}`, { cause: error });
  }
  throw new AppError(
    "input_unreadable",
    "The picture could not be decoded: the file is damaged or was cut off. Save or export it again and send the new file.",
    { cause: error },
  );
}
