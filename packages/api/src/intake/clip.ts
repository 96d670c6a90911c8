/**
 * What the first bytes of a driving clip say that it is. Sources: ISO/IEC 14496-12, 4.3 (`ftyp` and its brands); RFC 8794 and
 * RFC 9559 (EBML header and DocType).
 */

/** Brands of `ftyp` that are pictures, not videos. */
const STILL_BRANDS = ["heic", "heix", "mif1", "avif", "avis", "crx "];
/** Top-level boxes that a QuickTime file without `ftyp` may begin with. */
const QUICKTIME_BOXES = ["moov", "mdat", "wide", "free", "skip"];

export function isVideoType(type: string): boolean {
  return type.startsWith("video/");
}

/** The media type by content, or null. `bytes`: the file from its start, some hundred bytes or all of it. */
export function sniffDriving(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const box = text.toString("latin1", 4, 8);
  if (box === "ftyp") {
    const brand = text.toString("latin1", 8, 12);
    if (STILL_BRANDS.includes(brand)) return null;
    return brand === "qt  " ? "video/quicktime" : "video/mp4";
  }
  if (QUICKTIME_BOXES.includes(box)) return "video/quicktime";
  if (text.length >= 4 && text.readUInt32BE(0) === 0x1a45dfa3) {
    return text.subarray(0, 128).includes("webm") ? "video/webm" : null;
  }
  return text.includes(0) ? null : textType(text.toString("utf8", 0, 512).replace(/^\uFEFF/, ""));
}

function textType(start: string): string | null {
  if (/^\s*[[{]/.test(start)) return "application/json";
  return /^"?timecode"?\s*,/i.test(start) ? "text/csv" : null;
}
