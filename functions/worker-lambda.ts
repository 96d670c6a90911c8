/** The built-in engine on Lambda, behind the queue of short work. */
import { readEnv } from "@smileloop/core/env.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { engineOfQueue } from "./engines/index.ts";
import { openCloudDeps } from "./setup/cloud.ts";
import { type QueueEvent, type QueueEventContext, serveQueueEvent } from "./setup/queue-event.ts";
import { openQueues } from "./setup/s3-home.ts";

const env = readEnv();
const deps = await openCloudDeps(env);
const queue = openQueues(env, deps.clock);
const worker = createWorker({ ...deps, queue, ...(await engineOfQueue(env)), slots: 1 });
// a function's start has more of a processor than its events
await worker.prepare();

export const handler = (event: QueueEvent, context: QueueEventContext) =>
  serveQueueEvent({ worker, queue, queueName: env.QUEUE, urls: env.QUEUES, log: deps.log }, event, context);
