/** A worker behind an SQS event source of Lambda: takes one message at a time, and reports unfinished ones as failed. */
import type { Log } from "@smileloop/core/log.ts";
import type { SqsQueue } from "@smileloop/core/queue/sqs.ts";
import type { Worker } from "@smileloop/worker/worker.ts";

/** As Lambda passes it. */
export type QueueEvent = {
  Records: { messageId: string; body: string; receiptHandle: string; eventSourceARN?: string }[];
};
export type QueueEventContext = { getRemainingTimeInMillis(): number };
/** Messages that failed; Lambda deletes the others. */
export type QueueEventReply = { batchItemFailures: { itemIdentifier: string }[] };

/** How soon a message comes again if the function is killed; the queue's own visibility timeout is longer. */
const FIRST_LEASE_MS = 90_000;
/** How long before the function's end an unfinished job is handed back. */
const SPARE_MS = 15_000;

type QueueEventDeps = {
  worker: Worker;
  queue: SqsQueue;
  /** Queue of messages whose source is unknown. */
  queueName: string;
  /** URLs by queue name, where the function has several queues. */
  urls?: ReadonlyMap<string, string>;
  log: Log;
};

export async function serveQueueEvent(
  { worker, queue, queueName, urls = new Map(), log }: QueueEventDeps,
  event: QueueEvent,
  context: QueueEventContext,
): Promise<QueueEventReply> {
  const batchItemFailures: QueueEventReply["batchItemFailures"] = [];
  for (const { messageId, body, receiptHandle, eventSourceARN } of event.Records) {
    const message = queue.received(queueOf(eventSourceARN, urls) ?? queueName, { body, receiptHandle });
    if (!message) {
      log.error({ messageId }, "message unreadable");
      batchItemFailures.push({ itemIdentifier: messageId });
      continue;
    }
    await message.extend(FIRST_LEASE_MS).catch((error: unknown) => log.warn({ err: error }, "message not extended"));
    const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - SPARE_MS));
    // Lambda deletes what is done
    const outcome = await worker.take({ ...message, ack: async () => {} }, signal);
    if (!outcome || outcome.againMs !== null) batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures };
}

/** Several queues may be the sources of one function: the name of a queue ends its ARN and its URL. */
function queueOf(arn: string | undefined, urls: ReadonlyMap<string, string>): string | undefined {
  const name = arn?.split(":").at(-1);
  return [...urls].find(([, url]) => name !== undefined && url.endsWith(`/${name}`))?.[0];
}
