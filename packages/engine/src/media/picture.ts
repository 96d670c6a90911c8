/** Decodes what clients upload. Only JPEG and PNG get through to a decoder; the rest of libvips' formats are switched off. */
import { open, readFile } from "node:fs/promises";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { PICTURE_LIMITS } from "@smileloop/core/media/limits.ts";
import sharp, { type Sharp } from "sharp";
import { requireMemory, type Stored } from "./decoder-memory.ts";

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
  /** EXIF orientation that the file carried, 1–8; it was applied. */
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

/** What a picture's header says; sizes are upright. */
type PictureHeader = {
  type: "image/jpeg" | "image/png";
  width: number;
  height: number;
  orientation: number;
  colour: Colour;
  stored: Stored;
};

/** What conversion to sRGB needs: CMYK without a profile, 16-bit colour with one, or nothing special. */
type Colour = "inks" | "deep" | "plain";

const { maxPixels: MAX_PIXELS, maxSide: MAX_SIDE } = PICTURE_LIMITS;

sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: ["VipsForeignLoadJpeg", "VipsForeignLoadPng"] });
// One picture at a time and each only once: a cache of operations would only hold memory.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes a JPEG or PNG file, as a whole or a part of it. A part is cut after the shrinking, so a JPEG is decoded at the size
 * that is needed and not at its full one. Throws `unsupported_type`, `empty_file`, `input_too_large`, `input_unreadable`.
 */
export async function decodePicture(
  path: string,
  { maxSide = MAX_SIDE, region }: DecodeOptions = {},
): Promise<Picture> {
  const { type, width, height, orientation, colour, stored } = await readHeader(path);
  const wanted = region === undefined ? { x: 0, y: 0, width, height } : cutTo(region, width, height);
  const scale = Math.min(1, maxSide / Math.max(wanted.width, wanted.height));
  const scaled = { width: scaledSide(width, scale), height: scaledSide(height, scale) };
  const [across, down] = [scaled.width / width, scaled.height / height];
  const left = Math.floor(wanted.x * across + 1e-6);
  const top = Math.floor(wanted.y * down + 1e-6);
  const right = Math.min(scaled.width, Math.ceil((wanted.x + wanted.width) * across - 1e-6));
  const bottom = Math.min(scaled.height, Math.ceil((wanted.y + wanted.height) * down - 1e-6));

  await requireMemory(path, stored, scale);

  const decoded = (opened: Sharp): Promise<Pixels> => {
    const image = opened.autoOrient();
    // White, as on the pages on which cut-out portraits are mostly seen.
    image.flatten({ background: "#ffffff" });
    if (scale < 1) image.resize(scaled.width, scaled.height, { fit: "fill" });
    const whole = left === 0 && top === 0 && right === scaled.width && bottom === scaled.height;
    if (!whole) image.extract({ left, top, width: right - left, height: bottom - top });
    return toSrgb(image, colour);
  };
  const { data, info } = await decoded(openImage(path)).catch((error: unknown) => {
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

/** Reads type, size and orientation without decoding. Throws as `decodePicture`. */
export async function readHeader(path: string): Promise<PictureHeader> {
  const type = await sniff(path);
  const header = await openImage(path).metadata().catch(rethrow);
  const { width, height, autoOrient, orientation } = header;
  if (Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new AppError("input_too_large", `The picture has ${width} × ${height} pixels. ${SIZE_HELP}`);
  }
  let colour: Colour = "plain";
  if (header.space === "cmyk" && !header.hasProfile) colour = "inks";
  else if (header.space === "rgb16" && header.hasProfile) colour = "deep";
  const stored: Stored = {
    ...{ type, width, height, channels: header.channels ?? 4, orientation: orientation ?? 1 },
    ...{ bytes: header.depth === "uchar" ? 1 : 2, interlaced: header.isProgressive === true },
  };
  return { ...autoOrient, type, orientation: stored.orientation, colour, stored };
}

const SIZE_HELP = `At most ${MAX_SIDE.toLocaleString("en")} pixels a side and ${MAX_PIXELS / 1e6} megapixels are taken: send a smaller copy.`;

function openImage(file: string | Buffer, failOn: "error" | "warning" = "error"): Sharp {
  return sharp(file, {
    // Photos with harmless faults, such as stray bytes between segments, pass; cut-off ones don't.
    failOn,
    limitInputPixels: MAX_PIXELS,
    sequentialRead: true,
  }).timeout({ seconds: 60 });
}

async function sniff(path: string): Promise<PictureHeader["type"]> {
  const head = Buffer.alloc(8);
  const file = await open(path);
  const { bytesRead } = await file.read(head, 0, 8, 0).finally(() => file.close());
  if (bytesRead === 0) throw new AppError("empty_file", "The picture is empty: it has 0 bytes. Choose the file again.");
  if (head.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return "image/jpeg";
  if (head.equals(Buffer.from("89504e470d0a1a0a", "hex"))) return "image/png";
  throw new AppError(
    "unsupported_type",
    "The picture is neither a JPEG nor a PNG. Save it as one of them and send it again.",
  );
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

function rethrow(error: unknown): never {
  if (hasCode(error, "input_too_large")) throw error;
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
