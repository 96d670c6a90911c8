/** A worker, or a deliverer, behind an SQS event source of Lambda: sees through its messages, and reports unfinished ones as failed. */
import type { Log } from "@smileloop/core/log.ts";
import type { SqsQueue } from "@smileloop/core/queue/sqs.ts";
import type { Message } from "@smileloop/core/queue.ts";
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
  queue: SqsQueue;
  /** Queue of messages whose source is unknown. */
  queueName: string;
  /** URLs by queue name, where the function has several queues. */
  urls?: ReadonlyMap<string, string>;
  log: Log;
};

export function serveQueueEvent(
  { worker, ...deps }: QueueEventDeps & { worker: Worker },
  event: QueueEvent,
  context: QueueEventContext,
): Promise<QueueEventReply> {
  return serveMessages(deps, event, context, async (message, signal) => {
    // Lambda deletes what is done
    const outcome = await worker.take({ ...message, ack: async () => {} }, signal);
    return outcome !== null && outcome.againMs === null;
  });
}

/** All at the same time. `take`: answers whether the message is done with. What it throws is logged, and the message comes again. */
export async function serveMessages(
  { queue, queueName, urls = new Map(), log }: QueueEventDeps,
  event: QueueEvent,
  context: QueueEventContext,
  take: (message: Message, signal: AbortSignal) => Promise<boolean>,
): Promise<QueueEventReply> {
  const isDone = async ({ messageId, body, receiptHandle, eventSourceARN }: QueueEvent["Records"][number]) => {
    const message = queue.received(queueOf(eventSourceARN, urls) ?? queueName, { body, receiptHandle });
    if (!message) {
      log.error({ messageId }, "message unreadable");
      return false;
    }
    await message.extend(FIRST_LEASE_MS).catch((error: unknown) => log.warn({ err: error }, "message not extended"));
    const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - SPARE_MS));
    return take(message, signal).catch((error: unknown) => {
      log.error({ err: error, jobId: message.id }, "message failed");
      return false;
    });
  };
  const done = await Promise.all(event.Records.map(isDone));
  const failed = event.Records.filter((_, nth) => !done[nth]);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** Several queues may be the sources of one function: the name of a queue ends its ARN and its URL. */
function queueOf(arn: string | undefined, urls: ReadonlyMap<string, string>): string | undefined {
  const name = arn?.split(":").at(-1);
  return [...urls].find(([, url]) => name !== undefined && url.endsWith(`/${name}`))?.[0];
}
