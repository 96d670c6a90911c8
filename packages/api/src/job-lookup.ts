/** Finding a job for a reply, and the rules of 410 and 404: what a record says; without one, the id's own age. */
import { AppError } from "@smileloop/core/errors.ts";
import { idTimeMs, isId } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord, TOMBSTONE_LIFE_MS } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "./deps.ts";

/** Throws `gone` for deleted jobs and for ids that are over a day old, `not_found` for all others that have no record. */
export async function findJob(
  { records, clock }: Pick<ApiDeps, "records" | "clock">,
  owner: string,
  id: string,
): Promise<JobRecord> {
  if (!isId(id)) throw new AppError("not_found", "There is no job with this id.");
  return present((await records.get(owner, id))?.record ?? null, id, clock.now());
}

/** The record, if it is one that may be shown; throws like `findJob`. */
export function present(record: JobRecord | null, id: string, nowMs: number): JobRecord {
  if (record?.state === "deleted") throw new AppError("gone", "This job was deleted.");
  if (record) return record;
  if (nowMs - idTimeMs(id) > TOMBSTONE_LIFE_MS)
    throw new AppError("gone", "This job is over a day old, and its record was deleted.");
  throw new AppError("not_found", "There is no job with this id.");
}

/** Whether the job's files are gone for clients, swept already or not. */
export function hasExpired({ state, expires_at }: JobRecord, nowMs: number): boolean {
  return state === "expired" || (isEnded(state) && expires_at !== null && nowMs >= expires_at);
}
