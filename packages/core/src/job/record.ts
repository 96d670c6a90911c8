/** The record of a job: one small JSON, and the only truth about it. How it changes is said in `change.ts`. */
import { z } from "zod";
import { timingsSchema } from "../engine/protocol.ts";
import { clipped, detailSchema, errorCodeSchema, warningsSchema } from "../errors.ts";
import { outputMarkSchema } from "../marking/mark.ts";
import { chargeSchema } from "./charge.ts";
import { newToken } from "./ids.ts";
import { isFileKey } from "./keys.ts";
import { webhookSchema } from "./webhook.ts";

/** How long results and uploads live, from the end of the job and from the upload; an installation may keep them for less. */
export const RESULT_LIFE_MS = 60 * 60_000;
export const UPLOAD_LIFE_MS = 60 * 60_000;
export const TOMBSTONE_LIFE_MS = 24 * 60 * 60_000;
export const MAX_JOB_LIFE_MS = 12 * 60 * 60_000;
/** Number of past claims that the record keeps; older ones are dropped. */
export const ATTEMPTS_KEPT = 10;

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

/** Milliseconds since 1970, as far as a `Date` goes. */
const time = z
  .int()
  .min(0)
  .refine((ms) => ms <= 8.64e15, "must be a moment");

const fileKey = z.string().refine(isFileKey, "must be the key of a file");

const jobErrorSchema = z.strictObject({
  code: errorCodeSchema,
  detail: detailSchema,
  /** The slot whose file is at fault. */
  input: clipped(100).optional(),
});
export type JobError = z.infer<typeof jobErrorSchema>;

/** Short texts of the client's own. */
export const metadataSchema = z
  .record(z.string().min(1).max(64), z.string().max(500))
  .refine((metadata) => Object.keys(metadata).length <= 16, "At most 16 entries.");

const jobInputSchema = z.strictObject({
  key: fileKey,
  type: z.string(),
  bytes: z.int().min(0),
  sha256: z.string().optional(),
  /** Where it came from, for people: `upload:<id>`, `job:<id>/<slot>`, `form`, `url:https://<host>/<path>`. */
  source: z.string(),
});
export type JobInput = z.infer<typeof jobInputSchema>;

/** A file that the job has to fetch before its work; then it becomes an input. */
const jobFetchSchema = z.strictObject({
  slot: z.string(),
  /** Its place among the slot's files. */
  nth: z.int().min(0),
  source: z.string(),
  /** With what makes it secret, such as a signature; absent once the job has ended. */
  url: z.string().optional(),
});
export type JobFetch = z.infer<typeof jobFetchSchema>;

/** Which of the optional facts are set depends on the type. */
const jobOutputSchema = z.strictObject({
  key: fileKey,
  attempt: z.int().min(1),
  type: z.string(),
  bytes: z.int().min(0),
  sha256: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
  frames: z.int().optional(),
  fps: z.number().optional(),
  /** Seconds. */
  duration: z.number().optional(),
  audio: z.strictObject({ codec: z.string(), channels: z.int(), sample_rate: z.int() }).optional(),
  /** The voices that speak in it, with the languages that they read. */
  voices: z
    .array(z.strictObject({ name: z.string(), language: z.string() }))
    .max(20)
    .optional(),
  /** Who may fetch it (`may-read.ts`): `open`, `paid`; anything else is nobody. */
  access: z.string().optional(),
  /** How it is marked as made by a machine. */
  mark: outputMarkSchema.optional(),
});
export type JobOutput = z.infer<typeof jobOutputSchema>;

const progressSchema = z.strictObject({
  stage: clipped(100),
  done: z.number(),
  total: z.number(),
  percent: z.number().min(0).max(100),
});
export type Progress = z.infer<typeof progressSchema>;

/** How many children of a plan have ended, by how they have. */
const endedSchema = z.strictObject({ succeeded: z.int().min(0), failed: z.int().min(0), canceled: z.int().min(0) });
export type Ended = z.infer<typeof endedSchema>;

const loose = z.record(z.string(), z.unknown());

export const jobRecordSchema = z.strictObject({
  rev: z.int().min(1),
  /** New with every write, so that a writer that is told of a change can tell whether it was its own. */
  write: z.string(),
  id: z.string(),
  owner: z.string(),
  kind: z.string(),
  state: z.enum(STATES),
  created_at: time,
  queued_at: time,
  started_at: time.nullable(),
  ended_at: time.nullable(),
  /** When its result is deleted; set when it ends. Always null for a child: only roots expire. */
  expires_at: time.nullable(),
  deadline_at: time,
  /** How long its result lives from its end, milliseconds; absent: an hour. */
  result_life_ms: z.int().min(0).max(RESULT_LIFE_MS).optional(),
  /** When it became `expired` or `deleted`; the record itself goes a day later. */
  closed_at: time.nullable(),
  /** Null for a plan, which needs no engine. */
  engine: z.strictObject({ name: z.string(), version: z.string().nullable() }).nullable(),
  queue: z.string(),
  /** Expected work, seconds. */
  estimate_s: z.number().min(0),
  params: loose,
  /** Secret params by name, each sealed for this job (`seals.ts`); absent once the job has ended. */
  sealed: z.record(z.string(), z.string()).optional(),
  /** Whether it had secret params; set when it ends, and they go. */
  had_secrets: z.literal(true).optional(),
  metadata: metadataSchema,
  inputs: z.record(z.string(), z.array(jobInputSchema)),
  /** What is still missing among the inputs, because nobody has fetched it yet. */
  fetches: z.array(jobFetchSchema).min(1).optional(),
  outputs: z.record(z.string(), jobOutputSchema),
  /** Claims so far; the number of the present one. */
  attempt: z.int().min(0),
  failures: z.int().min(0),
  /** How many claims ended in a wait for children, for room or for a service elsewhere, and how many in a move to another queue. */
  waits: z.int().min(0).optional(),
  moves: z.int().min(0).optional(),
  claim: z.strictObject({ token: z.string(), worker: z.string() }).nullable(),
  /** Past claims, oldest first. */
  attempts: z
    .array(z.strictObject({ started: time, ended: time, worker: z.string(), error: jobErrorSchema.nullable() }))
    .max(ATTEMPTS_KEPT),
  progress: progressSchema.nullable(),
  error: jobErrorSchema.nullable(),
  warnings: warningsSchema,
  /** Milliseconds by stage of the run that succeeded. */
  timings: timingsSchema,
  /** Which dialect created it, where its clients see it differently. */
  dialect: z.string().nullable(),
  /** Of a child: the id of its root, and its number there. */
  root: z.string().optional(),
  index: z.int().min(0).optional(),
  /** Of a plan: how many children it has created, as of its last wait. */
  children: z.int().min(0).optional(),
  /** Of a plan: how many it expects to have in all, where further ones follow those. */
  expected: z.int().min(0).optional(),
  /** Of a plan: how many of them have ended, as it was counted last. */
  ended: endedSchema.optional(),
  /** The job at a service elsewhere that does the work. `id`: null once it is about to be sent there, until the reply is known. */
  external: z.strictObject({ provider: z.string(), id: z.string().nullable() }).optional(),
  /** Where it reports its end, and how far that is. Never of a child. */
  webhook: webhookSchema.optional(),
  /** What its clean result costs, and how far the payment is (`charge.ts`); absent: it is free. */
  charge: chargeSchema.optional(),
  /** What the people shown have agreed to. */
  consent: loose.optional(),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;

type Held = "id" | "owner" | "kind" | "queue" | "params" | "metadata" | "inputs";
type Optional = "root" | "index" | "webhook" | "charge" | "consent" | "result_life_ms" | "fetches" | "sealed";
export type NewJob = Pick<JobRecord, Held> &
  Partial<Pick<JobRecord, Optional>> & {
    /** Null for a plan. */
    engine: string | null;
    estimateSeconds: number;
    dialect?: string | undefined;
    /** MAX_JOB_LIFE_MS from now unless given. */
    deadlineAtMs?: number | undefined;
  };

export function newJobRecord(job: NewJob, nowMs: number): JobRecord {
  const { engine, estimateSeconds, deadlineAtMs, dialect, ...held } = job;
  return {
    rev: 1,
    write: newToken(),
    ...held,
    state: "queued",
    created_at: nowMs,
    queued_at: nowMs,
    started_at: null,
    ended_at: null,
    expires_at: null,
    deadline_at: deadlineAtMs ?? nowMs + MAX_JOB_LIFE_MS,
    closed_at: null,
    engine: engine === null ? null : { name: engine, version: null },
    estimate_s: estimateSeconds,
    outputs: {},
    attempt: 0,
    failures: 0,
    claim: null,
    attempts: [],
    progress: null,
    error: null,
    warnings: [],
    timings: {},
    dialect: dialect ?? null,
  };
}

/** How long the result of a job lives. */
export function resultLifeMs({ result_life_ms }: Pick<JobRecord, "result_life_ms">): number {
  return result_life_ms ?? RESULT_LIFE_MS;
}

export function isEnded(state: JobState): boolean {
  return state !== "queued" && state !== "running" && state !== "canceling" && state !== "waiting";
}

/** Whether children may work for it: it has not ended, and is not about to. */
export function isLiving({ state }: JobRecord): boolean {
  return state === "queued" || state === "running" || state === "waiting";
}

/** Whether its work is under way at a service elsewhere, and nobody here holds it meanwhile. */
export function isElsewhere({ state, external }: JobRecord): boolean {
  return state === "queued" && external !== undefined && external.id !== null;
}

/** Whether it may have children. */
export function isPlan({ engine }: JobRecord): boolean {
  return engine === null;
}
