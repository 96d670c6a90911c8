/** A body that was read to its end, so that its length and hash are known before it is sent, and that can be sent again. */
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { withStorageErrors } from "../storage/durable-files.ts";

export type Spooled = {
  /** From the start, each time. */
  open(): Uint8Array | Readable;
  discard(): Promise<void>;
};

/** Maximum size of a body that is kept in memory; larger ones go to a temporary file. */
const MEMORY_BYTES = 8 * 1024 * 1024;

/** Throws what `chunks` throws, `storage_full` or `storage_unavailable`; nothing is left behind then. */
export async function spool(chunks: AsyncIterable<Uint8Array>, memoryBytes = MEMORY_BYTES): Promise<Spooled> {
  const source = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= memoryBytes) {
    const { done, value } = await source.next();
    if (done) {
      const whole = Buffer.concat(held);
      return { open: () => whole, discard: async () => {} };
    }
    held.push(Uint8Array.from(value));
    bytes += value.byteLength;
  }
  return toFile(held, source);
}

async function toFile(held: Uint8Array[], source: AsyncIterator<Uint8Array>): Promise<Spooled> {
  let dir: string | null = null;
  const discard = async () => {
    if (dir !== null) await rm(dir, { recursive: true, force: true });
  };
  try {
    dir = await withStorageErrors(() => mkdtemp(join(tmpdir(), "smileloop-spool-")));
    const path = join(dir, "body");
    const file = await withStorageErrors(() => open(path, "w", 0o600));
    const write = (chunk: Uint8Array) => withStorageErrors(() => file.appendFile(chunk));
    try {
      for (const chunk of held) await write(chunk);
      for (let next = await source.next(); !next.done; next = await source.next()) await write(next.value);
    } finally {
      await file.close();
    }
    return { open: () => createReadStream(path), discard };
  } catch (error) {
    // tells the source that nobody reads on; not awaited, because a source that hangs would hang this, too
    void Promise.resolve(source.return?.()).catch(() => {});
    await discard();
    throw error;
  }
}
