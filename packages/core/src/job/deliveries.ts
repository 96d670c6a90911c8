/**
 * What tries to deliver a job's event make of its record; the states are in `webhook.ts`.
 *
 * A delivery is begun in the record before anything is sent, which puts the next one off for a minute: of two deliverers with the
 * same message one sends. What died in between is sent again a minute later, under the same id.
 */
import { clip } from "../text.ts";
import type { Refusal } from "./endings.ts";
import type { JobRecord } from "./record.ts";
import {
  type JobWebhook,
  WEBHOOK_ATTEMPTS_KEPT,
  WEBHOOK_ERROR_CHARS,
  type WebhookAttempt,
  webhookDueMs,
} from "./webhook.ts";

/** After which time a try that failed is followed by the next, ms. Together less than the day for which a record is kept. */
export const RETRY_DELAYS_MS = [5000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000, 5 * 3_600_000, 10 * 3_600_000] as const;
/** How long a delivery that was begun may take until it counts as lost, ms. */
export const DELIVERY_MS = 60_000;

/** `nth`: which try it was. `retryAfterMs`: what the receiver asked for. */
export type WebhookAttempted = {
  nth: number;
  attempt: WebhookAttempt;
  outcome: "delivered" | "disabled" | "failed";
  retryAfterMs?: number | undefined;
};

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
  const error = done.attempt.error === null ? null : clip(done.attempt.error, WEBHOOK_ERROR_CHARS);
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
