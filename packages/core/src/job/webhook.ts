/**
 * The event that a job reports its end by, as its record keeps it: the write that ends the job is the write that makes the event due,
 * so that neither is there without the other.
 *
 *     waiting ──the job ends──▶ pending ──2xx──▶ delivered ─┐
 *                               ▲ │ ▲ └─410────▶ disabled ──┤
 *                               │ └─┘ retry      failed ◀───┼── no try is left
 *                               └─────────replay────────────┘
 *
 * A delivery is begun in the record before anything is sent, which puts the next one off for a minute: of two deliverers with the
 * same message one sends. What died in between is sent again a minute later, under the same id.
 */
import { z } from "zod";
import { clip } from "../text.ts";
import type { Refusal } from "./endings.ts";
import type { JobRecord } from "./record.ts";

/** After which time a try that failed is followed by the next, ms. Together less than the day for which a record is kept. */
export const RETRY_DELAYS_MS = [5000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000, 5 * 3_600_000, 10 * 3_600_000] as const;
/** How long a delivery that was begun may take until it counts as lost, ms. */
export const DELIVERY_MS = 60_000;
export const WEBHOOK_ATTEMPTS_KEPT = 10;
const ERROR_CHARS = 300;

export const WEBHOOK_STATES = ["waiting", "pending", "delivered", "disabled", "failed"] as const;
/** How a job may end that reports it. */
export const WEBHOOK_EVENTS = ["job.succeeded", "job.failed", "job.canceled"] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

const time = z.int().min(0);
const attemptSchema = z.strictObject({
  at: time,
  /** Of the reply; null where there was none. */
  status: z.int().nullable(),
  ms: z.int().min(0),
  /** A sentence; null for one that was taken. */
  error: z.string().max(ERROR_CHARS).nullable(),
});
export type WebhookAttempt = z.infer<typeof attemptSchema>;

export const webhookSchema = z.strictObject({
  url: z.string(),
  /** What the addresses of outputs in the event begin with. */
  base: z.string(),
  state: z.enum(WEBHOOK_STATES),
  /** Null until the job has ended. */
  event: z.enum(WEBHOOK_EVENTS).nullable(),
  /** When the next try is due, or the present one counts as lost; null unless pending. */
  next_at: time.nullable(),
  /** Tries so far, and how many of them came before the last replay. */
  tries: z.int().min(0),
  replayed: z.int().min(0),
  /** The last tries that came to an answer, oldest first. */
  attempts: z.array(attemptSchema).max(WEBHOOK_ATTEMPTS_KEPT),
});
export type JobWebhook = z.infer<typeof webhookSchema>;

/** `nth`: which try it was. `retryAfterMs`: what the receiver asked for. */
export type WebhookAttempted = {
  nth: number;
  attempt: WebhookAttempt;
  outcome: "delivered" | "disabled" | "failed";
  retryAfterMs?: number | undefined;
};

export function newWebhook({ url, base }: { url: string; base: string }): JobWebhook {
  return { url, base, state: "waiting", event: null, next_at: null, tries: 0, replayed: 0, attempts: [] };
}

/** Of a job that ends now. */
export function dueWebhook(webhook: JobWebhook, state: "succeeded" | "failed" | "canceled", now: number): JobWebhook {
  return { ...webhook, state: "pending", event: `job.${state}`, next_at: now };
}

/** When the next try of its event is due; null where none is. A deleted job has none. */
export function webhookDueMs({ webhook }: Pick<JobRecord, "webhook">): number | null {
  return webhook?.state === "pending" ? webhook.next_at : null;
}

/** The record once a delivery is begun. */
export function beginDelivery(record: JobRecord, now: number): JobRecord | Refusal {
  const dueMs = webhookDueMs(record);
  if (dueMs === null) return "nothing_to_do";
  if (now < dueMs) return "not_due";
  const webhook = { ...record.webhook!, next_at: now + DELIVERY_MS, tries: record.webhook!.tries + 1 };
  return { ...record, webhook };
}

/**
 * The record once a try has had its answer. Of one that a replay has overtaken, or that counted as lost, the list tells; only its
 * success settles anything.
 */
export function endDelivery(record: JobRecord, done: WebhookAttempted, now: number): JobRecord | Refusal {
  const { webhook } = record;
  if (!webhook) return "nothing_to_do";
  const error = done.attempt.error === null ? null : clip(done.attempt.error, ERROR_CHARS);
  const attempts = [...webhook.attempts, { ...done.attempt, error }].slice(-WEBHOOK_ATTEMPTS_KEPT);
  return { ...record, webhook: { ...webhook, attempts, ...settled(webhook, done, now) } };
}

/** The record once its event is to be sent again. */
export function replayDelivery(record: JobRecord, now: number): JobRecord | Refusal {
  const { webhook } = record;
  if (!webhook?.event) return "nothing_to_do";
  return { ...record, webhook: { ...webhook, state: "pending", next_at: now, replayed: webhook.tries } };
}

function settled(webhook: JobWebhook, done: WebhookAttempted, now: number): Pick<JobWebhook, "state" | "next_at"> {
  const { state, next_at, tries, replayed } = webhook;
  if (state !== "pending" || done.nth <= replayed) return { state, next_at };
  if (done.outcome !== "failed") return { state: done.outcome, next_at: null };
  if (done.nth !== tries) return { state, next_at };
  const delayMs = RETRY_DELAYS_MS[tries - replayed - 1];
  if (delayMs === undefined) return { state: "failed", next_at: null };
  const longestMs = RETRY_DELAYS_MS[RETRY_DELAYS_MS.length - 1]!;
  return { state, next_at: now + Math.max(delayMs, Math.min(done.retryAfterMs ?? 0, longestMs)) };
}
