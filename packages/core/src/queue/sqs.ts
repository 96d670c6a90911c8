/**
 * Messages in SQS, one standard queue for each name; owners are message groups, and so are the children of each plan (fair queues,
 * `turnGroup`). A message says owner and id, nothing else. It may come twice, late, out of order or not at all, and a job may be sent twice: the record decides.
 *
 * One that cannot be read is left alone: after 100 receives SQS moves it to the dead-letter queue, which raises an alarm.
 * Times are whole seconds, rounded up.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { isJobId, turnGroup } from "../job/ids.ts";
import type { Message, Queue, QueuedJob } from "../queue.ts";
import { type AwsClientOptions, awsClientConfig } from "../storage/aws-client.ts";

const LONGEST_POLL_S = 20;
const LONGEST_DELAY_S = 900;
const LONGEST_LEASE_S = 12 * 60 * 60;
/** Messages in one call; so many of ours are far below its limit of bytes. */
const BATCH = 10;
/** Errors of SQS when the message is no longer held by the caller. */
const LEASE_LOST = ["MessageNotInflight", "ReceiptHandleIsInvalid"];

export type SqsQueue = Queue & {
  /** A message that was received for us, as a Lambda function gets it; null when it cannot be read. */
  received(queue: string, message: { body: string; receiptHandle: string }): Message | null;
};

export function createSqsClient(options: AwsClientOptions): SQSClient {
  return new SQSClient({
    ...awsClientConfig(options),
    // a poll is silent for 20 s
    requestHandler: { connectionTimeout: 3000, socketTimeout: 30_000 },
  });
}

/** `urls`: where each queue is, by its name. */
export function sqsQueue(options: { client: SQSClient; urls: Record<string, string>; clock: Clock }): SqsQueue {
  const { client, urls, clock } = options;
  const urlOf = (queue: string): string => {
    const url = Object.hasOwn(urls, queue) ? urls[queue] : undefined;
    if (url === undefined) throw new AppError("internal", `There is no queue '${queue}'.`);
    return url;
  };
  const received: SqsQueue["received"] = (queue, { body, receiptHandle }) => {
    const job = readBody(body);
    return job && { queue, ...job, ...leaseOf(client, urlOf(queue), receiptHandle) };
  };

  return {
    received,

    send: (job, { delayMs = 0 } = {}) =>
      translated(async () => {
        const command = new SendMessageCommand({
          QueueUrl: urlOf(job.queue),
          ...messageOf(job),
          ...(delayMs > 0 ? { DelaySeconds: seconds(delayMs, LONGEST_DELAY_S) } : {}),
        });
        await client.send(command);
      }),

    sendAll: (jobs) =>
      translated(async () => {
        let failed = 0;
        for (const [queue, own] of Map.groupBy(jobs, (job) => job.queue)) {
          for (let at = 0; at < own.length; at += BATCH) {
            const Entries = own.slice(at, at + BATCH).map((job, n) => ({ Id: `${n}`, ...messageOf(job) }));
            const reply = await client.send(new SendMessageBatchCommand({ QueueUrl: urlOf(queue), Entries }));
            failed += reply.Failed?.length ?? 0;
          }
        }
        if (failed > 0) throw new Error(`${failed} of ${jobs.length} messages were not taken.`);
      }),

    receive: (queue, { leaseMs, waitMs, signal }) =>
      translated(async () => {
        const QueueUrl = urlOf(queue);
        const untilMs = clock.now() + waitMs;
        for (;;) {
          if (signal.aborted) return null;
          const leftMs = Math.max(0, untilMs - clock.now());
          const command = new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: 1,
            WaitTimeSeconds: seconds(leftMs, LONGEST_POLL_S),
            VisibilityTimeout: seconds(leaseMs, LONGEST_LEASE_S),
          });
          const reply = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
            if (signal.aborted) return null;
            throw error;
          });
          for (const { Body = "", ReceiptHandle = "" } of reply?.Messages ?? []) {
            const message = received(queue, { body: Body, receiptHandle: ReceiptHandle });
            if (message) return message;
          }
          if (clock.now() >= untilMs) return null;
        }
      }),

    depth: (queue) =>
      translated(async () => {
        const reply = await client.send(
          new GetQueueAttributesCommand({
            QueueUrl: urlOf(queue),
            AttributeNames: [
              "ApproximateNumberOfMessages",
              "ApproximateNumberOfMessagesDelayed",
              "ApproximateNumberOfMessagesNotVisible",
            ],
          }),
        );
        const { Attributes: counts = {} } = reply;
        const waiting =
          Number(counts.ApproximateNumberOfMessages ?? 0) + Number(counts.ApproximateNumberOfMessagesDelayed ?? 0);
        return { waiting, held: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0) };
      }),

    // SQS does not say
    waitingOf: async () => null,

    // SQS tells it to CloudWatch alone (ApproximateAgeOfOldestMessage)
    oldestMs: async () => null,

    // SQS does not say
    position: async () => null,
  };
}

/** Once SQS has said that the lease is lost, nothing more is asked of it. */
function leaseOf(
  client: SQSClient,
  QueueUrl: string,
  ReceiptHandle: string,
): Pick<Message, "extend" | "ack" | "retryAfter"> {
  let lost = false;
  const whileHeld = (run: () => Promise<unknown>): Promise<void> =>
    translated(async () => {
      if (lost) return;
      try {
        await run();
      } catch (error) {
        if (!LEASE_LOST.includes((error as Error).name)) throw error;
        lost = true;
      }
    });
  const hideFor = (ms: number) => {
    const VisibilityTimeout = seconds(ms, LONGEST_LEASE_S);
    return client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  };
  return {
    extend: (ms) => whileHeld(() => hideFor(ms)),
    ack: () => whileHeld(() => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))),
    retryAfter: (ms) => whileHeld(() => hideFor(ms)),
  };
}

function messageOf({ owner, id }: QueuedJob): { MessageBody: string; MessageGroupId: string } {
  return { MessageBody: JSON.stringify({ owner, id }), MessageGroupId: turnGroup({ owner, id }) };
}

function readBody(body: string): { owner: string; id: string } | null {
  try {
    const { owner, id } = JSON.parse(body) as { owner?: unknown; id?: unknown };
    return typeof owner === "string" && typeof id === "string" && isJobId(id) ? { owner, id } : null;
  } catch {
    return null;
  }
}

function seconds(ms: number, longest: number): number {
  return Math.min(Math.ceil(ms / 1000), longest);
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("unavailable", "The queue does not answer; try again.", { cause: error });
  }
}
