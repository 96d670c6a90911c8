/** A worker on Lambda, behind the queues of the engine that `QUEUE` names. The API calls it, too, to have pictures looked at. */
import { readEnv } from "@smileloop/core/env.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { engineOfQueue } from "./engines/index.ts";
import { openCloudDeps } from "./setup/cloud.ts";
import { workRootOf } from "./setup/dev-work-root.ts";
import { withHandlers } from "./setup/handlers.ts";
import { checkMarking } from "./setup/marking.ts";
import { type QueueEvent, type QueueEventContext, serveQueueEvent } from "./setup/queue-event.ts";
import { openQueues } from "./setup/s3-home.ts";
import { checkSigning, markReader } from "./setup/signing.ts";
import { type LookEvent, serveLookEvent } from "./setup/verify-event.ts";

const env = readEnv();
const deps = await openCloudDeps(env);
const queue = openQueues(env, deps.clock);
const engine = await engineOfQueue(env);
const workRoot = workRootOf(deps.workRoot, env);
if (engine.source) {
  await checkMarking(deps.marking);
  await checkSigning(deps.signing);
}
const worker = createWorker({ ...withHandlers(deps), workRoot, queue, ...engine, slots: 1 });
// Lambda may start a function long before its first event, and freezes it in between: an engine that was still starting would
// be found late when it thaws, and killed. After 10 s Lambda would start all of it again.
await worker.prepare(8000);

const looking = worker.checker && { engine: worker.checker, workRoot };
const looks = { ...deps, worker, workRoot, reader: markReader(deps, looking) };

export const handler = (event: QueueEvent | LookEvent, context: QueueEventContext) =>
  "Records" in event
    ? serveQueueEvent({ worker, queue, queueName: engine.queueName, urls: env.QUEUES, log: deps.log }, event, context)
    : serveLookEvent(looks, event);
