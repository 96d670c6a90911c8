/** What Lambda does with queues that are the event sources of a function: one message at a time, and what is done is deleted. */
import type { SqsHome } from "../sqs.ts";
import { type Lambda, LambdaError } from "./runtime.ts";

type Reply = { batchItemFailures?: { itemIdentifier: string }[] } | null;

/** `done`: deleted; `kept`: it comes again once it is visible; `crashed`: the same, because the function came to nothing. */
export type Delivered = { outcome: "done" | "kept" | "crashed"; queue: string; receiptHandle: string };

/** Hidden for so long by the queue itself, which is at least as long as the function may take. */
const VISIBILITY_S = 900;

/** Gives the function the next message of the first of these queues that has one; null when none has. */
export async function deliver(sqs: SqsHome, queues: readonly string[], lambda: Lambda): Promise<Delivered | null> {
  for (const queue of queues) {
    const message = await sqs.take(queue, VISIBILITY_S);
    if (message) return give(sqs, queue, lambda, message);
  }
  return null;
}

type Message = NonNullable<Awaited<ReturnType<SqsHome["take"]>>>;

async function give(sqs: SqsHome, queue: string, lambda: Lambda, message: Message): Promise<Delivered> {
  const { messageId, receiptHandle } = message;
  const record = {
    ...message,
    attributes: { ApproximateReceiveCount: "1" },
    messageAttributes: {},
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
    awsRegion: "us-east-1",
  };
  try {
    const reply = (await lambda.invoke({ Records: [record] })) as Reply;
    if (reply?.batchItemFailures?.some(({ itemIdentifier }) => itemIdentifier === messageId)) {
      return { outcome: "kept", queue, receiptHandle };
    }
  } catch (error) {
    if (!(error instanceof LambdaError)) throw error;
    return { outcome: "crashed", queue, receiptHandle };
  }
  await sqs.drop(queue, receiptHandle);
  return { outcome: "done", queue, receiptHandle };
}
