/**
 * Everything of an owner goes: jobs with their files, uploads, cached files, idempotency entries, and the salt by which lines of the audit were
 * known to be theirs. What stays for a day are tombstones, which keep late writers out: the id, the owner and times, nothing else.
 */
import type { Audit } from "../audit/audit-log.ts";
import { hasCode } from "../errors.ts";
import { cacheOfKey, uploadOfKey } from "../job/keys.ts";
import { forgetOwner } from "../owner-salts.ts";
import { deleteJob } from "./close.ts";
import type { JobStore } from "./jobs.ts";

const AT_ONCE = 100;

export type Erased = { jobs: number; uploads: number };

/** Safe to repeat: where it fails half-way, the next time goes on. Throws what the storage throws. */
export async function eraseOwner(store: JobStore & { audit?: Audit | undefined }, owner: string): Promise<Erased> {
  const { records, files, audit } = store;
  const erased: Erased = { jobs: 0, uploads: 0 };
  let cursor: string | undefined;
  do {
    const page = await records.list(owner, { limit: AT_ONCE, cursor });
    for (const { id, state } of page.records) {
      if (state === "deleted") continue;
      await deleteJob(store, owner, id).catch(ifGone);
      erased.jobs += 1;
    }
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  for await (const { key } of files.list("uploads/")) {
    if (uploadOfKey(key)?.owner !== owner) continue;
    await files.purge(key);
    erased.uploads += 1;
  }
  for await (const { key } of files.list("cache/")) if (cacheOfKey(key)?.owner === owner) await files.purge(key);
  await records.keys.erase(owner);
  await audit?.tell({ kind: "erased", owner, details: { jobs: erased.jobs, uploads: erased.uploads } });
  // last, so that the line has the hash that the others have
  await forgetOwner(files, owner);
  return erased;
}

function ifGone(error: unknown): void {
  if (!hasCode(error, "not_found")) throw error;
}
