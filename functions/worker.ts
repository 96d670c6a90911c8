/** A worker on its own, for containers and Batch: serves one queue until it is told to stop, or until there is no more work. */
import { once } from "node:events";
import { readEnv } from "@smileloop/core/env.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { openCloudDeps } from "./cloud.ts";
import { engineOfQueue } from "./engines.ts";

const env = readEnv();
const deps = await openCloudDeps(env);
const worker = createWorker({ ...deps, ...engineOfQueue(env.QUEUE), slots: env.WARP_PROCESSES });

// whoever stops a container does not wait for a clip
void Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]).then(() => worker.stop({ graceMs: 0 }));
deps.log.info({ queue: env.QUEUE, place: deps.place, version: deps.version }, "worker started");
await worker.run();
deps.close();
