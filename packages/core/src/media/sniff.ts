/**
 * What the first bytes of a file say that it is, whatever its name or declared type says. Sources: ITU-T T.81 (JPEG); PNG
 * specification, third edition; ISO/IEC 14496-12, 4.3 (`ftyp` and its brands); RFC 8794 and RFC 9559 (EBML header and DocType).
 */
import { isJpeg, isPng } from "./picture-header.ts";
import { decodeText } from "./text.ts";
import { knownType } from "./types.ts";

/** Brands of `ftyp` that are pictures, not videos. */
const STILL_BRANDS = ["heic", "heix", "mif1", "avif", "avis", "crx "];
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
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const box = text.toString("latin1", 4, 8);
  if (box === "ftyp") {
    const brand = text.toString("latin1", 8, 12);
    if (STILL_BRANDS.includes(brand)) return null;
    if (SOUND_BRANDS.includes(brand)) return "audio/mp4";
    return brand === "qt  " ? "video/quicktime" : "video/mp4";
  }
  if (QUICKTIME_BOXES.includes(box)) return "video/quicktime";
  return text.length >= 4 && text.readUInt32BE(0) === 0x1a45dfa3 ? matroskaType(text.subarray(0, 128)) : null;
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
  return found ? knownType(found.mime) : null;
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
