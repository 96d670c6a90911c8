import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Files } from "@smileloop/core/files.ts";

/** Downloads a stored file to a path where nothing is yet; answers what was stored then. */
export async function downloadTo(
  path: string,
  files: Files,
  key: string,
  signal: AbortSignal,
): Promise<{ type: string; bytes: number; etag: string }> {
  const { body, type, bytes, etag } = await files.get(key, { signal });
  await pipeline(Readable.fromWeb(body), createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
  return { type, bytes, etag };
}
