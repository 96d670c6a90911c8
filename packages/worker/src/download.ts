import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Files, StoredFile } from "@smileloop/core/files.ts";

/** Tries in a row that bring nothing of a file. */
const READ_TRIES = 3;

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

/**
 * A stored file as it comes, without a disk; where the storage breaks off it is asked for the rest. It has to be read, or to be
 * left by `return`. Throws `not_found`, and `internal` where the file has another length, or changes meanwhile.
 */
export async function readStored(
  files: Files,
  { key, bytes }: { key: string; bytes: number },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const found = await files.get(key, { signal });
  if (found.bytes === bytes) return chunksOf(files, found, signal);
  await found.body.cancel();
  throw notTheSame();
}

async function* chunksOf(files: Files, { key, bytes, etag, body }: StoredFile, signal: AbortSignal) {
  let rest = body;
  let at = 0;
  for (let tries = 1; ; tries++) {
    try {
      for await (const chunk of rest) {
        yield chunk;
        at += chunk.byteLength;
        tries = 1;
      }
      return;
    } catch (error) {
      if (at === bytes || tries === READ_TRIES || !hasCode(error, "storage_unavailable")) throw error;
    }
    const again = await files.get(key, { range: { first: at }, signal });
    rest = again.body;
    if (again.etag === etag) continue;
    await rest.cancel();
    throw notTheSame();
  }
}

function notTheSame(): AppError {
  return new AppError("internal", "A file of the job is not the one that was given.");
}
