/** A worker behind an SQS event source of Lambda: one message at a time, and what was not done is reported as failed. */
import type { Log } from "@smileloop/core/log.ts";
import type { SqsQueue } from "@smileloop/core/queue/sqs.ts";
import type { Worker } from "@smileloop/worker/worker.ts";

/** As Lambda hands it over. */
export type QueueEvent = {
  Records: { messageId: string; body: string; receiptHandle: string; eventSourceARN?: string }[];
};
export type QueueEventContext = { getRemainingTimeInMillis(): number };
/** Lambda deletes the messages that are not named here. */
export type QueueEventReply = { batchItemFailures: { itemIdentifier: string }[] };

/** If the function is killed, the message is received again after so long, and not only after the queue's own time. */
const FIRST_LEASE_MS = 90_000;
/** A job that is not done so long before the function's end is handed back. */
const SPARE_MS = 15_000;

export type QueueEventDeps = {
  worker: Worker;
  queue: SqsQueue;
  /** The queue of messages that do not say where they come from. */
  queueName: string;
  /** By the queue's name: of further queues that are sources of the same function. */
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
      log.error({ messageId }, "message cannot be read");
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
