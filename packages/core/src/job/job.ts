/**
 * A job: one small record, and the one function that changes it.
 *
 * States
 *
 *     queued ──claim──▶ running ──────────▶ succeeded ──┐
 *       ▲  │              │ │ └───fail────▶ failed ─────┼─expire─▶ expired ─▶ (gone after a day)
 *       │  └─cancel─┐     │ └──cancel──▶ canceling ─┐   │
 *       └──retry,───┼─────┘                         ▼   │
 *          hand back└──────────────────────────▶ canceled
 *     any ──delete──▶ deleted ─▶ (gone after a day)
 *
 * Who may change what
 *
 * | who | change | from → to | when |
 * | --- | --- | --- | --- |
 * | API | cancel | queued, waiting → canceled; running → canceling | a canceling record stays as it is |
 * | API | delete | any → deleted | what it held goes; id, owner and times stay |
 * | worker | claim | queued → running; running → running | queued, or the lease has run out; raises `attempt`, stores a new token |
 * | worker | claim | queued, running → failed | the same, but there were 10 claims already |
 * | worker, sweeper | close | canceling → canceled | the lease has run out |
 * | holder | beat | running → running | progress only ever rises |
 * | holder | succeed | running → succeeded | |
 * | holder | fail | running → failed, or queued | queued while the error is retryable and failures are under 3 |
 * | holder | handBack | running → queued | SIGTERM, Spot: no failure |
 * | holder | cancelDone | canceling → canceled | the engine has stopped |
 * | sweeper | deadline | queued, running, waiting → failed; canceling → canceled | past `deadline_at` |
 * | sweeper | expire | succeeded, failed, canceled → expired | past `expires_at`; inputs and outputs go |
 *
 * Holder = whoever knows the token of the claim in the record. Everything else is refused, and the record stays as it is.
 * `rev` rises by one and `write` is fresh with each change; how they are used is said in `jobs.ts`.
 */
import { z } from "zod";
import { ERROR_CODES, ERRORS, type ErrorCode } from "../errors.ts";
import { newToken } from "./ids.ts";

export const LEASE_MS = 60_000;
export const BEAT_MS = 15_000;
export const MAX_FAILURES = 3;
export const MAX_CLAIMS = 10;
export const RESULT_LIFE_MS = 60 * 60_000;
export const UPLOAD_LIFE_MS = 60 * 60_000;
export const TOMBSTONE_LIFE_MS = 24 * 60 * 60_000;
export const MAX_JOB_LIFE_MS = 12 * 60 * 60_000;

export const STATES = [
  "queued",
  "running",
  "canceling",
  "waiting",
  "succeeded",
  "failed",
  "canceled",
  "expired",
  "deleted",
] as const;
export type JobState = (typeof STATES)[number];

/** Milliseconds since 1970. */
const time = z.int().min(0);

export const jobErrorSchema = z.strictObject({
  code: z.enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]]),
  detail: z.string(),
});
export type JobError = z.infer<typeof jobErrorSchema>;

export const jobInputSchema = z.strictObject({
  key: z.string(),
  type: z.string(),
  bytes: z.int().min(0),
  sha256: z.string().optional(),
  /** Where it came from, for people: `upload:<id>`, `job:<id>/<slot>`, `form`. */
  source: z.string(),
});
export type JobInput = z.infer<typeof jobInputSchema>;

export const jobOutputSchema = z.strictObject({
  key: z.string(),
  attempt: z.int().min(1),
  type: z.string(),
  bytes: z.int().min(0),
  sha256: z.string(),
  width: z.int(),
  height: z.int(),
  frames: z.int(),
  fps: z.number(),
  duration: z.number(),
});
export type JobOutput = z.infer<typeof jobOutputSchema>;

export const progressSchema = z.strictObject({
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  percent: z.number().min(0).max(100),
});
export type Progress = z.infer<typeof progressSchema>;

export const jobRecordSchema = z.strictObject({
  schema: z.literal(1),
  rev: z.int().min(1),
  /** Fresh with every write: whoever is told that the record had changed can see whether that was their own write. */
  write: z.string(),
  id: z.string(),
  owner: z.string(),
  kind: z.string(),
  state: z.enum(STATES),
  created_at: time,
  queued_at: time,
  started_at: time.nullable(),
  ended_at: time.nullable(),
  /** When its result goes; set when it ends. */
  expires_at: time.nullable(),
  deadline_at: time,
  /** When it became `expired` or `deleted`; the record itself goes a day later. */
  closed_at: time.nullable(),
  engine: z.strictObject({ name: z.string(), version: z.string().nullable() }),
  queue: z.string(),
  /** Seconds of work that are expected. */
  estimate_s: z.number().min(0),
  params: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.string()),
  inputs: z.record(z.string(), z.array(jobInputSchema)),
  outputs: z.record(z.string(), jobOutputSchema),
  /** Claims so far; the number of the present one. */
  attempt: z.int().min(0),
  failures: z.int().min(0),
  claim: z.strictObject({ token: z.string(), worker: z.string() }).nullable(),
  /** The claims that ended, oldest first. */
  attempts: z
    .array(z.strictObject({ started: time, ended: time, worker: z.string(), error: jobErrorSchema.nullable() }))
    .max(MAX_CLAIMS),
  progress: progressSchema.nullable(),
  error: jobErrorSchema.nullable(),
  /** Sentences for the user about a result that is right but could be better. */
  warnings: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
  /** Milliseconds by stage of the run that succeeded. */
  timings: z.record(z.string(), z.number()),
  /** Which dialect created it, where its clients see it differently. */
  dialect: z.string().nullable(),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;

export type NewJob = Pick<JobRecord, "id" | "owner" | "kind" | "queue" | "params" | "metadata" | "inputs"> & {
  engine: string;
  estimateSeconds: number;
  dialect?: string;
};

export function newJobRecord(job: NewJob, nowMs: number): JobRecord {
  return {
    schema: 1,
    rev: 1,
    write: newToken(),
    id: job.id,
    owner: job.owner,
    kind: job.kind,
    state: "queued",
    created_at: nowMs,
    queued_at: nowMs,
    started_at: null,
    ended_at: null,
    expires_at: null,
    deadline_at: nowMs + MAX_JOB_LIFE_MS,
    closed_at: null,
    engine: { name: job.engine, version: null },
    queue: job.queue,
    estimate_s: job.estimateSeconds,
    params: job.params,
    metadata: job.metadata,
    inputs: job.inputs,
    outputs: {},
    attempt: 0,
    failures: 0,
    claim: null,
    attempts: [],
    progress: null,
    error: null,
    warnings: [],
    timings: {},
    dialect: job.dialect ?? null,
  };
}

export type JobResult = {
  outputs: JobRecord["outputs"];
  engineVersion: string;
  warnings: JobRecord["warnings"];
  timings: JobRecord["timings"];
};

/** `leaseAlive`: whether the record is younger than LEASE_MS by the storage's own clock. */
export type Change =
  | { by: "api"; do: "cancel" }
  | { by: "api"; do: "delete" }
  | { by: "worker"; do: "claim"; token: string; worker: string; leaseAlive: boolean }
  | { by: "worker" | "sweeper"; do: "close"; leaseAlive: boolean }
  | { by: "holder"; token: string; do: "beat"; progress: Progress | null }
  | ({ by: "holder"; token: string; do: "succeed" } & JobResult)
  | { by: "holder"; token: string; do: "fail"; error: JobError }
  | { by: "holder"; token: string; do: "handBack" }
  | { by: "holder"; token: string; do: "cancelDone" }
  | { by: "sweeper"; do: "deadline" }
  | { by: "sweeper"; do: "expire" };

/** Why a change was refused: the record has ended; somebody else holds it; its lease is alive; it is being canceled; too early. */
export type Refusal = "ended" | "not_holder" | "lease_alive" | "canceling" | "not_due" | "nothing_to_do";

export function isEnded(state: JobState): boolean {
  return state !== "queued" && state !== "running" && state !== "canceling" && state !== "waiting";
}

/** The record as it is after the change, or why there is none. Pure: the record that was given is not touched. */
export function changeJob(record: JobRecord, change: Change, nowMs: number): JobRecord | Refusal {
  const next = nextOf(record, change, nowMs);
  if (typeof next === "string") return next;
  return { ...next, rev: record.rev + 1, write: newToken() };
}

function nextOf(record: JobRecord, change: Change, now: number): JobRecord | Refusal {
  if (change.do === "delete") return record.state === "deleted" ? "ended" : tombstone(record, "deleted", now);
  if (change.do === "expire") return expire(record, now);
  if (isEnded(record.state)) return "ended";
  switch (change.by) {
    case "api":
      if (record.state === "canceling") return "nothing_to_do";
      return record.state === "running" ? { ...record, state: "canceling" } : end(record, "canceled", now);
    case "holder":
      return byHolder(record, change, now);
    default:
      if (change.do === "claim") return claim(record, change, now);
      if (change.do === "deadline") return deadline(record, now);
      if (record.state !== "canceling") return "nothing_to_do";
      return change.leaseAlive ? "lease_alive" : end(record, "canceled", now);
  }
}

function claim(record: JobRecord, change: Change & { do: "claim" }, now: number): JobRecord | Refusal {
  if (record.state === "canceling") return "canceling";
  if (record.state === "waiting") return "nothing_to_do";
  if (record.state === "running" && change.leaseAlive) return "lease_alive";
  const released = release(record, now, record.claim ? { code: "worker_lost", detail: "The worker was lost." } : null);
  if (record.attempt >= MAX_CLAIMS) {
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
    case "succeed": {
      const { outputs, warnings, timings, engineVersion } = change;
      const engine = { ...record.engine, version: engineVersion };
      const progress = { stage: "done", done: 1, total: 1, percent: 100 };
      return end({ ...record, outputs, warnings, timings, engine, progress }, "succeeded", now);
    }
    case "handBack":
      return { ...release(record, now, null), state: "queued", queued_at: now };
    case "fail": {
      const failures = record.failures + 1;
      const failed = { ...release(record, now, change.error), failures };
      if (ERRORS[change.error.code].retryable && failures < MAX_FAILURES) {
        return { ...failed, state: "queued", queued_at: now };
      }
      return end({ ...failed, error: change.error }, "failed", now);
    }
  }
}

function deadline(record: JobRecord, now: number): JobRecord | Refusal {
  if (now < record.deadline_at) return "not_due";
  if (record.state === "canceling") return end(record, "canceled", now);
  const detail = "The job did not end within the time that it was given.";
  return end({ ...record, error: { code: "deadline_passed", detail } }, "failed", now);
}

function expire(record: JobRecord, now: number): JobRecord | Refusal {
  if (!isEnded(record.state)) return "nothing_to_do";
  if (record.state === "expired" || record.state === "deleted") return "ended";
  return now < record.expires_at! ? "not_due" : tombstone(record, "expired", now);
}

function end(record: JobRecord, state: "succeeded" | "failed" | "canceled", now: number): JobRecord {
  return { ...release(record, now, record.error), state, ended_at: now, expires_at: now + RESULT_LIFE_MS };
}

/** Takes the claim out and files it under the attempts. */
function release(record: JobRecord, now: number, error: JobError | null): JobRecord {
  if (!record.claim) return record;
  const attempt = { started: record.started_at ?? now, ended: now, worker: record.claim.worker, error };
  return { ...record, claim: null, attempts: [...record.attempts, attempt].slice(-MAX_CLAIMS) };
}

/** What stays of a job whose files are gone: who, when, and how it ended. */
function tombstone(record: JobRecord, state: "expired" | "deleted", now: number): JobRecord {
  return {
    ...release(record, now, null),
    state,
    ended_at: record.ended_at ?? now,
    expires_at: record.expires_at ?? now,
    closed_at: now,
    params: state === "deleted" ? {} : record.params,
    metadata: state === "deleted" ? {} : record.metadata,
    inputs: {},
    outputs: {},
  };
}

function further(before: Progress | null, after: Progress | null): Progress | null {
  if (!before || !after) return after ?? before;
  return after.percent < before.percent ? { ...after, percent: before.percent } : after;
}
