/** When the sweeper looks at a record again, and what it counts. */
import { checkoutDueMs } from "../job/charge.ts";
import { isEnded, type JobRecord, TOMBSTONE_LIFE_MS } from "../job/record.ts";
import { webhookDueMs } from "../job/webhook.ts";

export const LOOK_AGAIN_MS = 5 * 60_000;
/** The longer a job waits, the likelier that the queue is long and not its message lost: each further one makes it longer. */
export const LOOK_LATEST_MS = 30 * 60_000;
/** How long files of a closed job may still appear: longer than a worker that lost its claim can go on. */
export const LATE_WRITERS_MS = 60 * 60_000;

export const NOTHING_SWEPT = {
  looked: 0,
  sent: 0,
  closed: 0,
  expired: 0,
  purged: 0,
  removed: 0,
  uploads: 0,
  cached: 0,
  failed: 0,
};
/** How many timers were looked at, and what was done; `cached` counts moments (`cache.ts`), `failed` counts what could not be done and is tried again. */
export type Swept = typeof NOTHING_SWEPT;

/** Always later than now, and thereby than the timer that is due. */
export function nextLookMs(record: JobRecord, nowMs: number): number {
  const eventMs = webhookDueMs(record) ?? Number.POSITIVE_INFINITY;
  // the message of one that is due was just sent
  const eventLookMs = eventMs <= nowMs ? nowMs + LOOK_AGAIN_MS : eventMs;
  const later = (atMs: number) => Math.max(Math.min(atMs, eventLookMs), nowMs + 1000);
  if (record.closed_at !== null) {
    // what is owed is given back as soon as the provider does it
    if (isRefundOwed(record)) return later(nowMs + LOOK_AGAIN_MS);
    const purge = record.closed_at + LATE_WRITERS_MS;
    return later(nowMs < purge ? purge : record.closed_at + TOMBSTONE_LIFE_MS);
  }
  if (isEnded(record.state)) {
    return later(Math.min(record.expires_at ?? nowMs, checkoutDueMs(record.charge) ?? Number.POSITIVE_INFINITY));
  }
  const waitedMs = record.state === "queued" ? nowMs - record.queued_at : 0;
  const againMs = Math.min(LOOK_LATEST_MS, Math.max(LOOK_AGAIN_MS, waitedMs));
  return later(Math.min(nowMs + againMs, record.deadline_at));
}

/** Whether a refund was begun that the provider has not made yet. */
export function isRefundOwed(record: JobRecord): boolean {
  return record.charge?.state === "refunding";
}

/** Whether the payment has to be looked at, also before the result goes. */
export function isPaymentDue(record: JobRecord | undefined, nowMs: number): boolean {
  if (!record) return false;
  const checkoutMs = record.state === "succeeded" ? checkoutDueMs(record.charge) : null;
  return isRefundOwed(record) || (checkoutMs !== null && nowMs >= checkoutMs);
}
