/** Decodes what clients upload, in any of the formats of `picture-source.ts`. */
import { readFile } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { PICTURE_LIMITS } from "@smileloop/core/media/limits.ts";
import sharp, { type Sharp } from "sharp";
import { requireMemory } from "./decoder-memory.ts";
import { type Colour, openImage, openSource, rethrow } from "./picture-source.ts";

/** A decoded picture: 8 bits, sRGB, RGB interleaved, upright, no alpha. */
export type Picture = {
  width: number;
  height: number;
  /** width × height × 3 bytes. */
  data: Uint8Array;
  /** Size of the upright full picture, of which this shows `region`, perhaps shrunk. */
  fullWidth: number;
  fullHeight: number;
  /** What it shows, in pixels of the upright full picture; the edges may lie between pixels. */
  region: Region;
  /** Orientation that the file carried, 1–8 as EXIF numbers it; it was applied. */
  orientation: number;
};

/** A rectangle in pixels of the upright full picture. */
type Region = { x: number; y: number; width: number; height: number };

type DecodeOptions = {
  /** Longest side of what comes back; nothing is ever enlarged. */
  maxSide?: number;
  /** The part that is wanted, cut to the picture; the whole by default. What comes back covers at least it. */
  region?: Region;
};

/** A neutral light grey, so that neither dark hair nor white clothes melt into it. */
export const GROUND = "#e0e0e0";

/**
 * Decodes a picture file, as a whole or a part of it. A part is cut after the shrinking, so a JPEG is decoded at the size
 * that is needed and not at its full one. Throws `unsupported_type`, `empty_file`, `input_too_large`, `input_unreadable`.
 */
export async function decodePicture(
  path: string,
  { maxSide = PICTURE_LIMITS.maxSide, region }: DecodeOptions = {},
): Promise<Picture> {
  const { type, width, height, orientation, colour, stored, load } = await openSource(path);
  const wanted = region === undefined ? { x: 0, y: 0, width, height } : cutTo(region, width, height);
  const scale = Math.min(1, maxSide / Math.max(wanted.width, wanted.height));
  const scaled = { width: scaledSide(width, scale), height: scaledSide(height, scale) };
  const [across, down] = [scaled.width / width, scaled.height / height];
  const left = Math.floor(wanted.x * across + 1e-6);
  const top = Math.floor(wanted.y * down + 1e-6);
  const right = Math.min(scaled.width, Math.ceil((wanted.x + wanted.width) * across - 1e-6));
  const bottom = Math.min(scaled.height, Math.ceil((wanted.y + wanted.height) * down - 1e-6));

  await requireMemory(path, stored, scale);
  const source = await load();

  const decoded = (opened: Sharp): Promise<Pixels> => {
    const image = opened.autoOrient();
    image.flatten({ background: GROUND });
    if (scale < 1) image.resize(scaled.width, scaled.height, { fit: "fill" });
    const whole = left === 0 && top === 0 && right === scaled.width && bottom === scaled.height;
    if (!whole) image.extract({ left, top, width: right - left, height: bottom - top });
    return toSrgb(image, colour);
  };
  const { data, info } = await decoded(openImage(source)).catch((error: unknown) => {
    if (type !== "image/jpeg" || !endsEarly(error)) throw error;
    return withoutEnd(path, decoded, error);
  });
  return {
    width: info.width,
    height: info.height,
    data,
    fullWidth: width,
    fullHeight: height,
    region: { x: left / across, y: top / down, width: info.width / across, height: info.height / down },
    orientation,
  };
}

/** What engines read themselves. */
const READABLE = ["image/jpeg", "image/png"];

/**
 * Writes a picture of any other type than JPEG and PNG as a JPEG at `to`, as large as it is; null for those two, of which nothing is
 * written. Throws what `decodePicture` throws.
 */
export async function asJpeg(path: string, to: string): Promise<{ path: string; type: string } | null> {
  const { type, colour, stored, load } = await openSource(path);
  if (READABLE.includes(type)) return null;
  await requireMemory(path, stored, 1);
  const image = openImage(await load()).autoOrient();
  image.flatten({ background: GROUND });
  const jpeg = (opaque: Sharp) => opaque.jpeg({ quality: 97, chromaSubsampling: "4:4:4" }).toFile(to);
  if (colour === "inks") {
    const { data, info } = await toSrgb(image, colour);
    const { width, height } = info;
    await jpeg(sharp(data, { raw: { width, height, channels: 3 } })).catch(rethrow);
  } else {
    image.toColourspace("srgb");
    if (colour === "deep") image.withIccProfile("srgb");
    await jpeg(image).catch(rethrow);
  }
  return { path: to, type: "image/jpeg" };
}

type Pixels = { data: Uint8Array; info: { width: number; height: number } };

function endsEarly(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof Error && /premature end/i.test(error.cause.message);
}

/**
 * A JPEG that lacks its end marker is read, as browsers do, where all its rows are there: then more data before the marker change
 * nothing. Where rows are missing, the decoder takes it for theirs, and `error` is thrown.
 */
async function withoutEnd(path: string, decoded: (image: Sharp) => Promise<Pixels>, error: unknown): Promise<Pixels> {
  const file = await readFile(path);
  // half of a marker would make another one of what follows
  const data = file.at(-1) === 0xff ? file.subarray(0, -1) : file;
  const pixels = await decoded(openImage(Buffer.concat([data, END]), "warning"));
  const again = await decoded(openImage(Buffer.concat([data, MORE, END])));
  if (Buffer.compare(pixels.data, again.data) !== 0) throw error;
  return pixels;
}

const END = Buffer.from([0xff, 0xd9]);
/** Data that give every row something to show. */
const MORE = Buffer.alloc(256, "5aa3c96d", "hex");

/** Bytes of the pixels: embedded profiles are applied, anything else is taken for sRGB. */
async function toSrgb(image: Sharp, colour: Colour): Promise<Pixels> {
  if (colour === "inks") {
    // Without a profile, inks are taken as browsers take them: each multiplies the light that is left.
    image.pipelineColourspace("cmyk").toColourspace("cmyk").raw({ depth: "uchar" });
    const { data, info } = await image.toBuffer({ resolveWithObject: true }).catch(rethrow);
    return { data: withoutInks(data), info };
  }
  image.toColourspace("srgb");
  // libvips takes 16-bit pictures with a profile to Display P3 first and leaves them there unless told where to go.
  if (colour === "deep") image.withIccProfile("srgb");
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }).catch(rethrow);
  if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
  return { data, info };
}

/** Cyan, magenta, yellow and black, 255 = full ink, to RGB. */
function withoutInks(inks: Uint8Array): Uint8Array {
  const pixels = new Uint8Array((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const light = 255 - inks[from + 3]!;
    for (let c = 0; c < 3; c++) pixels[to + c] = ((255 - inks[from + c]!) * light + 127) / 255;
  }
  return pixels;
}

function cutTo(region: Region, width: number, height: number): Region {
  const x = Math.min(width - 1, Math.max(0, region.x));
  const y = Math.min(height - 1, Math.max(0, region.y));
  return {
    x,
    y,
    width: Math.max(1, Math.min(width, region.x + region.width) - x),
    height: Math.max(1, Math.min(height, region.y + region.height) - y),
  };
}

function scaledSide(side: number, scale: number): number {
  return Math.max(1, Math.round(side * scale));
}
