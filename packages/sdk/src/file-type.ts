/**
 * The type of a file that does not say it, by its first bytes: bytes have none, and browsers know none for HEIC and Matroska. It is
 * only what the link is signed for; the server looks at the content itself.
 */
const BY_START: readonly (readonly [start: string, type: string])[] = [
  ["\xff\xd8", "image/jpeg"],
  ["\x89PNG", "image/png"],
  ["GIF8", "image/gif"],
  ["BM", "image/bmp"],
  ["II*\0", "image/tiff"],
  ["MM\0*", "image/tiff"],
  ["\x1a\x45\xdf\xa3", "video/webm"],
  ["OggS", "audio/ogg"],
  ["fLaC", "audio/flac"],
  ["ID3", "audio/mpeg"],
  ["\xff\xfb", "audio/mpeg"],
  ["\xff\xf1", "audio/aac"],
  ["PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["{", "application/json"],
];
/** After `RIFF` and a length. */
const RIFF: Record<string, string> = { WEBP: "image/webp", WAVE: "audio/wav", "AVI ": "video/x-msvideo" };
/** After a length and `ftyp`. */
const BRANDS: readonly (readonly [brand: RegExp, type: string])[] = [
  [/^(hei|hev|mif|msf)/, "image/heic"],
  [/^avi/, "image/avif"],
  [/^qt/, "video/quicktime"],
  [/^M4A/, "audio/mp4"],
  [/./, "video/mp4"],
];

/** `text/csv` where nothing else is recognised: of the files that servers take, only tables have no mark. */
export async function typeOf(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const start = String.fromCharCode(...bytes);
  if (start.startsWith("RIFF")) return RIFF[start.slice(8, 12)] ?? "audio/wav";
  if (start.slice(4, 8) === "ftyp") return BRANDS.find(([brand]) => brand.test(start.slice(8, 12)))![1];
  return BY_START.find(([mark]) => start.startsWith(mark))?.[1] ?? "text/csv";
}
