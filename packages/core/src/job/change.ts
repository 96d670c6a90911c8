/**
 * The one function that changes a job's record.
 *
 * States
 *
 *     queued ──claim──▶ running ──────────▶ succeeded ──┐
 *      ▲ ▲ │             │ │ │ └──fail────▶ failed ─────┼─expire─▶ expired ─▶ (gone after a day)
 *      │ │ └──cancel─┐   │ │ └───cancel──▶ canceling ─┐ │
 *      │ │           │   │ └wait─▶ waiting ─cancel─┐  │ │
 *      │ └───wake────┼───┼────────────┘            ▼  ▼ │
 *      └──retry,     └───┼──────────────────────▶ canceled
 *         hand back, ────┘
 *         requeue
 *     any ──delete──▶ deleted ─▶ (gone after a day)
 *
 * Who may change what
 *
 * | who | change | from → to | when |
 * | --- | --- | --- | --- |
 * | API | cancel | queued, waiting → canceled; running, and queued with work elsewhere → canceling | a canceling record stays as it is |
 * | worker, sweeper | cancel | the same | only a child, whose root has ended or is being canceled |
 * | API | delete | any → deleted | what it held goes; id, owner and times stay |
 * | worker | claim | queued → running; running → running | queued, or the lease has run out; raises `attempt`, stores a new token |
 * | worker | claim | queued, running → failed | the same, but there were 10 claims already, less waits and moves |
 * | worker, sweeper | close | canceling → canceled | the lease has run out |
 * | worker, sweeper | wake | waiting → queued | all children that were created have ended |
 * | worker | count | waiting → waiting | more children have ended than the record says: progress |
 * | holder | beat | running → running | progress only ever rises |
 * | holder | fetched | running → running | inputs that the job had to fetch are there: once |
 * | holder | publish | running → running | outputs that are ready before the others; they go with the claim unless the job succeeds |
 * | holder | external | running → running | the work is about to be sent to a service elsewhere, was sent, or was not taken there; an id stays |
 * | holder | succeed | running → succeeded | |
 * | holder | fail | running → failed, or queued | queued while the error is retryable and failures are under 3 |
 * | holder | handBack | running → queued | SIGTERM, Spot, a full disk: no failure; says what it waits for, if anything |
 * | holder | wait | running → waiting | some child had not ended when the plan was asked; stores how many there are, failures start again |
 * | holder | requeue | running → queued | to another queue, at most 3 times: there is more to do than was expected |
 * | holder | cancelDone | canceling → canceled | the work has stopped |
 * | sweeper | deadline | queued, running, waiting → failed; canceling → canceled | past `deadline_at` |
 * | sweeper | expire | succeeded, failed, canceled → expired | past `expires_at`, which a child has none of; inputs and outputs go |
 * | deliverer | deliver, delivered | an ended state → the same | its event is due; it has had an answer (`deliveries.ts`) |
 * | API | replay | an ended state → the same | its event is to be sent again; a deleted job has none |
 * | API, sweeper | checkout, session, lost, settle, supply, refund | succeeded → the same | its payment (`charge-changes.ts`) |
 *
 * Holder = the worker that knows the token of the claim in the record. Everything else is refused, and the record stays as it is.
 * `rev` rises by one and `write` is fresh with each change; how they are used is said in `jobs.ts`.
 *
 * Neither waits nor moves can go on for ever: between two waits for children at least one has ended, a wait for room or for a service
 * elsewhere ends at `deadline_at`, and moves are counted.
 *
 * Sealed params are secret, and the URLs of inputs that are still to be fetched may be: they go when the job ends, however it does.
 */
import { keptTimings } from "../engine/protocol.ts";
import { DETAIL_CHARS, ERRORS, keptWarnings } from "../errors.ts";
import { clip } from "../text.ts";
import { type ChargeChange, changeCharge, isChargeChange } from "./charge-changes.ts";
import { beginDelivery, endDelivery, replayDelivery, type WebhookAttempted } from "./deliveries.ts";
import { deadline, end, expire, type Refusal, release, tombstone } from "./endings.ts";
import { newToken } from "./ids.ts";
import { childrenProgress, endedSum, further } from "./progress.ts";
import { type Ended, isEnded, type JobError, type JobInput, type JobRecord, type Progress } from "./record.ts";

/** The stage of a job that was handed back because the storage is full. */
export const STAGE_NO_SPACE = "waiting_for_space";
export const LEASE_MS = 60_000;
export const BEAT_MS = 15_000;
export const MAX_FAILURES = 3;
export const MAX_CLAIMS = 10;
export const MAX_MOVES = 3;

/** `space`: room in the storage. `service`: a service elsewhere that does the work, or is to take it. */
export type WaitsFor = "space" | "service";

export type JobResult = {
  outputs: JobRecord["outputs"];
  /** Null for a plan. */
  engineVersion: string | null;
  warnings: JobRecord["warnings"];
  timings: JobRecord["timings"];
};

/** `leaseAlive`: whether the record is younger than LEASE_MS by the storage's own clock. */
export type Change =
  | { by: "api" | "worker" | "sweeper"; do: "cancel" }
  | { by: "api"; do: "delete" }
  | { by: "worker"; do: "claim"; token: string; worker: string; leaseAlive: boolean }
  | { by: "worker" | "sweeper"; do: "close"; leaseAlive: boolean }
  /** `ended`: how many of the children that the record counts have ended. */
  | { by: "worker" | "sweeper"; do: "wake"; ended: number }
  /** `ended`: of the children that the record counts. */
  | { by: "worker"; do: "count"; ended: Ended }
  | { by: "holder"; token: string; do: "beat"; progress: Progress | null }
  /** `inputs`: all of the job's; `estimateSeconds`: of work, now that they are known. */
  | { by: "holder"; token: string; do: "fetched"; inputs: Record<string, JobInput[]>; estimateSeconds: number }
  /** `outputs`: stored by this claim; those published before stay. */
  | { by: "holder"; token: string; do: "publish"; outputs: JobRecord["outputs"] }
  /** `external`: null where the service has not taken the work. */
  | { by: "holder"; token: string; do: "external"; external: JobRecord["external"] | null }
  | ({ by: "holder"; token: string; do: "succeed" } & JobResult)
  | { by: "holder"; token: string; do: "fail"; error: JobError }
  | { by: "holder"; token: string; do: "handBack"; waitsFor?: WaitsFor | undefined }
  /**
   * `children`: how many there are by now; `ended`: how many of them had ended when the plan was asked what to do; `expected`: how many
   * there will be, where the plan knows of further ones.
   */
  | { by: "holder"; token: string; do: "wait"; children: number; ended: number; expected?: number | undefined }
  | { by: "holder"; token: string; do: "requeue"; queue: string; estimateSeconds: number }
  | { by: "holder"; token: string; do: "cancelDone" }
  | { by: "sweeper"; do: "deadline" }
  | { by: "sweeper"; do: "expire" }
  | { by: "deliverer"; do: "deliver" }
  | ({ by: "deliverer"; do: "delivered" } & WebhookAttempted)
  | { by: "api"; do: "replay" }
  | ChargeChange;

/** The record as it is after the change, or why there is none. Pure: the record that was given is not touched. */
export function changeJob(record: JobRecord, change: Change, nowMs: number): JobRecord | Refusal {
  const next = nextOf(record, change, nowMs);
  if (typeof next === "string") return next;
  return { ...next, rev: record.rev + 1, write: newToken() };
}

function nextOf(record: JobRecord, change: Change, now: number): JobRecord | Refusal {
  if (change.do === "delete") return record.state === "deleted" ? "ended" : tombstone(record, "deleted", now);
  if (change.do === "expire") return expire(record, now);
  if (change.do === "deliver") return beginDelivery(record, now);
  if (change.do === "delivered") return endDelivery(record, change, now);
  if (change.do === "replay") return replayDelivery(record, now);
  if (isChargeChange(change)) return changeCharge(record, change, now);
  if (isEnded(record.state)) return "ended";
  switch (change.do) {
    case "cancel":
      if (record.state === "canceling") return "nothing_to_do";
      // a worker tells the service elsewhere before it is canceled
      return record.state === "running" || record.external
        ? { ...record, state: "canceling" }
        : end(record, "canceled", now);
    case "claim":
      return claim(record, change, now);
    case "close":
      if (record.state !== "canceling") return "nothing_to_do";
      return change.leaseAlive ? "lease_alive" : end(record, "canceled", now);
    case "wake":
      if (record.state !== "waiting") return "nothing_to_do";
      return change.ended < (record.children ?? 0) ? "children_left" : queued(record, now);
    case "count":
      return counted(record, change.ended);
    case "deadline":
      return deadline(record, now);
    default:
      return byHolder(record, change, now);
  }
}

function claim(record: JobRecord, change: Change & { do: "claim" }, now: number): JobRecord | Refusal {
  if (record.state === "canceling") return "canceling";
  if (record.state === "waiting") return "nothing_to_do";
  if (record.state === "running" && change.leaseAlive) return "lease_alive";
  const released = release(record, now, record.claim ? { code: "worker_lost", detail: "The worker was lost." } : null);
  if (record.attempt - (record.waits ?? 0) - (record.moves ?? 0) >= MAX_CLAIMS) {
    const detail = `The job was started ${MAX_CLAIMS} times and none of them came to an end.`;
    return end({ ...released, error: { code: "worker_lost", detail } }, "failed", now);
  }
  return {
    ...released,
    state: "running",
    attempt: record.attempt + 1,
    started_at: now,
    claim: { token: change.token, worker: change.worker },
  };
}

function byHolder(record: JobRecord, change: Change & { by: "holder" }, now: number): JobRecord | Refusal {
  if (record.claim?.token !== change.token) return "not_holder";
  if (change.do === "cancelDone") return record.state === "canceling" ? end(record, "canceled", now) : "nothing_to_do";
  if (record.state === "canceling") return "canceling";
  switch (change.do) {
    case "beat":
      return { ...record, progress: further(record.progress, change.progress) };
    case "fetched": {
      const { fetches, ...held } = record;
      if (!fetches) return "nothing_to_do";
      return { ...held, inputs: change.inputs, estimate_s: change.estimateSeconds };
    }
    case "publish":
      // nothing was made of what was not there
      if (record.fetches) return "nothing_to_do";
      return { ...record, outputs: { ...record.outputs, ...change.outputs } };
    case "external": {
      const { external, ...held } = record;
      if (external && external.id !== null) return "nothing_to_do";
      return change.external ? { ...held, external: change.external } : held;
    }
    case "succeed": {
      // nothing was made of what was not there
      if (record.fetches) return "nothing_to_do";
      const { outputs, engineVersion } = change;
      const warnings = keptWarnings(change.warnings);
      const timings = keptTimings(change.timings);
      const engine = record.engine && { ...record.engine, version: engineVersion };
      const progress = { stage: "done", done: 1, total: 1, percent: 100 };
      return { ...end({ ...record, warnings, timings, engine, progress }, "succeeded", now), outputs };
    }
    case "handBack":
      return queued(handedBack(record, change.waitsFor, now), now);
    case "fail": {
      const failures = record.failures + 1;
      const error = { ...change.error, detail: clip(change.error.detail, DETAIL_CHARS) };
      const failed = { ...release(record, now, error), failures };
      const again = ERRORS[change.error.code].retryable && failures < MAX_FAILURES;
      return again ? queued(failed, now) : end({ ...failed, error }, "failed", now);
    }
    case "wait": {
      const children = Math.max(record.children ?? 0, change.children);
      if (change.ended >= children || record.root !== undefined) return "nothing_to_do";
      const waits = (record.waits ?? 0) + 1;
      const expected = change.expected === undefined ? {} : { expected: change.expected };
      const waiting: JobRecord = { ...release(record, now, null), state: "waiting", children, ...expected, waits };
      return { ...waiting, progress: childrenProgress(waiting, change.ended), failures: 0 };
    }
    case "requeue": {
      const moves = (record.moves ?? 0) + 1;
      if (change.queue === record.queue || moves > MAX_MOVES) return "nothing_to_do";
      const { queue, estimateSeconds } = change;
      return queued({ ...release(record, now, null), queue, estimate_s: estimateSeconds, moves }, now);
    }
  }
}

/**
 * A job that waits may do so until its deadline: such claims do not count. One that waits for room says so until work is reported
 * again; one whose work is done elsewhere is asked after so often that the claims for that are not kept.
 */
function handedBack(record: JobRecord, waitsFor: WaitsFor | undefined, now: number): JobRecord {
  if (waitsFor === undefined) return release(record, now, null);
  const waits = (record.waits ?? 0) + 1;
  if (waitsFor === "service") return { ...record, claim: null, outputs: {}, waits };
  const progress = { stage: STAGE_NO_SPACE, done: 0, total: 1, percent: record.progress?.percent ?? 0 };
  return { ...release(record, now, null), progress, waits };
}

function counted(record: JobRecord, ended: Ended): JobRecord | Refusal {
  const { state, children = 0, progress } = record;
  const done = endedSum(ended);
  if (state !== "waiting" || done > children || done <= (progress?.done ?? 0)) return "nothing_to_do";
  return { ...record, ended, progress: childrenProgress(record, done) };
}

function queued(record: JobRecord, now: number): JobRecord {
  return { ...record, state: "queued", queued_at: now };
}
