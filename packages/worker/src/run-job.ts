/**
 * One job, from a hint that it is worth looking at to its end, or to the next time that somebody has to look.
 *
 *     look ─▶ gone, ended ──────────────────────────────▶ done with
 *       │───▶ somebody's, or not for this worker ───────▶ look again later
 *       └───▶ claim ─▶ work ─▶ last write ─▶ succeeded, failed, canceled ─▶ done with
 *                       │           ├──────▶ queued again (failure, hand back; a service elsewhere is at work) ─▶ later
 *                       │           └──────▶ in another queue (more work than this one is for) ─▶ done with here
 *                       └─▶ lost: deleted, or claimed by another ─▶ own files go, look again
 *
 * The work is that of the kind's handler (`kinds/handler.ts`); `conclude.ts` makes the last write.
 */

import { hasCode } from "@smileloop/core/errors.ts";
import { BEAT_MS, type Change, LEASE_MS } from "@smileloop/core/job/change.ts";
import { newToken } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { readable } from "@smileloop/core/job/unreadable.ts";
import { cancelChild, livingRoot } from "@smileloop/core/jobs/children.ts";
import { leaseAlive, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { lookAtWaiting, markEnded } from "@smileloop/core/jobs/waiting.ts";
import type { QueuedJob } from "@smileloop/core/queue.ts";
import type { StoredRecord } from "@smileloop/core/records.ts";
import { type ClaimTimes, holdClaim } from "./claim.ts";
import { changeAfter, conclude, type Outcome } from "./conclude.ts";
import { createFetcher, type FetchFile } from "./fetch/fetch-file.ts";
import { withInputs } from "./fetch/fetch-inputs.ts";
import { type Perform, type PerformDeps, performerOf } from "./perform.ts";
import { cancelElsewhere } from "./service/elsewhere.ts";
import { ServiceWait } from "./service/service.ts";
import { makeWorkDir, removeWorkDir } from "./work-dirs.ts";

export type JobDeps = PerformDeps & {
  workRoot: string;
  /** The worker's name in records. */
  worker: string;
  times?: Partial<ClaimTimes> | undefined;
  /** How inputs by URL are fetched; by default from public addresses alone. */
  fetchFile?: FetchFile | undefined;
};

type RunOptions = {
  /** Hands the job back. */
  signal: AbortSignal;
  /** Told as often as the lease is renewed. */
  onBeat?: (() => Promise<void>) | undefined;
};

const fetchPublic = createFetcher();
export const CLAIM_TIMES: ClaimTimes = { beatMs: BEAT_MS, lookMs: 2000, progressMs: 500 };
const NOT_FOR_US_MS = 30_000;

/** A change in the middle of the work. */
type Midway = { [Name in "fetched" | "external" | "publish"]: Omit<Change & { do: Name }, "by" | "token"> }[
  | "fetched"
  | "external"
  | "publish"];

/** Throws only what the storage throws before there is a claim, and what the engine throws when it does not start. */
export async function runJob(deps: JobDeps, job: QueuedJob, options: RunOptions): Promise<Outcome> {
  // one that can't be read is the sweeper's
  const found = await readable(() => deps.records.get(job.owner, job.id));
  if (!found) return { did: "ended", againMs: null };
  const { record } = found;
  if (isEnded(record.state)) return ended(deps, record);
  if (record.state === "canceling") return close(deps, found);
  if (record.state === "waiting") {
    return { did: "waits", againMs: await lookAtWaiting(deps, found) };
  }
  if (record.queue !== job.queue) return { did: "elsewhere", againMs: null };
  if (leaseAlive(found)) return busy(found);
  if (record.root !== undefined && !(await livingRoot(deps, record))) return cancel(deps, record);
  const perform = await performerOf(deps, record);
  if (!perform) return { did: "not_for_us", againMs: NOT_FOR_US_MS };

  const token = newToken();
  const claim = { by: "worker", do: "claim", token, worker: deps.worker } as const;
  const claimOf = (now: StoredRecord) => ({ ...claim, leaseAlive: leaseAlive(now) });
  const { stored, refused } = await updateJob(deps, job.owner, job.id, claimOf, found);
  if (!stored) return { did: "ended", againMs: null };
  if (refused === "ended") return ended(deps, stored.record);
  if (refused === "canceling") return close(deps, stored);
  if (refused) return busy(stored);
  if (stored.record.state === "failed") return ended(deps, stored.record, "failed");
  return work(deps, stored, token, perform, options);
}

/** Marks a child that has ended for its root, also where another process ended it. Safe to repeat. */
async function ended(deps: JobDeps, record: JobRecord, did: Outcome["did"] = "ended"): Promise<Outcome> {
  if (record.root !== undefined) await markEnded(deps, record);
  return { did, againMs: null };
}

/** A child whose root has ended has nobody to work for. */
async function cancel(deps: JobDeps, child: JobRecord): Promise<Outcome> {
  await cancelChild(deps, "worker", child);
  return { did: "canceled", againMs: null };
}

function busy({ ageMs }: StoredRecord): Outcome {
  return { did: "busy", againMs: Math.max(1000, LEASE_MS - ageMs + 1000) };
}

/** Ends a canceled job whose holder is gone. */
async function close(deps: JobDeps, found: StoredRecord): Promise<Outcome> {
  if (!leaseAlive(found)) await cancelElsewhere(deps, found.record);
  const { owner, id } = found.record;
  const closeOf = (now: StoredRecord) => ({ by: "worker", do: "close", leaseAlive: leaseAlive(now) }) as const;
  const { stored, refused } = await updateJob(deps, owner, id, closeOf, found);
  if (refused === "lease_alive" && stored) return busy(stored);
  return stored && isEnded(stored.record.state) ? ended(deps, stored.record) : { did: "ended", againMs: null };
}

async function work(
  deps: JobDeps,
  stored: StoredRecord,
  token: string,
  perform: Perform,
  { signal, onBeat }: RunOptions,
): Promise<Outcome> {
  const { record } = stored;
  const log = deps.log.child({ jobId: record.id, attempt: record.attempt });
  const startMs = deps.clock.now();
  log.info({ kind: record.kind }, "job claimed");
  const times = { ...CLAIM_TIMES, ...deps.times };
  const claim = holdClaim({ store: deps, stored, token, times, log, onBeat });
  const stop = AbortSignal.any([signal, claim.signal]);
  let change: Change | null;
  let deviceLost = false;
  let waitMs = 0;
  let dir = "";
  try {
    dir = makeWorkDir(deps.workRoot, "job");
    const by = { by: "holder", token } as const;
    const write = (change: Midway) => claim.write({ ...by, ...change });
    const fetchFile = deps.fetchFile ?? fetchPublic;
    const whole = await withInputs({ ...deps, fetchFile }, record, { signal: stop, report: claim.report, write });
    const fetch = whole === record ? {} : { fetch: deps.clock.now() - startMs };
    const made = await perform(whole, { dir, signal: stop, report: claim.report, fetchFile, write });
    // it was queued by another machine's clock
    const queued = Math.max(0, startMs - record.queued_at);
    change =
      "children" in made
        ? { ...by, do: "wait", ...made }
        : { ...by, do: "succeed", ...made, timings: { queued, ...fetch, ...made.timings } };
  } catch (error) {
    deviceLost = hasCode(error, "device_lost");
    if (error instanceof ServiceWait) waitMs = error.againMs;
    change = changeAfter(error, token, claim, signal, log);
  }
  if (change?.do === "cancelDone") await cancelElsewhere(deps, claim.seen().record);
  if (dir) await removeWorkDir(dir);
  await claim.release();
  const attempt = { record, token, seen: claim.seen(), stopping: signal.aborted, waitMs };
  const left = await conclude({ ...deps, log }, attempt, change);
  if (record.root !== undefined) await markIfEnded(deps, record);
  const outcome: Outcome = deviceLost && left.did === "handed_back" ? { did: "device_lost", againMs: 0 } : left;
  log.info({ did: outcome.did, ms: deps.clock.now() - startMs }, "job left");
  return outcome;
}

/** Marks the child whose claim has just ended. Throws what the storage throws: then its message comes again. */
async function markIfEnded(deps: JobDeps, { owner, id }: JobRecord): Promise<void> {
  const stored = await readable(() => deps.records.get(owner, id));
  if (stored && isEnded(stored.record.state)) await markEnded(deps, stored.record);
}
