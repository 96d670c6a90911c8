/** The caller's jobs of lip sync: one, all, and old ones that go. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import type { ApiDeps } from "../../deps.ts";
import { findJob } from "../../job-lookup.ts";

/** The kind of the jobs that this dialect makes and shows. */
export const KIND = "lipsync";

const HOUR_MS = 3_600_000;
const PAGE = 100;
/** Records of the owner, of any kind, that one request reads at most. */
const MAX_READ = 2000;

/** Throws `not_found` as clients know it, also for jobs that were deleted. */
export async function findLipsync(deps: ApiDeps, owner: string, id: string): Promise<JobRecord> {
  const missing = () => new AppError("not_found", "Job not found");
  const record = await findJob(deps, owner, id).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  });
  if (record.kind !== KIND) throw missing();
  return record;
}

/** The newest first, also those made in another way than by this dialect. */
export async function listLipsync({ records }: ApiDeps, owner: string, signal: AbortSignal): Promise<JobRecord[]> {
  const found: JobRecord[] = [];
  let cursor: string | undefined;
  for (let read = 0; read < MAX_READ && !signal.aborted; read += PAGE) {
    const page = await records.list(owner, { limit: PAGE, cursor });
    found.push(...page.records.filter(({ kind, state }) => kind === KIND && state !== "deleted"));
    if (page.cursor === null) break;
    cursor = page.cursor;
  }
  return found;
}

/** Deletes those that ended so long ago, with what is left of them; returns how many. */
export async function cleanUp(deps: ApiDeps, owner: string, asked: { hours: number; signal: AbortSignal }) {
  const beforeMs = deps.clock.now() - asked.hours * HOUR_MS;
  const isOld = ({ state, ended_at }: JobRecord) =>
    (isEnded(state) || state === "expired") && ended_at !== null && ended_at <= beforeMs;
  const old = (await listLipsync(deps, owner, asked.signal)).filter(isOld);
  for (const { id } of old) {
    await deleteJob(deps, owner, id).catch((error: unknown) => {
      if (!hasCode(error, "not_found")) throw error;
    });
  }
  return old.length;
}
