/** A queue for each kind of worker, and one for messages that cannot be read. */

import { DEAD_LETTERS, queueName } from "./policy/watch.ts";
import { QUEUE, type QueueName, type Stage } from "./policy.ts";

export type Queues = Partial<Record<QueueName, aws.sqs.Queue>>;

export function createQueues(stage: Stage, names: QueueName[]): Queues {
  const deadLetters = new aws.sqs.Queue("DeadLetters", {
    name: queueName(stage, DEAD_LETTERS),
    messageRetentionSeconds: QUEUE.deadLetterRetentionS,
    sqsManagedSseEnabled: true,
  });
  const create = (name: QueueName) =>
    new aws.sqs.Queue(`Queue-${name}`, {
      name: queueName(stage, name),
      messageRetentionSeconds: QUEUE.retentionS,
      visibilityTimeoutSeconds: QUEUE.visibilityS[name],
      receiveWaitTimeSeconds: QUEUE.longPollS,
      sqsManagedSseEnabled: true,
      redrivePolicy: $jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: QUEUE.maxReceiveCount }),
    });
  return Object.fromEntries(names.map((name) => [name, create(name)]));
}

/** By name. */
export function urlsOf(queues: Queues) {
  return Object.fromEntries(Object.entries(queues).map(([name, { url }]) => [name, url]));
}

export function arnsOf(queues: Queues) {
  return Object.values(queues).map(({ arn }) => arn);
}
