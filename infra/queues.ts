/** The queues of jobs and pokes, and one for messages that cannot be read. */

import { DEAD_LETTERS } from "./policy/watch.ts";
import { nameOf, QUEUE, type QueueSpec, type Stage } from "./policy.ts";

export type Queues = Record<string, aws.sqs.Queue>;

export function createQueues(stage: Stage, specs: QueueSpec[]): Queues {
  const deadLetters = new aws.sqs.Queue("DeadLetters", {
    name: nameOf(stage, DEAD_LETTERS),
    messageRetentionSeconds: QUEUE.deadLetterRetentionS,
    sqsManagedSseEnabled: true,
  });
  const create = ({ name, visibilityS }: QueueSpec) =>
    new aws.sqs.Queue(`Queue-${name}`, {
      name: nameOf(stage, name),
      messageRetentionSeconds: QUEUE.retentionS,
      visibilityTimeoutSeconds: visibilityS,
      receiveWaitTimeSeconds: QUEUE.longPollS,
      sqsManagedSseEnabled: true,
      redrivePolicy: $jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: QUEUE.maxReceiveCount }),
    });
  return Object.fromEntries(specs.map((spec) => [spec.name, create(spec)]));
}

/** By name. */
export function urlsOf(queues: Queues) {
  return Object.fromEntries(Object.entries(queues).map(([name, { url }]) => [name, url]));
}

export function arnsOf(queues: Queues) {
  return Object.values(queues).map(({ arn }) => arn);
}
