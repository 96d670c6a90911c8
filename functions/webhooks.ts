/** The deliverer on Lambda, behind the queue of events. */
import { readEnv } from "@smileloop/core/env.ts";
import { WEBHOOK_QUEUE } from "@smileloop/core/jobs/outbox.ts";
import { deliverEvent } from "@smileloop/core/webhooks/deliver.ts";
import { openCloudDeps } from "./setup/cloud.ts";
import { deliverDeps } from "./setup/deliver-deps.ts";
import { type QueueEvent, type QueueEventContext, serveMessages } from "./setup/queue-event.ts";
import { openQueues } from "./setup/s3-home.ts";

const env = readEnv();
const deps = await openCloudDeps(env);
const deliver = deliverDeps(deps);
const queue = openQueues(env, deps.clock);

export const handler = (event: QueueEvent, context: QueueEventContext) =>
  serveMessages({ queue, queueName: WEBHOOK_QUEUE, log: deps.log }, event, context, async (message, signal) => {
    const againMs = await deliverEvent(deliver, message, signal);
    if (againMs !== null) await message.retryAfter(againMs);
    return againMs === null;
  });
