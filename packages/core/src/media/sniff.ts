/**
 * What the first bytes of a file say that it is, whatever its name or declared type says. Sources: ITU-T T.81 (JPEG); PNG
 * specification, third edition; ISO/IEC 14496-12, 4.3 (`ftyp` and its brands); ISO/IEC 23008-12, annex B; RFC 8794 and RFC 9559 (EBML header and DocType).
 */
import { isBmp, isGif, isJpeg, isPng, isTiff, isWebp } from "./picture-header.ts";
import { decodeText } from "./text.ts";
import { knownType } from "./types.ts";

/** Brands of `ftyp` that are pictures, not videos: of HEVC, of AV1, of what the other brands say, and raw ones. */
const HEVC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx"];
const AV1_BRANDS = ["avif", "avis"];
const STILL_BRANDS = ["mif1", "mif2", "msf1", "miaf"];
const RAW_BRANDS = ["crx "];
const MAX_BRANDS_BYTES = 512;
const SOUND_BRANDS = ["M4A ", "M4B ", "M4P "];
/** Top-level boxes that a QuickTime file without `ftyp` may begin with. */
const QUICKTIME_BOXES = ["moov", "mdat", "wide", "free", "skip"];

/** The media type by content, or null. `bytes`: the file from its start, some thousand bytes or all of it. */
export async function sniffType(bytes: Uint8Array): Promise<string | null> {
  return quickType(bytes) ?? (await detectedType(bytes)) ?? textType(bytes);
}

/** The types that most files have, and those that the library does not know. */
function quickType(bytes: Uint8Array): string | null {
  if (isJpeg(bytes)) return "image/jpeg";
  if (isPng(bytes)) return "image/png";
  if (isWebp(bytes)) return "image/webp";
  if (isGif(bytes)) return "image/gif";
  if (isBmp(bytes)) return "image/bmp";
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const box = text.toString("latin1", 4, 8);
  if (box === "ftyp") {
    const brand = text.toString("latin1", 8, 12);
    if (RAW_BRANDS.includes(brand)) return null;
    const still = stillType(text);
    if (still !== null) return still;
    if (SOUND_BRANDS.includes(brand)) return "audio/mp4";
    return brand === "qt  " ? "video/quicktime" : "video/mp4";
  }
  if (QUICKTIME_BOXES.includes(box)) return "video/quicktime";
  if (isDrawing(text)) return "image/svg+xml";
  return text.length >= 4 && text.readUInt32BE(0) === 0x1a45dfa3 ? matroskaType(text.subarray(0, 128)) : null;
}

/** Among texts, XML is all that begins like this. */
function isDrawing(file: Buffer): boolean {
  const start = decodeText(file.subarray(0, 4096), { part: true }) ?? "";
  return /^\s*</.test(start) && /<svg[\s>]/i.test(start) && !/<html/i.test(start);
}

/** Any of a file's brands may say that it is a still picture; the first that says more says what it is coded as. */
function stillType(file: Buffer): string | null {
  const end = Math.min(file.length, Math.max(12, file.readUInt32BE(0)), MAX_BRANDS_BYTES);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= end; at += 4) if (at !== 12) brands.push(file.toString("latin1", at, at + 4));
  const coded = brands.find((brand) => HEVC_BRANDS.includes(brand) || AV1_BRANDS.includes(brand));
  if (coded !== undefined) return AV1_BRANDS.includes(coded) ? "image/avif" : "image/heic";
  return brands.some((brand) => STILL_BRANDS.includes(brand)) ? "image/heic" : null;
}

/** By the DocType in the header (element 0x4282, whose length takes a byte), with which browsers record either. */
function matroskaType(header: Buffer): string | null {
  const at = header.indexOf(Buffer.from([0x42, 0x82]));
  if (at < 0) return null;
  const docType = header.toString("latin1", at + 3, at + 3 + ((header[at + 2] ?? 0) & 0x7f)).replace(/\0+$/, "");
  return { webm: "video/webm", matroska: "video/x-matroska" }[docType] ?? null;
}

/** Loaded only when it is needed: its table takes longer to read than a photo's head. */
async function detectedType(bytes: Uint8Array): Promise<string | null> {
  const { fileTypeFromBuffer } = await import("file-type");
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined);
  // the library takes a text that begins with BM for a bitmap, and gives up a TIFF whose directory lies farther on
  if (!found) return isTiff(bytes) ? "image/tiff" : null;
  return found.mime === "image/bmp" ? null : knownType(found.mime);
}

/** Texts have no magic numbers: JSON begins with a bracket, the recording of a face with its column of times, a table has commas. */
function textType(bytes: Uint8Array): string | null {
  if (bytes.length === 0 || decodeText(bytes, { part: true }) === null) return null;
  const start = decodeText(bytes.subarray(0, 4096), { part: true }) ?? "";
  if (/^\s*[[{]/.test(start)) return "application/json";
  const [line = ""] = start.split(/\r?\n/, 1);
  if (/^"?timecode"?\s*,/i.test(line) || /^[^,;\t]+([,;\t][^,;\t]*)+$/.test(line)) return "text/csv";
  return start.includes("\uFFFD") ? null : "text/plain";
}
