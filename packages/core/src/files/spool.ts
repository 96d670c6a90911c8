/** A body that was read to its end, so that its length and hash are known before it is sent, and that can be sent again. */
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

export type Spooled = {
  /** From the start, each time. */
  open(): Uint8Array | Readable;
  discard(): Promise<void>;
};

/** Up to so much stays in memory; larger ones go to a temporary file. */
const MEMORY_BYTES = 8 * 1024 * 1024;

/** Throws what `chunks` throws; nothing is left behind then. */
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
  const dir = await mkdtemp(join(tmpdir(), "smileloop-spool-"));
  const path = join(dir, "body");
  const discard = () => rm(dir, { recursive: true, force: true });
  try {
    const file = await open(path, "w", 0o600);
    try {
      for (const chunk of held) await file.appendFile(chunk);
      for (let next = await source.next(); !next.done; next = await source.next()) await file.appendFile(next.value);
    } finally {
      await file.close();
    }
    return { open: () => createReadStream(path), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}
