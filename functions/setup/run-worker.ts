/** A standalone worker, in containers and on Batch: serves one queue until it is stopped, or until there is no more work. */
import { requestExit } from "@smileloop/core/scale/surplus.ts";
import { watchSpotNotice } from "@smileloop/worker/spot.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import type { Lists } from "./deps.ts";
import { withHandlers } from "./handlers.ts";
import { openWorker } from "./open-worker.ts";
import { parentGone } from "./stop-asked.ts";
import { tellHealth } from "./worker-health.ts";

/** Exit codes: its machine is being taken away, or its engine cannot work. */
const [TAKEN_AWAY, NOT_ABLE] = [75, 69];

/** Resolves when it has ended; `process.exitCode` says how. */
export async function runWorker(lists: Lists = {}): Promise<void> {
  const { env, deps, engine, metrics } = await openWorker(lists);
  const { queueName } = engine;
  const idleExitMs = env.IDLE_EXIT_S && env.IDLE_EXIT_S * 1000;
  const mayExit = () => requestExit(deps.records.notes, queueName, env.CAPACITY);
  const worker = createWorker({ ...withHandlers(deps), ...engine, onLost: metrics?.onLost, idleExitMs, mayExit });
  metrics?.observe({ ...deps, ready: () => worker.ready() });
  const ended = new AbortController();
  const end = (why: object, code = 0) => {
    deps.log.warn(why, "worker ends early");
    process.exitCode ??= code; // a notice is followed by SIGTERM
    return worker.stop({ graceMs: 0 }); // a container that is stopped has no time to finish a job
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => end({ signal }));
  void parentGone().then(() => end({ parent: "gone" }));
  const spot = { url: env.SPOT_METADATA_URL, signal: ended.signal };
  void watchSpotNotice(spot).then((notice) => notice && end({ notice }, TAKEN_AWAY));
  tellHealth(worker, env.WORK_DIR, ended.signal);
  deps.log.info(
    { queue: queueName, storage: deps.label, version: deps.version, ...(metrics ? { metrics: metrics.url } : {}) },
    "worker started",
  );
  await worker.run().catch((err: unknown) => end({ err }, NOT_ABLE));
  ended.abort();
  await metrics?.close();
  await deps.audit.close();
  deps.close();
}
