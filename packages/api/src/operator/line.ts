/** A job as operators see it: how it goes and why it failed, and nothing of what it is about: no files, params or metadata. */
import { z } from "@hono/zod-openapi";
import { ERRORS } from "@smileloop/core/errors.ts";
import { isElsewhere, type JobError, type JobRecord } from "@smileloop/core/job/record.ts";
import { type JobWebhook, WEBHOOK_STATES } from "@smileloop/core/job/webhook.ts";
import { clip } from "@smileloop/core/text.ts";
import { type JobStatus, jobStatusSchema } from "@smileloop/core/wire/job.ts";
import { rfc3339 } from "../view.ts";
import { replayFault } from "./replay.ts";

const time = z.string().nullable();
const failureSchema = z
  .object({
    code: z.string(),
    title: z.string(),
    detail: z.string().openapi({ description: "What it quotes is left out: it may be a client's." }),
    retryable: z.boolean(),
  })
  .openapi("OperatorFailure");

export const lineSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    status: jobStatusSchema,
    owner: z.string().openapi({ description: "The beginning of the owner's name." }),
    queue: z.string(),
    engine: z.object({ name: z.string(), version: z.string().nullable() }).nullable(),
    worker: z.string().nullable().openapi({ description: "Who has it now; null: nobody." }),
    stage: z.string().nullable(),
    percent: z.number().nullable(),
    attempt: z.int(),
    failures: z.int(),
    estimate_seconds: z.number(),
    children: z.int().nullable().openapi({ description: "Of a plan: how many jobs it has created." }),
    created_at: z.string(),
    queued_at: z.string(),
    started_at: time,
    finished_at: time,
    expires_at: time,
    error: failureSchema.nullable(),
    attempts: z
      .array(
        z.object({
          started_at: z.string(),
          finished_at: z.string(),
          worker: z.string(),
          error: failureSchema.nullable(),
        }),
      )
      .openapi({ description: "The last ones that have ended, oldest first." }),
    webhook: z
      .object({
        host: z.string(),
        state: z.enum(WEBHOOK_STATES),
        tries: z.int(),
        last: z.object({ status: z.int().nullable(), error: z.string().nullable() }).nullable(),
        next_at: time,
      })
      .nullable()
      .openapi({ description: "Where its end is reported to, and how that goes." }),
    replay: z
      .object({ possible: z.boolean(), why_not: z.string().nullable() })
      .openapi({ description: "Whether the same inputs and params can be sent again as a new job." }),
  })
  .openapi("OperatorJob");

const ATTEMPTS_SHOWN = 3;
const OWNER_CHARS = 9;
const WORKER_CHARS = 60;

export function lineOf(record: JobRecord, nowMs: number): z.infer<typeof lineSchema> {
  const { progress, claim, error } = record;
  const orNull = (ms: number | null) => (ms === null ? null : rfc3339(ms));
  const whyNot = replayFault(record, nowMs);
  return {
    id: record.id,
    kind: record.kind,
    // for clients it makes no difference where it runs, nor does it here
    status: isElsewhere(record) ? "running" : (record.state as JobStatus),
    owner: clip(record.owner, OWNER_CHARS),
    queue: record.queue,
    engine: record.engine,
    worker: claim && clip(claim.worker, WORKER_CHARS),
    stage: progress?.stage ?? null,
    percent: progress?.percent ?? null,
    attempt: record.attempt,
    failures: record.failures,
    estimate_seconds: record.estimate_s,
    children: record.children ?? null,
    created_at: rfc3339(record.created_at),
    queued_at: rfc3339(record.queued_at),
    started_at: orNull(record.started_at),
    finished_at: orNull(record.ended_at),
    expires_at: orNull(record.expires_at),
    error: error && failureOf(error),
    attempts: record.attempts.slice(-ATTEMPTS_SHOWN).map(({ started, ended, worker, error: fault }) => ({
      started_at: rfc3339(started),
      finished_at: rfc3339(ended),
      worker: clip(worker, WORKER_CHARS),
      error: fault && failureOf(fault),
    })),
    webhook: record.webhook ? webhookOf(record.webhook) : null,
    replay: { possible: whyNot === null, why_not: whyNot },
  };
}

function webhookOf({ url, state, tries, attempts, next_at }: JobWebhook) {
  const last = attempts.at(-1);
  return {
    // what follows it may hold a client's secret
    host: new URL(url).host,
    ...{ state, tries },
    last: last ? { status: last.status, error: last.error } : null,
    next_at: next_at === null ? null : rfc3339(next_at),
  };
}

function failureOf({ code, detail }: JobError): z.infer<typeof failureSchema> {
  const { title, retryable } = ERRORS[code];
  return { code, title, detail: withoutQuotes(detail), retryable };
}

/**
 * A sentence without what it quotes in ' or ": texts that were to be said, names of files, values of params. From the first quote of a kind
 * to the last, because what is quoted may have quotes in it. An apostrophe within a word is not a quote.
 */
export function withoutQuotes(sentence: string): string {
  return sentence.replace(/(?<![\p{L}\p{N}])'.*'(?![\p{L}\p{N}])/gsu, "'…'").replace(/["“].*["”]/gsu, '"…"');
}
