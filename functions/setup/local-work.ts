/** The background of a local server: a worker for each engine that is here, the sweeper, and the deliverer of events. */
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { EngineState } from "@smileloop/api/operator/observed.ts";
import type { Env } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { recover } from "@smileloop/core/jobs/recover.ts";
import { runSweeper } from "@smileloop/core/jobs/sweep.ts";
import { PLAN_QUEUE } from "@smileloop/core/kinds/kind.ts";
import { upkeep } from "@smileloop/core/upkeep.ts";
import { runDeliverer } from "@smileloop/core/webhooks/deliver.ts";
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import type { Marker } from "@smileloop/worker/marking/marker.ts";
import type { Signer } from "@smileloop/worker/signing/signer.ts";
import { createWorker, type WorkerLook, type WorkerOptions } from "@smileloop/worker/worker.ts";
import type { Finding } from "../engines/engine.ts";
import { builtInEngine, PLAN_WORKER } from "../engines/index.ts";
import { deliverDeps } from "./deliver-deps.ts";
import type { Deps } from "./deps.ts";
import { withHandlers } from "./handlers.ts";

export type Work = {
  /** Whether the default engines can work. */
  ready(): { ok: boolean; parts: Record<string, string> };
  /** How each engine that works here is doing. */
  engines(): Promise<EngineState[]>;
  /** Throws `unavailable` where the worker of this queue cannot work, so that a job would wait in vain. */
  check(queue: string): void;
  /** Resolves when jobs in progress were finished or handed back, and no process is left. */
  stop(graceMs: number): Promise<void>;
};

/** `onLost`: told of engine processes that were lost. */
type WorkDeps = Deps & Pick<WorkerOptions, "onLost">;

/** How long after its end a worker is restarted: the graphics card may be back. */
const RESTART_MS = 60_000;

/** Starts a worker for each engine that was found; jobs that an earlier server left are taken up again. */
export function startWork(env: Env, deps: WorkDeps, findings: ReadonlyMap<string, Finding>): Work {
  const ended = new AbortController();
  const builtIn = builtInEngine(deps.engines).name;
  const workers = startWorkers(withHandlers(deps), findings, builtIn, ended.signal);
  const troubles = [...findings].flatMap(([name, { trouble }]) => (trouble === null ? [] : [[name, trouble] as const]));
  for (const [name, why] of troubles) deps.log.warn({ why }, `${name} is not used`);
  const parts = Promise.all([
    ...[...workers.values()].map((worker) => worker.ended),
    takeUp(env, deps),
    runSweeper({ ...deps, upkeep: () => upkeep(deps) }, { signal: ended.signal }),
    ...("signing" in deps.webhooks ? [runDeliverer(deliverDeps(deps), { signal: ended.signal })] : []),
  ]);
  return {
    ready: () => {
      const states = new Map([...workers].map(([name, worker]) => [name, worker.state()]));
      // this server does not know of workers elsewhere
      const works = (name: string | undefined) => ["ok", undefined].includes(states.get(name ?? ""));
      const ok = [...deps.kinds.values()].every((kind) => works(kind.engines[0]));
      const named = ([name, state]: readonly [string, string]) => [name === builtIn ? "engine" : name, state];
      return { ok, parts: Object.fromEntries([...states, ...troubles].map(named)) };
    },
    engines: () =>
      Promise.all(
        [...workers].map(async ([name, worker]) => {
          const { memoryBytes, ...look } = await worker.look();
          return { name, queue: worker.queueName, state: worker.state(), ...look, memory_bytes: memoryBytes };
        }),
      ),
    check: (queue) => {
      const [name, worker] = [...workers].find((entry) => entry[1].queueName === queue) ?? [];
      const why = worker?.trouble();
      if (why) throw new AppError("unavailable", `The engine ${name} can't work now. ${why}`);
    },
    stop: async (graceMs) => {
      ended.abort();
      await Promise.all([...workers.values()].map((worker) => worker.stop(graceMs)));
      await parts;
      // those that are not empty belong to somebody who is still at work
      await Promise.all([...workers.keys()].map((name) => rmdir(join(deps.workRoot, name)).catch(() => {})));
    },
  };
}

/** Workers by the name of their engine, and one for plans where there are such kinds. Each has its own work folder, which it clears when it starts. */
function startWorkers(
  deps: WorkDeps & { handlers: Handlers; signer: Signer; marker: Marker },
  findings: ReadonlyMap<string, Finding>,
  builtIn: string,
  signal: AbortSignal,
): ReadonlyMap<string, Lasting> {
  const workers = new Map<string, Lasting>();
  for (const [name, { engine }] of findings) {
    const workRoot = name === builtIn ? deps.workRoot : join(deps.workRoot, name);
    if (engine) workers.set(name, lastingWorker({ ...deps, ...engine, workRoot }, signal));
  }
  if ([...deps.kinds.values()].some(({ queues }) => queues.includes(PLAN_QUEUE))) {
    const workRoot = join(deps.workRoot, PLAN_QUEUE);
    workers.set(PLAN_QUEUE, lastingWorker({ ...deps, ...PLAN_WORKER, workRoot }, signal));
  }
  return workers;
}

/** Takes up jobs that an earlier server left. Messages in SQS outlive the server, and jobs that others hold are left to them. */
async function takeUp({ QUEUES }: Env, deps: Deps): Promise<void> {
  if (!deps.exclusive && QUEUES.size > 0) return;
  try {
    deps.log.info(await recover(deps, { exclusive: deps.exclusive }), "jobs of an earlier server looked at");
  } catch (error) {
    deps.log.error({ err: error }, "jobs of an earlier server not looked at");
  }
}

type Lasting = {
  queueName: string;
  /** `ok`, or a sentence. */
  state(): string;
  /** Why it cannot work, where waiting does not help. */
  trouble(): string | null;
  look(): Promise<WorkerLook>;
  stop(graceMs: number): Promise<void>;
  ended: Promise<void>;
};

/** A worker that is replaced when it ends because its engine is lost, until the signal is aborted. */
function lastingWorker(options: WorkerOptions, signal: AbortSignal): Lasting {
  const { clock, log, queueName } = options;
  let worker = createWorker(options);
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        return await worker.run();
      } catch (error) {
        log.error({ err: error, queue: queueName }, "worker ended");
        await clock.sleep(RESTART_MS, signal);
        if (!signal.aborted) worker = createWorker(options);
      }
    }
  };
  return {
    queueName,
    trouble: () => worker.trouble(),
    look: () => worker.look(),
    state: () => (worker.ready() ? "ok" : (worker.trouble() ?? "It is starting.")),
    stop: (graceMs) => worker.stop({ graceMs }),
    ended: run(),
  };
}
