/** The background of a local server: a worker with the built-in engine, and the sweeper. */
import type { Env } from "@smileloop/core/env.ts";
import { recover, runSweeper } from "@smileloop/core/sweep.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import type { Deps } from "./deps.ts";
import { WARP } from "./engines.ts";

export type Work = {
  ready(): { ok: boolean; parts: Record<string, string> };
  /** Resolves when jobs under way were finished or handed back, and no process is left. */
  stop(graceMs: number): Promise<void>;
};

/** Starts processes in the background; jobs that an earlier server left are taken up again. */
export function startWork(env: Env, deps: Deps): Work {
  const startedAtMs = deps.clock.now();
  const { log } = deps;
  const worker = createWorker({
    ...deps,
    ...WARP,
    slots: env.WARP_PROCESSES,
  });
  const ended = new AbortController();
  const parts = Promise.all([
    worker.run().catch((error: unknown) => log.error({ err: error }, "worker ended")),
    recover(deps, startedAtMs).then(
      (recovered) => log.info(recovered, "jobs of an earlier server looked at"),
      (error: unknown) => log.error({ err: error }, "jobs of an earlier server not looked at"),
    ),
    runSweeper(deps, { signal: ended.signal }),
  ]);
  return {
    ready: () => {
      const ok = worker.ready();
      return { ok, parts: { engine: ok ? "ok" : "It is starting." } };
    },
    stop: async (graceMs) => {
      ended.abort();
      await worker.stop({ graceMs });
      await parts;
    },
  };
}
