/** A worker on its own, for containers and Batch: serves one queue until it is told to stop, or until there is no more work. */
import { once } from "node:events";
import { readEnv } from "@smileloop/core/env.ts";
import { watchSpotNotice } from "@smileloop/worker/spot.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { openCloudDeps } from "./cloud.ts";
import { engineOfQueue } from "./engines.ts";

/** How it ends when its machine is taken away: "try again". */
const TAKEN_AWAY = 75;

const env = readEnv();
const deps = await openCloudDeps(env);
const idleExitMs = env.IDLE_EXIT_S === undefined ? undefined : env.IDLE_EXIT_S * 1000;
const worker = createWorker({ ...deps, ...engineOfQueue(env.QUEUE), slots: env.WARP_PROCESSES, idleExitMs });
const ended = new AbortController();

// whoever stops a container does not wait for a clip
void Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]).then(() => worker.stop({ graceMs: 0 }));
void watchSpotNotice({ url: env.SPOT_METADATA_URL, signal: ended.signal }).then((notice) => {
  if (!notice) return;
  deps.log.warn(notice, "spot notice");
  process.exitCode = TAKEN_AWAY;
  return worker.stop({ graceMs: 0 });
});
deps.log.info({ queue: env.QUEUE, place: deps.place, version: deps.version }, "worker started");
await worker.run().finally(() => ended.abort());
deps.close();
