/**
 * What the first bytes of a file say that it is, whatever its name or declared type says. Sources: ITU-T T.81 (JPEG); PNG
 * specification, third edition; ISO/IEC 14496-12, 4.3 (`ftyp` and its brands); RFC 8794 and RFC 9559 (EBML header and DocType).
 */
import { isJpeg, isPng } from "./picture-header.ts";
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
  const isEbml = text.length >= 4 && text.readUInt32BE(0) === 0x1a45dfa3;
  return isEbml && text.subarray(0, 128).includes("webm") ? "video/webm" : null;
}

/** Loaded only when it is needed: its table takes longer to read than a photo's head. */
async function detectedType(bytes: Uint8Array): Promise<string | null> {
  const { fileTypeFromBuffer } = await import("file-type");
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined);
  return found ? knownType(found.mime) : null;
}

/** Texts have no magic numbers: JSON begins with a bracket, the recording of a face with its column of times, a table has commas. */
function textType(bytes: Uint8Array): string | null {
  if (bytes.length === 0 || bytes.includes(0)) return null;
  const start = new TextDecoder().decode(bytes.subarray(0, 4096));
  if (/^\s*[[{]/.test(start)) return "application/json";
  const [line = ""] = start.split(/\r?\n/, 1);
  if (/^"?timecode"?\s*,/i.test(line) || /^[^,;\t]+([,;\t][^,;\t]*)+$/.test(line)) return "text/csv";
  return start.includes("\uFFFD") ? null : "text/plain";
}
