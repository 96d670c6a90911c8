/**
 * The event that a job reports its end by, as its record keeps it: the write that ends the job is the write that makes the event due,
 * so that neither is there without the other.
 *
 *     waiting ──the job ends──▶ pending ──2xx──▶ delivered ─┐
 *                               ▲ │ ▲ └─410────▶ disabled ──┤
 *                               │ └─┘ retry      failed ◀───┼── no try is left
 *                               └─────────replay────────────┘
 *
 * How it is delivered is in `deliveries.ts`.
 */
import { z } from "zod";

export const WEBHOOK_ATTEMPTS_KEPT = 10;
export const WEBHOOK_ERROR_CHARS = 300;

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
  error: z.string().max(WEBHOOK_ERROR_CHARS).nullable(),
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

export function newWebhook({ url, base }: { url: string; base: string }): JobWebhook {
  return { url, base, state: "waiting", event: null, next_at: null, tries: 0, replayed: 0, attempts: [] };
}

/** Of a job that ends now. */
export function dueWebhook(webhook: JobWebhook, state: "succeeded" | "failed" | "canceled", now: number): JobWebhook {
  return { ...webhook, state: "pending", event: `job.${state}`, next_at: now };
}

/** When the next try of its event is due; null where none is. A deleted job has none. */
export function webhookDueMs({ webhook }: { webhook?: JobWebhook | undefined }): number | null {
  return webhook?.state === "pending" ? webhook.next_at : null;
}
