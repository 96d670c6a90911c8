/** Files that come in: stored as uploads, and checked by content and header before a job may use them. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { idTimeMs, newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { UPLOAD_LIFE_MS } from "@smileloop/core/job/record.ts";
import { type CheckedFile, checkFile } from "@smileloop/core/jobs/check-file.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import { spanOf } from "@smileloop/core/text.ts";
import type { ApiDeps } from "../deps.ts";

type Stores = Pick<ApiDeps, "files" | "clock" | "lifeMs">;

export type StoredUpload = { id: string; key: string; bytes: number; etag: string; sha256: string };

/**
 * Stores a body as a separate upload, as far as `maxBytes` (then `too_large`, and nothing of it stays). It lives for its hour
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
  requireYoung(deps, id);
  return checkFile(deps.files, key, slot).catch((error: unknown) => {
    if (!hasCode(error, "not_found")) throw error;
    throw new AppError("not_found", "There is no such upload, or its bytes have not arrived yet.", { cause: error });
  });
}

/** How long an upload lives, milliseconds. */
export function uploadLifeMs({ lifeMs }: Pick<ApiDeps, "lifeMs">): number {
  return lifeMs ?? UPLOAD_LIFE_MS;
}

/** Throws `gone` after an upload's hour. */
export function requireYoung(deps: Stores, id: string): void {
  const lifeMs = uploadLifeMs(deps);
  if (deps.clock.now() < idTimeMs(id) + lifeMs) return;
  throw new AppError("gone", `Uploads are kept for ${spanOf(lifeMs)} and this one is gone; upload the file again.`);
}
