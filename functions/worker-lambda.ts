/** A worker on Lambda, behind the queues of the engine that `QUEUE` names. */
import { readEnv } from "@smileloop/core/env.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { engineOfQueue } from "./engines/index.ts";
import { openCloudDeps } from "./setup/cloud.ts";
import { withHandlers } from "./setup/handlers.ts";
import { type QueueEvent, type QueueEventContext, serveQueueEvent } from "./setup/queue-event.ts";
import { openQueues } from "./setup/s3-home.ts";

const env = readEnv();
const deps = await openCloudDeps(env);
const queue = openQueues(env, deps.clock);
const engine = await engineOfQueue(env);
const worker = createWorker({ ...withHandlers(deps), queue, ...engine, slots: 1 });
// a function has more of a processor while it starts than during its events
await worker.prepare();

export const handler = (event: QueueEvent, context: QueueEventContext) =>
  serveQueueEvent({ worker, queue, queueName: engine.queueName, urls: env.QUEUES, log: deps.log }, event, context);
