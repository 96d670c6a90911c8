/** The media types that files may have: one table for slots, file names and content sniffing. */

export const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

export type MediaClass = "image" | "video" | "audio" | "table" | "archive" | "text" | "data";

/** `detected`: other names that the sniffing library uses. `aliases`: further ones that clients use. */
type MediaType = { type: string; class: MediaClass; ending: string; detected?: string[]; aliases?: string[] };

const MEDIA_TYPES: readonly MediaType[] = [
  { type: "image/jpeg", class: "image", ending: "jpg", aliases: ["image/jpg", "image/pjpeg"] },
  { type: "image/png", class: "image", ending: "png", detected: ["image/apng"], aliases: ["image/x-png"] },
  {
    type: "image/heic",
    class: "image",
    ending: "heic",
    detected: ["image/heif", "image/heic-sequence", "image/heif-sequence"],
  },
  { type: "image/avif", class: "image", ending: "avif", aliases: ["image/avif-sequence"] },
  { type: "image/webp", class: "image", ending: "webp" },
  { type: "image/gif", class: "image", ending: "gif" },
  {
    type: "image/bmp",
    class: "image",
    ending: "bmp",
    detected: ["image/x-bmp"],
    aliases: ["image/x-ms-bmp", "image/x-windows-bmp"],
  },
  { type: "image/tiff", class: "image", ending: "tif", aliases: ["image/tif", "image/x-tiff", "image/x-tif"] },
  { type: "video/mp4", class: "video", ending: "mp4", detected: ["video/x-m4v"] },
  { type: "video/quicktime", class: "video", ending: "mov" },
  { type: "video/webm", class: "video", ending: "webm" },
  { type: "video/x-matroska", class: "video", ending: "mkv", detected: ["video/matroska"] },
  {
    type: "video/x-msvideo",
    class: "video",
    ending: "avi",
    detected: ["video/vnd.avi"],
    aliases: ["video/avi", "video/msvideo"],
  },
  {
    type: "audio/wav",
    class: "audio",
    ending: "wav",
    detected: ["audio/vnd.wave", "audio/x-wav"],
    aliases: ["audio/wave"],
  },
  { type: "audio/mpeg", class: "audio", ending: "mp3", aliases: ["audio/mp3", "audio/x-mp3", "audio/x-mpeg"] },
  { type: "audio/mp4", class: "audio", ending: "m4a", detected: ["audio/x-m4a"], aliases: ["audio/m4a"] },
  { type: "audio/aac", class: "audio", ending: "aac", aliases: ["audio/aacp", "audio/x-aac"] },
  {
    type: "audio/ogg",
    class: "audio",
    ending: "ogg",
    detected: ["application/ogg", "audio/opus", "audio/ogg; codecs=opus"],
  },
  { type: "audio/flac", class: "audio", ending: "flac", detected: ["audio/x-flac"] },
  // what browsers on Windows with Excel call it
  {
    type: "text/csv",
    class: "table",
    ending: "csv",
    aliases: ["application/csv", "text/x-csv", "application/vnd.ms-excel"],
  },
  { type: XLSX, class: "table", ending: "xlsx" },
  { type: "application/zip", class: "archive", ending: "zip", aliases: ["application/x-zip-compressed"] },
  { type: "text/plain", class: "text", ending: "txt" },
  { type: "application/json", class: "data", ending: "json", aliases: ["text/json"] },
];

const BY_TYPE = new Map(MEDIA_TYPES.map((entry) => [entry.type, entry]));
const BY_DETECTED = new Map(MEDIA_TYPES.flatMap((entry) => (entry.detected ?? []).map((name) => [name, entry.type])));

/** Null for types that are not in the table. */
export function mediaClassOf(type: string): MediaClass | null {
  return BY_TYPE.get(type)?.class ?? null;
}

/** The ending of a file's name, without the dot; `bin` for types that are not in the table. */
export function endingOf(type: string): string {
  return BY_TYPE.get(type)?.ending ?? "bin";
}

/** Every type of these classes. */
export function typesOfClasses(classes: readonly MediaClass[]): string[] {
  return MEDIA_TYPES.filter((entry) => classes.includes(entry.class)).map(({ type }) => type);
}

const BY_ANY_NAME = new Map(
  MEDIA_TYPES.flatMap(({ type, detected = [], aliases = [] }) => [...detected, ...aliases].map((name) => [name, type])),
);

/** The table's name for a type as clients give it: in any case, by an alias, or with parameters (`video/webm;codecs=vp8`). */
export function namedType(given: string): string {
  const [bare = ""] = given.toLowerCase().split(";", 1);
  return BY_ANY_NAME.get(bare.trim()) ?? bare.trim();
}

/** The table's name for a type that was found in the first bytes of a file. */
export function knownType(detected: string): string {
  return BY_DETECTED.get(detected) ?? detected;
}
