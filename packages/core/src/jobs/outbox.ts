/**
 * How deliverers come to know that a job's event is due (`job/webhook.ts`). The record alone says that; a message in their queue is a
 * hint, sent after each write that makes an event due soon. If it is lost, and where the time is far away, the sweeper sends one
 * when its timer, which it sets by that time, is due.
 */
import type { Clock } from "../clock.ts";
import type { JobRecord } from "../job/record.ts";
import { webhookDueMs } from "../job/webhook.ts";
import type { Queue } from "../queue.ts";

export const WEBHOOK_QUEUE = "webhooks";
/** How long every queue can keep a message back, ms: SQS can no longer. */
export const LONGEST_DELAY_MS = 15 * 60_000;

type Outbox = { queue: Queue; clock: Clock };

/** Sends the message of an event that is due, or will be soon. Answers whether there was one to send. Throws what the queue throws. */
export async function tellDeliverers({ queue, clock }: Outbox, record: JobRecord): Promise<boolean> {
  const delayMs = Math.max(0, (webhookDueMs(record) ?? Number.POSITIVE_INFINITY) - clock.now());
  if (delayMs > LONGEST_DELAY_MS) return false;
  await queue.send({ queue: WEBHOOK_QUEUE, owner: record.owner, id: record.id }, { delayMs });
  return true;
}

/** The same for one that is due now alone, whose message may be lost. Never throws: the next look tries again. */
export async function remindDeliverers(outbox: Outbox, record: JobRecord): Promise<boolean> {
  const dueMs = webhookDueMs(record);
  return dueMs !== null && dueMs <= outbox.clock.now() && (await tellDeliverers(outbox, record).catch(() => false));
}
