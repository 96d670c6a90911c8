/** The background of a local server: a worker for each engine that is here, and the sweeper. */
import { join } from "node:path";
import type { Env } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { recover } from "@smileloop/core/jobs/recover.ts";
import { runSweeper } from "@smileloop/core/jobs/sweep.ts";
import { createWorker, type WorkerOptions } from "@smileloop/worker/worker.ts";
import { WARP } from "../engines/index.ts";
import type { Liveportrait } from "../engines/liveportrait.ts";
import type { Deps } from "./deps.ts";

export type Work = {
  /** Whether the engine that jobs get by default can work. */
  ready(): { ok: boolean; parts: Record<string, string> };
  /** Throws `unavailable` where the worker of this queue has nothing to work with: a job would wait for nobody. */
  check(queue: string): void;
  /** Resolves when jobs under way were finished or handed back, and no process is left. */
  stop(graceMs: number): Promise<void>;
};

/** A worker that ended is started anew after so long: a card may be back. */
const ANEW_MS = 60_000;

/** Starts processes in the background; jobs that an earlier server left are taken up again. */
export function startWork(env: Env, deps: Deps, liveportrait: Liveportrait): Work {
  const { log } = deps;
  const ended = new AbortController();
  const warp = lastingWorker({ ...deps, ...WARP, slots: env.WARP_PROCESSES }, ended.signal);
  const workers = { warp, ...liveportraitWorker(deps, liveportrait, ended.signal) };
  const parts = Promise.all([
    ...Object.values(workers).map((worker) => worker.ended),
    takeUp(env, deps),
    runSweeper(deps, { signal: ended.signal }),
  ]);
  if (liveportrait.trouble) log.warn({ why: liveportrait.trouble }, "liveportrait is not used");
  const [first = "warp"] = deps.kinds.get("animate")?.engines ?? [];
  return {
    ready: () => {
      const states = Object.entries(workers).map(([name, worker]) => [name, worker.state()] as const);
      const { warp: engine = "", ...others } = Object.fromEntries(states);
      const missing = liveportrait.trouble ? { liveportrait: liveportrait.trouble } : {};
      // of workers elsewhere nothing is known here
      const ok = (Object.fromEntries(states)[first] ?? "ok") === "ok";
      return { ok, parts: { engine, ...others, ...missing } };
    },
    check: (queue) => {
      const why = Object.values(workers)
        .find((worker) => worker.queueName === queue)
        ?.trouble();
      if (why) throw new AppError("unavailable", `The engine ${queue} can't work now. ${why}`);
    },
    stop: async (graceMs) => {
      ended.abort();
      await Promise.all(Object.values(workers).map((worker) => worker.stop(graceMs)));
      await parts;
    },
  };
}

/** Jobs that an earlier server left. Messages in SQS outlive it; those that others work on are theirs. */
async function takeUp({ QUEUES }: Env, deps: Deps): Promise<void> {
  if (!deps.alone && QUEUES.size > 0) return;
  try {
    deps.log.info(await recover(deps, { alone: deps.alone }), "jobs of an earlier server looked at");
  } catch (error) {
    deps.log.error({ err: error }, "jobs of an earlier server not looked at");
  }
}

type Lasting = {
  queueName: string;
  /** `ok`, or a sentence. */
  state(): string;
  /** The sentence, where it will not do to wait. */
  trouble(): string | null;
  stop(graceMs: number): Promise<void>;
  ended: Promise<void>;
};

function liveportraitWorker(deps: Deps, { engine }: Liveportrait, signal: AbortSignal): { liveportrait?: Lasting } {
  if (!engine) return {};
  // a worker's folder is its own
  return { liveportrait: lastingWorker({ ...deps, ...engine, workRoot: join(deps.workRoot, "liveportrait") }, signal) };
}

/** A worker that is made anew after it has lost what it works with, until the signal is aborted. */
function lastingWorker(options: WorkerOptions, signal: AbortSignal): Lasting {
  const { clock, log, queueName } = options;
  let worker = createWorker(options);
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        return await worker.run();
      } catch (error) {
        log.error({ err: error, queue: queueName }, "worker ended");
        await clock.sleep(ANEW_MS, signal);
        if (!signal.aborted) worker = createWorker(options);
      }
    }
  };
  return {
    queueName,
    trouble: () => worker.trouble(),
    state: () => (worker.ready() ? "ok" : (worker.trouble() ?? "It is starting.")),
    stop: (graceMs) => worker.stop({ graceMs }),
    ended: run(),
  };
}
