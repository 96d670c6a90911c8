/** Media types of files that jobs take and make. */
const ENDINGS: Record<string, string> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "video/mp4": "mp4",
  "video/quicktime": "mov",
  "video/webm": "webm",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "text/csv": "csv",
  "text/plain": "txt",
  "application/json": "json",
  "application/zip": "zip",
};

/** How the name of a file of this type ends, without a dot; `bin` for unknown types. */
export function endingOf(type: string): string {
  return ENDINGS[type] ?? "bin";
}
