/** What Lambda does with a queue that is a function's event source: one message at a time, and what is done is deleted. */
import type { SqsHome } from "../sqs.ts";
import { type Lambda, LambdaError } from "./runtime.ts";

type Reply = { batchItemFailures?: { itemIdentifier: string }[] } | null;

/** `done`: deleted; `kept`: it comes again once it is visible; `crashed`: the same, because the function came to nothing. */
export type Delivered = { outcome: "done" | "kept" | "crashed"; receiptHandle: string };

/**
 * Gives the function the next message of the queue; null when there is none that can be seen. `visibilityS`: the queue's own
 * time, which is at least the function's.
 */
export async function deliver(
  sqs: SqsHome,
  queue: string,
  lambda: Lambda,
  visibilityS = 900,
): Promise<Delivered | null> {
  const message = await sqs.take(queue, visibilityS);
  if (!message) return null;
  const { messageId, body, receiptHandle } = message;
  const record = {
    ...message,
    attributes: { ApproximateReceiveCount: "1" },
    messageAttributes: {},
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
    awsRegion: "us-east-1",
    body,
  };
  try {
    const reply = (await lambda.invoke({ Records: [record] })) as Reply;
    if (reply?.batchItemFailures?.some(({ itemIdentifier }) => itemIdentifier === messageId)) {
      return { outcome: "kept", receiptHandle };
    }
  } catch (error) {
    if (!(error instanceof LambdaError)) throw error;
    return { outcome: "crashed", receiptHandle };
  }
  await sqs.drop(queue, receiptHandle);
  return { outcome: "done", receiptHandle };
}
