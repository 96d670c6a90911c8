/**
 * Deliverers: they take messages from the queue of events and send each event that is due, at least once and always under the same id.
 * What is due, and after which tries, the record says (`job/deliveries.ts`), so that a deliverer that dies loses nothing.
 */

import { ANONYMOUS_PREFIX } from "../api-keys.ts";
import { beginDelivery, type WebhookAttempted } from "../job/deliveries.ts";
import { readable } from "../job/unreadable.ts";
import { webhookDueMs } from "../job/webhook.ts";
import { type JobStore, updateJob } from "../jobs/jobs.ts";
import { LONGEST_DELAY_MS, WEBHOOK_QUEUE } from "../jobs/outbox.ts";
import type { Log } from "../log.ts";
import type { Message, QueuedJob } from "../queue.ts";
import type { StoredRecord } from "../records.ts";
import { eventOf } from "./event.ts";
import { type PostDeps, type Posted, postEvent } from "./post.ts";
import type { Signing } from "./signing.ts";

export type DeliverDeps = JobStore & PostDeps & { signing: Signing; log: Log };

/**
 * Deliveries of one process at a time. A receiver that is silent holds one for 15 s, so that one host has a few of them, and callers
 * without a key, who may be one person with many tokens, half of them together.
 */
const AT_ONCE = { all: 64, host: 4, anonymous: 32 };
const BUSY_MS = 1000;
const LEASE_MS = 60_000;
const POLL_MS = 20_000;
const RETRY_MS = 5000;

/**
 * Sends the event of this job if it is due. Answers in how many milliseconds somebody has to look again; null: never, or the record's
 * next write or the sweeper sends another message. Throws what the storage throws, and what the signal was aborted with.
 */
export async function deliverEvent(
  deps: DeliverDeps,
  { owner, id }: Pick<QueuedJob, "owner" | "id">,
  signal: AbortSignal,
  turns: Turns = createTurns(),
): Promise<number | null> {
  // one that can't be read is the sweeper's
  const found = await readable(() => deps.records.get(owner, id));
  if (!found || beginDelivery(found.record, deps.clock.now()) === "nothing_to_do") return null;
  const leave = turns.enter(owner, new URL(found.record.webhook!.url).host);
  if (!leave) return BUSY_MS;
  try {
    return await deliver(deps, found, signal);
  } finally {
    leave();
  }
}

async function deliver(deps: DeliverDeps, found: StoredRecord, signal: AbortSignal): Promise<number | null> {
  const { owner, id } = found.record;
  const { stored, refused } = await updateJob(deps, owner, id, () => ({ by: "deliverer", do: "deliver" }), found);
  const dueMs = stored && webhookDueMs(stored.record);
  if (refused === "not_due" && dueMs) return soon(dueMs - deps.clock.now());
  const record = stored?.record;
  const event = record && eventOf(record);
  if (refused || !event) return null;
  const { url, tries: nth } = record.webhook!;
  const headers = deps.signing.headersFor(owner, { ...event, atMs: deps.clock.now() });
  const posted = await postEvent(deps, { url, headers, body: event.body }, signal);
  const { status, ms, error } = posted.attempt;
  deps.log.info({ jobId: id, eventId: event.id, try: nth, status, ms, error }, "webhook sent");
  const done = { nth, outcome: outcomeOf(posted), ...posted };
  await updateJob(deps, owner, id, () => ({ by: "deliverer", do: "delivered", ...done }), stored!);
  return null;
}

/** Who is being sent to. `enter` answers what to call at the end; null: others have to end first. */
type Turns = { enter: (owner: string, host: string) => (() => void) | null };

function createTurns(): Turns {
  const underWay = new Map<string, number>();
  const count = (key: string, by: number) => underWay.set(key, (underWay.get(key) ?? 0) + by);
  return {
    enter(owner, host) {
      const keys = [`host ${host}`, ...(owner.startsWith(ANONYMOUS_PREFIX) ? ["anonymous"] : [])];
      const most = (key: string) => (key === "anonymous" ? AT_ONCE.anonymous : AT_ONCE.host);
      if (keys.some((key) => (underWay.get(key) ?? 0) >= most(key))) return null;
      for (const key of keys) count(key, 1);
      return () => {
        for (const key of keys) if (count(key, -1).get(key) === 0) underWay.delete(key);
      };
    },
  };
}

/** Serves the queue until the signal is aborted; deliveries that are under way then get `graceMs` to end. */
export async function runDeliverer(
  deps: DeliverDeps,
  { signal, graceMs = 5000 }: { signal: AbortSignal; graceMs?: number },
): Promise<void> {
  const cut = new AbortController();
  const underWay = new Set<Promise<void>>();
  const turns = createTurns();
  while (!signal.aborted) {
    try {
      const message = await deps.queue.receive(WEBHOOK_QUEUE, { leaseMs: LEASE_MS, waitMs: POLL_MS, signal });
      if (!message) continue;
      const work = settle(deps, message, cut.signal, turns).finally(() => underWay.delete(work));
      underWay.add(work);
      if (underWay.size >= AT_ONCE.all) await Promise.race(underWay);
    } catch (error) {
      if (signal.aborted) break;
      deps.log.error({ err: error }, "deliverer waits");
      await deps.clock.sleep(RETRY_MS, signal);
    }
  }
  const over = new AbortController();
  await Promise.race([Promise.allSettled(underWay), deps.clock.sleep(graceMs, over.signal)]);
  over.abort();
  cut.abort(new Error("The server stops."));
  await Promise.allSettled(underWay);
}

/** Never throws: a message that could not be settled comes again. */
async function settle(deps: DeliverDeps, message: Message, signal: AbortSignal, turns: Turns): Promise<void> {
  try {
    const againMs = await deliverEvent(deps, message, signal, turns).catch((error: unknown) => {
      if (!signal.aborted) deps.log.error({ err: error, jobId: message.id }, "webhook not sent");
      return RETRY_MS;
    });
    await (againMs === null ? message.ack() : message.retryAfter(againMs));
  } catch (error) {
    deps.log.warn({ err: error, jobId: message.id }, "message not settled");
  }
}

function outcomeOf({ attempt }: Posted): WebhookAttempted["outcome"] {
  if (attempt.error === null) return "delivered";
  return attempt.status === 410 ? "disabled" : "failed";
}

/** What is far away is the sweeper's. */
function soon(ms: number): number | null {
  return ms > LONGEST_DELAY_MS ? null : Math.max(1000, ms);
}
