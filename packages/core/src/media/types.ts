/** The media types that files may have: one table for slots, file names and content sniffing. */

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

export type MediaClass = "image" | "video" | "audio" | "table" | "archive" | "text" | "data";

/** `detected`: other names that the sniffing library uses. */
type MediaType = { type: string; class: MediaClass; ending: string; detected?: string[] };

const MEDIA_TYPES: readonly MediaType[] = [
  { type: "image/jpeg", class: "image", ending: "jpg" },
  { type: "image/png", class: "image", ending: "png", detected: ["image/apng"] },
  { type: "image/webp", class: "image", ending: "webp" },
  { type: "image/gif", class: "image", ending: "gif" },
  { type: "video/mp4", class: "video", ending: "mp4", detected: ["video/x-m4v"] },
  { type: "video/quicktime", class: "video", ending: "mov" },
  { type: "video/webm", class: "video", ending: "webm" },
  { type: "video/x-matroska", class: "video", ending: "mkv", detected: ["video/matroska"] },
  { type: "video/x-msvideo", class: "video", ending: "avi", detected: ["video/vnd.avi"] },
  { type: "audio/wav", class: "audio", ending: "wav", detected: ["audio/vnd.wave", "audio/x-wav"] },
  { type: "audio/mpeg", class: "audio", ending: "mp3" },
  { type: "audio/mp4", class: "audio", ending: "m4a", detected: ["audio/x-m4a"] },
  { type: "audio/aac", class: "audio", ending: "aac" },
  {
    type: "audio/ogg",
    class: "audio",
    ending: "ogg",
    detected: ["application/ogg", "audio/opus", "audio/ogg; codecs=opus"],
  },
  { type: "audio/flac", class: "audio", ending: "flac", detected: ["audio/x-flac"] },
  { type: "text/csv", class: "table", ending: "csv" },
  { type: XLSX, class: "table", ending: "xlsx" },
  { type: "application/zip", class: "archive", ending: "zip" },
  { type: "text/plain", class: "text", ending: "txt" },
  { type: "application/json", class: "data", ending: "json" },
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

/** The table's name for a type that was found in the first bytes of a file. */
export function knownType(detected: string): string {
  return BY_DETECTED.get(detected) ?? detected;
}
