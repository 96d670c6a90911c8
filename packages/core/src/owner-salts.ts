/**
 * The salt of each owner, at `owners/<owner>/salt`. In the audit an owner is a hash with it: the lines of one owner are seen to belong
 * together, but once the salt is gone nobody can tell whose they were, not even by trying.
 */
import { createHmac, randomBytes } from "node:crypto";
import { AppError, hasCode } from "./errors.ts";
import type { Files } from "./files.ts";
import { isOwner } from "./job/keys.ts";

/** 32 hex digits. A first request makes the salt. Throws what the storage throws. */
export async function ownerHash(files: Pick<Files, "get" | "put">, owner: string): Promise<string> {
  const salt = (await readSalt(files, owner)) ?? (await makeSalt(files, owner));
  return createHmac("sha256", salt).update(owner).digest("hex").slice(0, 32);
}

/** Throws the salt away, with whatever else is kept of the owner beside jobs and uploads. */
export async function forgetOwner(files: Pick<Files, "purge">, owner: string): Promise<void> {
  await files.purge(folderOf(owner));
}

async function readSalt(files: Pick<Files, "get">, owner: string): Promise<Buffer | null> {
  try {
    const { body } = await files.get(keyOf(owner));
    return Buffer.from(await new Response(body).arrayBuffer());
  } catch (error) {
    if (hasCode(error, "not_found")) return null;
    throw error;
  }
}

async function makeSalt(files: Pick<Files, "get" | "put">, owner: string): Promise<Buffer> {
  const salt = randomBytes(32);
  const body = async function* () {
    yield salt;
  };
  try {
    await files.put(keyOf(owner), body(), { type: "application/octet-stream", bytes: salt.length });
    return salt;
  } catch (error) {
    if (!hasCode(error, "already_exists")) throw error;
    const there = await readSalt(files, owner);
    if (there === null)
      throw new AppError("storage_unavailable", "What is kept of this owner has just been erased; try again.");
    return there;
  }
}

function folderOf(owner: string): string {
  if (!isOwner(owner)) throw new AppError("not_found", "There is no such owner.");
  return `owners/${owner}`;
}

function keyOf(owner: string): string {
  return `${folderOf(owner)}/salt`;
}
