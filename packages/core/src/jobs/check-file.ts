/** Checks stored files against a slot's limits. */
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { FIRST_BYTES, readFacts } from "../kinds/facts.ts";
import type { InputFacts, Slot } from "../kinds/inputs.ts";

/** A file that passed the checks of a slot; `etag` is the very content that was checked. */
export type CheckedFile = InputFacts & { key: string; etag: string };

/** Throws what `readFacts` throws, `not_found` when there is no such file, `precondition_failed` when it is replaced meanwhile. */
export async function checkFile(files: Files, key: string, slot: Slot): Promise<CheckedFile> {
  const head = await readPart(files, key, 0, FIRST_BYTES);
  const { bytes, etag } = head;
  const facts = await readFacts(slot, bytes, async (position, length) => {
    if (position + length <= head.part.length) return head.part.subarray(position, position + length);
    const read = await readPart(files, key, position, length);
    if (read.etag === etag) return read.part;
    throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
  });
  return { ...facts, key, etag };
}

/**
 * Bytes of a file from a position on, or all that there are. Read to their end, because a storage's connection whose reply is
 * cut short cannot be used again.
 */
async function readPart(files: Files, key: string, position: number, length: number) {
  const { bytes, etag, body } = await files
    .get(key, { range: { first: position, last: position + length - 1 } })
    .catch((error: unknown) => {
      throw hasCode(error, "range_not_satisfiable") ? new AppError("empty_file", "The file is empty.") : error;
    });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { bytes, etag, part: Buffer.concat(chunks) };
}
