/** Jobs whose record can't be read: what stands in for it, and until when its files and itself stay. */

import { changeJob } from "../job/change.ts";
import { idTimeMs, newToken, rootOf } from "../job/ids.ts";
import { type JobRecord, MAX_JOB_LIFE_MS, newJobRecord, RESULT_LIFE_MS } from "../job/record.ts";
import { type Damage, UnreadableRecord } from "../job/unreadable.ts";
import type { Records, StoredRecord } from "../records.ts";

/**
 * When the job's files go: an hour (`lifeMs`) after the record was written last, because the job has ended by then or never will; however
 * young it looks, an hour after the latest deadline that such a job can have.
 */
export function filesGoMs({ id, ageMs }: Damage, nowMs: number, lifeMs = RESULT_LIFE_MS): number {
  const madeMs = idTimeMs(id);
  return Math.min(Math.max(madeMs, nowMs - ageMs), madeMs + MAX_JOB_LIFE_MS) + lifeMs;
}

/** Replaces the record by the tombstone of a deleted job. Throws like `replace`. */
export function buryDamaged(records: Records, damage: Damage, nowMs: number): Promise<StoredRecord> {
  return records.replace(tombstoneOf(damage, nowMs), damage.etag);
}

export function tombstoneOf(damage: Damage, nowMs: number): JobRecord {
  const tombstone = changeJob(standIn(damage), { by: "api", do: "delete" }, nowMs);
  if (typeof tombstone === "string") throw new Error(`A stand-in cannot be deleted: ${tombstone}.`);
  return tombstone;
}

/** Replaces the record of a child by one that has failed, so that its root need not wait for it until its deadline. */
export function failDamaged(records: Records, damage: Damage, nowMs: number): Promise<StoredRecord> {
  const error = { code: "record_unreadable", detail: "The record of this part of the job was damaged." } as const;
  const record = standIn(damage);
  const failed = { ...record, rev: record.rev + 1, state: "failed", ended_at: nowMs, error } as const;
  return records.replace(failed, damage.etag);
}

/** What the id tells, and nothing else. Of a root it may have been a plan. */
function standIn({ owner, id, rev }: Damage): JobRecord {
  const child = rootOf(id);
  const unknown = { kind: "unknown", queue: "unknown", params: {}, metadata: {}, inputs: {} };
  const place = child ? { root: child.root, index: child.index } : {};
  const engine = child ? "unknown" : null;
  const record = newJobRecord({ owner, id, ...unknown, ...place, engine, estimateSeconds: 0 }, idTimeMs(id));
  return { ...record, rev, write: newToken() };
}

export function damageOf(error: unknown): Damage | null {
  return error instanceof UnreadableRecord ? error.damage : null;
}
