/** How jobs of dialects end: waiting for it, and why there is no result, in a sentence. */
import { AppError, ERRORS } from "@smileloop/core/errors.ts";
import { isEnded, type JobError, type JobRecord, resultLifeMs } from "@smileloop/core/job/record.ts";
import { cancelJob } from "@smileloop/core/jobs/close.ts";
import { spanOf } from "@smileloop/core/text.ts";
import { tooManyFollowers } from "../http/followers.ts";
import { waitUntil } from "../http/wait.ts";
import { hasExpired } from "../job-lookup.ts";
import type { DialectDeps } from "./dialect.ts";

/** The job when it has ended; null when the wait was over or the client had gone before that, and the job was canceled. */
export async function endOf(deps: DialectDeps, created: JobRecord, signal: AbortSignal): Promise<JobRecord | null> {
  const { owner, id } = created;
  let record: JobRecord | null | "too_many" = created;
  try {
    record = await waitUntil(deps, created, ({ state }) => isEnded(state), { ms: deps.waitMs, signal });
  } catch (error) {
    await cancelJob(deps, owner, id).catch(() => {});
    throw error;
  }
  if (record === null) throw new AppError("canceled", "The job was deleted.");
  if (record !== "too_many" && isEnded(record.state)) return record;
  const { stored, refused } = await cancelJob(deps, owner, id);
  // it was faster
  if (refused === "ended" && stored) return stored.record;
  if (record === "too_many") throw tooManyFollowers(deps.config.maxFollowers);
  return null;
}

/** For a job that has ended and has no result, or none any more. */
export function whyFailed(record: JobRecord, nowMs: number): string {
  const { state, error } = record;
  if (error) return reasonOf(error);
  if (hasExpired(record, nowMs)) return `Results are kept for ${spanOf(resultLifeMs(record))} and this one is gone.`;
  return state === "canceled" ? "The job was canceled." : "The job failed.";
}

/** What clients are told of a failed job; of our own faults only which they are. */
export function reasonOf({ code, detail }: JobError): string {
  const { status, title } = ERRORS[code];
  return status < 500 ? detail : `${title}.`;
}
