/** Jobs as the clients of this dialect see them. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../../deps.ts";
import { hasExpired, present } from "../../job-lookup.ts";
import { whyFailed } from "../job-end.ts";
import { KIND } from "./names.ts";
import { notesOf } from "./notes.ts";
import { outcomeOf } from "./outcome.ts";

type Status = "queued" | "running" | "done" | "failed";
/** `ageMs`: time since the record changed. */
export type Found = { record: JobRecord; ageMs: number };

/** Throws `not_found` as clients know it, also for jobs of other kinds and for those that were deleted. */
export async function findBatch({ records, clock }: ApiDeps, owner: string, id: string): Promise<Found> {
  const missing = () => new AppError("not_found", "job not found");
  const stored = isId(id) ? await records.get(owner, id) : null;
  if (!stored) throw missing();
  try {
    const record = present(stored.record, id, clock.now());
    if (record.kind !== KIND) throw missing();
    return { record, ageMs: stored.ageMs };
  } catch (error) {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  }
}

export async function statusReply(deps: ApiDeps, { record, ageMs }: Found): Promise<object> {
  const nowMs = deps.clock.now();
  const status = statusOf(record, nowMs);
  const changed = isEnded(record.state) && record.ended_at !== null ? record.ended_at : nowMs - ageMs;
  return {
    job_id: record.id,
    status,
    created_at: seconds(record.created_at),
    updated_at: seconds(Math.max(record.created_at, changed)),
    error: status === "failed" ? whyFailed(record, nowMs) : null,
    ...(status === "done" ? { download_url: `/jobs/${record.id}/download` } : {}),
    ...(await outcomeOf(deps, record)),
    warnings: [...record.warnings, ...notesOf(record)],
  };
}

/** A job that is tried again is still running. What has expired has failed for those who come now. */
export function statusOf(record: JobRecord, nowMs: number): Status {
  const { state, attempt } = record;
  if (state === "queued") return attempt === 0 ? "queued" : "running";
  if (state === "running" || state === "waiting" || state === "canceling") return "running";
  return state === "succeeded" && !hasExpired(record, nowMs) ? "done" : "failed";
}

function seconds(ms: number): number {
  return ms / 1000;
}
