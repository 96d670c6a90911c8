/** How files get in: stored as uploads, and checked by their content and header before a job may use them. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Files, StoredFile } from "@smileloop/core/files.ts";
import { idTimeMs, newId } from "@smileloop/core/job/ids.ts";
import { UPLOAD_LIFE_MS } from "@smileloop/core/job/job.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { FIRST_BYTES, readFacts } from "@smileloop/core/kinds/facts.ts";
import type { InputFacts, Slot } from "@smileloop/core/kinds/inputs.ts";
import type { ApiDeps } from "../deps.ts";

type Stores = Pick<ApiDeps, "files" | "clock">;

export type StoredUpload = { id: string; key: string; bytes: number; etag: string; sha256: string };

/** A file that passed the checks of a slot; `etag` is the very content that was checked. */
export type CheckedFile = InputFacts & { key: string; etag: string };

/**
 * Stores a body as a separate upload, as far as `maxBytes` (then `too_large`, and nothing of it stays). It lives for an hour
 * unless `dropUpload` takes it away; jobs copy it.
 */
export async function storeUpload(
  { files, clock }: Stores,
  owner: string,
  body: AsyncIterable<Uint8Array>,
  options: { maxBytes: number; type?: string; signal?: AbortSignal },
): Promise<StoredUpload> {
  const id = newId(clock.now());
  const { maxBytes, type = "application/octet-stream", signal } = options;
  const { key, bytes, etag, sha256 } = await files.put(uploadKey(owner, id), body, { type, maxBytes, signal });
  return { id, key, bytes, etag, sha256 };
}

export async function dropUpload({ files }: Pick<ApiDeps, "files">, owner: string, id: string): Promise<void> {
  await files.purge(uploadKey(owner, id));
}

/** Throws `gone` after an upload's hour, `not_found` before its bytes are there, and whatever `checkFile` throws. */
export async function checkUpload(deps: Stores, owner: string, id: string, slot: Slot): Promise<CheckedFile> {
  const key = uploadKey(owner, id);
  if (deps.clock.now() >= idTimeMs(id) + UPLOAD_LIFE_MS) {
    throw new AppError("gone", "This upload is over an hour old; upload the file again.");
  }
  return checkFile(deps, key, slot).catch((error: unknown) => {
    if (!hasCode(error, "not_found")) throw error;
    throw new AppError("not_found", "There is no such upload, or its bytes have not arrived yet.", { cause: error });
  });
}

/** Throws what `readFacts` throws, `not_found` when there is no such file. */
export async function checkFile({ files }: Pick<ApiDeps, "files">, key: string, slot: Slot): Promise<CheckedFile> {
  const head = await readPart(files, key, 0, FIRST_BYTES);
  const { bytes, etag } = head;
  const facts = await readFacts(slot, bytes, async (position, length) => {
    if (position + length <= head.first.length) return head.first.subarray(position, position + length);
    const part = await readPart(files, key, position, length);
    if (part.etag === etag) return part.first;
    throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
  });
  return { ...facts, key, etag };
}

type Head = Pick<StoredFile, "bytes" | "etag"> & { first: Uint8Array };
/**
 * Bytes of a file from a position on, or all that there are. Read to their end, because a storage's connection whose reply is
 * cut short cannot be used again.
 */
async function readPart(files: Files, key: string, position: number, length: number): Promise<Head> {
  const { bytes, etag, body } = await files
    .get(key, { range: { first: position, last: position + length - 1 } })
    .catch((error: unknown) => {
      throw hasCode(error, "range_not_satisfiable") ? empty() : error;
    });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { bytes, etag, first: Buffer.concat(chunks) };
}

function empty(): AppError {
  return new AppError("empty_file", "The file is empty.");
}
