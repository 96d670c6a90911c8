/** A worker on its own, for containers and Batch: serves one queue until it is told to stop, or until there is no more work. */
import { takeLeave } from "@smileloop/core/scale/surplus.ts";
import { watchSpotNotice } from "@smileloop/worker/spot.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { openWorker } from "./setup/open-worker.ts";
import { tellHealth } from "./setup/worker-health.ts";

/** How it ends when its machine is taken away, and when it has nothing left to work with. */
const [TAKEN_AWAY, NOT_ABLE] = [75, 69];
const { env, deps, engine } = await openWorker();
const idleExitMs = env.IDLE_EXIT_S && env.IDLE_EXIT_S * 1000;
const mayLeave = () => takeLeave(deps.records.notes, env.QUEUE, env.CAPACITY);
const worker = createWorker({ ...deps, ...engine, idleExitMs, mayLeave });
const ended = new AbortController();
const end = (why: object, code = 0) => {
  deps.log.warn(why, "worker ends early");
  process.exitCode ??= code; // a notice is followed by SIGTERM
  return worker.stop({ graceMs: 0 }); // whoever stops a container does not wait for a clip
};
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => end({ signal }));
const spot = { url: env.SPOT_METADATA_URL, signal: ended.signal };
void watchSpotNotice(spot).then((notice) => notice && end({ notice }, TAKEN_AWAY));
tellHealth(worker, env.WORK_DIR, ended.signal);
deps.log.info({ queue: env.QUEUE, place: deps.place, version: deps.version }, "worker started");
await worker.run().catch((err: unknown) => end({ err }, NOT_ABLE));
ended.abort();
deps.close();
