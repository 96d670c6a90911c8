/**
 * What the header of a picture says about its size. A decoder is never asked here: a picture that is too large for it has to be
 * refused before it sees a byte.
 *
 * Sources: ITU-T T.81 (JPEG) annex B; PNG specification, third edition, 11.2.1 IHDR; WebP container specification and RFC 6386,
 * 9.1 (VP8); GIF89a specification, 18; Microsoft's reference of BITMAPCOREHEADER and BITMAPINFOHEADER.
 */
import type { ReadAt } from "./clip-header.ts";
import { readHeif } from "./heif.ts";
import { damagedPicture } from "./picture-fault.ts";
import { readTiffSize } from "./tiff-header.ts";

export type PictureSize = { width: number; height: number };

/** Bytes of a file that are read at first: most begin with their sizes. */
const FIRST_BYTES = 32 * 1024;
/** Of a JPEG: bytes per further read, how far in its frame's header may lie, and markers before it, each byte of filling counted as one. */
const SEGMENT_WINDOW_BYTES = 256 * 1024;
const MAX_JPEG_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_MARKERS = 5000;
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Sizes of the headers that a BMP's may begin with. */
const BMP_HEADERS = [12, 40, 52, 56, 64, 108, 124];

type SizeReader = (bytes: number, read: ReadAt) => Promise<PictureSize>;

/** How the header of each type is read. */
const READERS: Record<string, SizeReader> = {
  "image/jpeg": jpegSize,
  "image/png": fromStart(readPng),
  "image/webp": fromStart(readWebp),
  "image/gif": fromStart(readGif),
  "image/bmp": fromStart(readBmp),
  "image/tiff": readTiffSize,
  "image/heic": heifSize,
  "image/avif": heifSize,
};

/**
 * Pixels as they are stored, before anything is cut off or turned; null for a type whose header is not read here. Throws
 * `input_unreadable`, `unsupported_type` where a variant of the type is not taken, and what `read` throws.
 */
export async function readPictureSize(type: string, bytes: number, read: ReadAt): Promise<PictureSize | null> {
  const reader = Object.hasOwn(READERS, type) ? READERS[type]! : null;
  if (reader === null) return null;
  return reader(bytes, read);
}

async function heifSize(bytes: number, read: ReadAt): Promise<PictureSize> {
  const { width, height } = (await readHeif(bytes, read)).colour;
  return { width, height };
}

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

export function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, i) => bytes[i] === byte);
}

export function isWebp(bytes: Uint8Array): boolean {
  return textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WEBP";
}

export function isGif(bytes: Uint8Array): boolean {
  return ["GIF87a", "GIF89a"].includes(textAt(bytes, 0, 6));
}

/** TIFF and BigTIFF, and the raw data of most cameras. */
export function isTiff(bytes: Uint8Array): boolean {
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(textAt(bytes, 0, 4));
}

/** Two letters alone would be the start of many a text. */
export function isBmp(bytes: Uint8Array): boolean {
  if (bytes.length < 26 || textAt(bytes, 0, 2) !== "BM") return false;
  const view = viewOf(bytes);
  return view.getUint32(6, true) === 0 && BMP_HEADERS.includes(view.getUint32(14, true));
}

/** `parse` takes the start of a file. */
function fromStart(parse: (view: DataView) => PictureSize | null): SizeReader {
  return async (bytes, read) => {
    const found = parse(viewOf(await read(0, Math.min(bytes, FIRST_BYTES))));
    if (found === null) throw damagedPicture();
    return sized(found);
  };
}

function sized(size: PictureSize): PictureSize {
  if (size.width > 0 && size.height > 0) return size;
  throw damagedPicture();
}

function readPng(view: DataView): PictureSize | null {
  if (view.byteLength < 24) return null;
  if (view.getUint32(12) !== 0x49484452) return null;
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Segment by segment: a camera may write megabytes (depth maps, previews) before the frame's header. */
async function jpegSize(bytes: number, read: ReadAt): Promise<PictureSize> {
  let window = { from: 0, data: await read(0, Math.min(bytes, FIRST_BYTES)) };
  let at = 2;
  for (let markers = 0; markers < MAX_MARKERS && at + 9 <= Math.min(bytes, MAX_JPEG_HEADER_BYTES); markers++) {
    if (at + 9 > window.from + window.data.byteLength) {
      window = { from: at, data: await read(at, Math.min(bytes - at, SEGMENT_WINDOW_BYTES)) };
      if (window.data.byteLength < 9) break;
    }
    const view = viewOf(window.data);
    const here = at - window.from;
    const marker = view.getUint8(here + 1);
    if (view.getUint8(here) !== 0xff || marker === 0xd9 || marker === 0xda || marker === 0x00) break;
    if (isFrame(marker)) return sized({ width: view.getUint16(here + 7), height: view.getUint16(here + 5) });
    // any number of 0xff may stand before a marker; restart markers and TEM have no length
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + Math.max(2, view.getUint16(here + 2));
  }
  throw damagedPicture();
}

/** SOF0–SOF15 without DHT, JPG and DAC, which share their row of codes. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readWebp(view: DataView): PictureSize | null {
  if (view.byteLength < 30) return null;
  const chunk = String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)));
  if (chunk === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (chunk === "VP8L" && view.getUint8(20) === 0x2f) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk !== "VP8X") return null;
  const side = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 0x10000 + 1;
  return { width: side(24), height: side(27) };
}

function readGif(view: DataView): PictureSize | null {
  return view.byteLength < 10 ? null : { width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

function readBmp(view: DataView): PictureSize | null {
  if (view.byteLength < 26) return null;
  if (view.getUint32(14, true) === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  // a negative height: the first row is the top one
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
