/** How a claim ends: what is written last, what that makes of the job, and when somebody has to look again. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Change } from "@smileloop/core/job/change.ts";
import { attemptPrefix } from "@smileloop/core/job/keys.ts";
import type { JobError, JobRecord } from "@smileloop/core/job/record.ts";
import { cancelChildren } from "@smileloop/core/jobs/children.ts";
import type { Changed, JobStore } from "@smileloop/core/jobs/jobs.ts";
import { wakeRoot } from "@smileloop/core/jobs/waiting.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { StoredRecord } from "@smileloop/core/records.ts";
import { isDiskFull } from "@smileloop/core/storage/durable-files.ts";
import { type Claim, lastWrite } from "./claim.ts";
import { TooMuchWork } from "./job-io.ts";
import { ServiceWait } from "./service/service.ts";

export type Outcome = {
  did:
    | "ended" // by others, or it is not there
    | "elsewhere" // it has moved to another queue, which has a message for it
    | "busy" // somebody holds it
    | "not_for_us" // its kind or engine is not served here
    | "succeeded"
    | "failed"
    | "retried" // failed, and queued again
    | "canceled"
    | "handed_back"
    | "moved" // to a queue for more work
    | "waits" // for its children
    | "device_lost" // handed back, and this engine has nothing left to work with
    | "lost" // deleted, or taken by somebody else
    | "unknown"; // the storage did not say whether the last write arrived
  /** In how many milliseconds somebody has to look again; null: never, the message is done with. */
  againMs: number | null;
};

type ConcludeDeps = JobStore & { log: Log };

const STORAGE_MS = 5000;

/** What is to be written after the work was stopped or failed; null when there is nothing left to write. */
export function changeAfter(error: unknown, token: string, claim: Claim, signal: AbortSignal, log: Log): Change | null {
  const by = { by: "holder", token } as const;
  if (claim.verdict() === "lost") return null;
  if (claim.verdict() === "canceling") return { ...by, do: "cancelDone" };
  if (error instanceof ServiceWait) return { ...by, do: "handBack", waitsFor: "service" };
  if (error instanceof TooMuchWork) {
    log.info({ queue: error.queue, seconds: error.estimateSeconds }, "job moves");
    return { ...by, do: "requeue", queue: error.queue, estimateSeconds: error.estimateSeconds };
  }
  if (signal.aborted) return { ...by, do: "handBack" };
  // a full disk is met by the job's own files, too
  if (isDiskFull(error) || hasCode(error, "storage_unavailable", "storage_full", "unavailable", "device_lost")) {
    log.warn({ err: error }, "job handed back");
    const full = isDiskFull(error) || hasCode(error, "storage_full");
    return { ...by, do: "handBack", ...(full ? { waitsFor: "space" } : {}) };
  }
  const failure = errorOf(error);
  log[failure.code === "internal" ? "error" : "warn"]({ err: error, code: failure.code }, "job attempt failed");
  return { ...by, do: "fail", error: failure };
}

function errorOf(error: unknown): JobError {
  if (error instanceof AppError) {
    const { code, message: detail, input } = error;
    return { code, detail, ...(input === undefined ? {} : { input }) };
  }
  return { code: "internal", detail: "Something went wrong on the server." };
}

/** `record`: as it was claimed. `seen`: the version that was seen last, whosever it is. `waitMs`: until a service is asked again. */
type Attempt = { record: JobRecord; token: string; seen: StoredRecord; stopping: boolean; waitMs?: number };

/** Writes how the claim ends. Files of an attempt that did not win go; after a write of unknown outcome they stay. */
export async function conclude(deps: ConcludeDeps, attempt: Attempt, change: Change | null): Promise<Outcome> {
  const { record, token, seen, stopping } = attempt;
  const drop = () => dropAttempt(deps, record);
  if (!change) {
    await drop();
    return { did: "lost", againMs: 0 };
  }
  let changed: Changed;
  try {
    changed = await lastWrite(deps, seen, change);
  } catch (error) {
    if (hasCode(error, "record_unreadable")) {
      await drop();
      return { did: "lost", againMs: null };
    }
    deps.log.error({ err: error }, "last write of unknown outcome");
    return { did: "unknown", againMs: STORAGE_MS };
  }
  const { stored, refused } = changed;
  if (refused === "nothing_to_do") return conclude(deps, attempt, { by: "holder", token, do: "handBack" });
  if (refused === "canceling") return conclude(deps, attempt, { by: "holder", token, do: "cancelDone" });
  const now = stored?.record;
  const won = now?.state === "succeeded" && now.attempt === record.attempt;
  if (won) {
    await tellMarks(deps, now);
    return { did: "succeeded", againMs: null };
  }
  await drop();
  if (!now || refused) return { did: "lost", againMs: 0 };
  if (now.state === "waiting") {
    // the last child may have ended before the root began to wait
    await wakeRoot(deps, "worker", now);
    return { did: "waits", againMs: null };
  }
  if (change.do === "requeue") {
    // if it is lost, the sweeper sends it again
    await deps.queue.send({ queue: now.queue, owner: now.owner, id: now.id }).catch(() => {});
    return { did: "moved", againMs: null };
  }
  if (now.state === "canceled" || now.state === "failed") {
    // what is missed here, its own worker or the sweeper cancels
    await cancelChildren(deps, "worker", now);
    return { did: now.state, againMs: null };
  }
  if (change.do === "handBack" && change.waitsFor === "service") return askAgain(deps, now, attempt.waitMs ?? 0);
  if (change.do === "fail") return { did: "retried", againMs: 1000 * 2 ** (now.failures - 1) };
  return { did: "handed_back", againMs: stopping ? 0 : storageWaitMs(record.attempt) };
}

/**
 * A new message instead of this one, which some queues hand out a limited number of times. If it cannot be sent, this one comes again.
 */
async function askAgain(
  { queue, log }: ConcludeDeps,
  { owner, id, ...record }: JobRecord,
  waitMs: number,
): Promise<Outcome> {
  try {
    await queue.send({ queue: record.queue, owner, id }, { delayMs: waitMs });
    return { did: "handed_back", againMs: null };
  } catch (error) {
    log.warn({ err: error }, "message for a later look not sent");
    return { did: "handed_back", againMs: waitMs };
  }
}

/** Claims are few, so a storage that is away is given more time with each. */
function storageWaitMs(attempt: number): number {
  return Math.min(60_000, 1000 * 2 ** attempt);
}

/** So that a mark that is found one day can be answered for when the job is long gone. */
async function tellMarks({ audit }: ConcludeDeps, { owner, id, outputs }: JobRecord): Promise<void> {
  const marked = Object.values(outputs).filter(({ mark }) => mark !== undefined);
  if (!audit || marked.length === 0) return;
  const marks = [...new Set(marked.map(({ mark }) => JSON.stringify(mark).slice(0, 500)))].slice(0, 50);
  await audit.tell({ kind: "marked", owner, details: { job: id, marks } });
}

async function dropAttempt({ files, log }: ConcludeDeps, { owner, id, attempt }: JobRecord): Promise<void> {
  try {
    await files.purge(attemptPrefix(owner, id, attempt));
  } catch (error) {
    // they go with the job
    log.warn({ err: error }, "files of an attempt stay");
  }
}
