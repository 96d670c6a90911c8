/** The engines of this repository, in one list. Everything that depends on the set of engines takes it from here, or is given another list. */
import { type Env, EnvError, readEnv } from "@smileloop/core/env.ts";
import { PLAN_QUEUE } from "@smileloop/core/kinds/kind.ts";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import type { Engine, EngineSetup, Finding, WorkerSetup } from "./engine.ts";
import { facefusion } from "./facefusion.ts";
import { liveportrait } from "./liveportrait.ts";
import { narrator } from "./narrator.ts";
import { syncso } from "./syncso.ts";
import { warp } from "./warp.ts";

/** A worker for plans has no engine: other jobs do the work of a plan, so that its steps are short. */
export const PLAN_WORKER: WorkerSetup = { queueName: PLAN_QUEUE, slots: 2 };

/** In order of preference: where `ENGINES` says nothing, jobs get the first one that is here. */
export const ENGINES: readonly Engine[] = [warp, liveportrait, narrator, syncso, facefusion];

/** Maximum number of failed starts in a row of a standalone worker's engine before the worker ends. */
const FAILED_STARTS = 3;
/** Assumed work per job, seconds, of queues that no engine of the list serves. */
const OTHER_MEAN_SECONDS = 10;

/** The engine that every installation has. Throws where the list has none. */
export function builtInEngine(engines: readonly Engine[] = ENGINES): Engine {
  const found = engines.find(({ builtIn }) => builtIn);
  if (!found) throw new Error("None of the engines is built in.");
  return found;
}

type BuiltIn = EngineSetup & { engineCommand: EngineCommand };

/** Its processes, for programs that take no settings from the environment. */
export async function builtInSetup(engines: readonly Engine[] = ENGINES): Promise<BuiltIn> {
  const { engine, trouble } = await builtInEngine(engines).find(readEnv({}));
  if (!engine?.engineCommand) throw new Error(trouble ?? "The built-in engine is missing.");
  return { ...engine, engineCommand: engine.engineCommand };
}

/** The engine that runs a kind in a command: the built-in one where it can. Throws EnvError where it is missing or broken. */
export async function setupFor(
  kind: string,
  env: Env,
  engines: readonly Engine[] = ENGINES,
): Promise<{ name: string; setup: EngineSetup }> {
  const able = engines.filter(({ kinds }) => kinds.includes(kind));
  const chosen = able.find(({ builtIn }) => builtIn) ?? able[0];
  if (!chosen) throw new Error(`None of the engines runs ${kind}.`);
  const { engine, trouble } = await chosen.find(env);
  if (!engine) throw new EnvError(trouble ?? `The engine ${chosen.name} is not set up here.`);
  return { name: chosen.name, setup: engine };
}

/** Looks for all of them; findings by the engine's name. */
export async function findEngines(
  env: Env,
  engines: readonly Engine[] = ENGINES,
): Promise<ReadonlyMap<string, Finding>> {
  return new Map(await Promise.all(engines.map(async (engine) => [engine.name, await engine.find(env)] as const)));
}

/**
 * What a standalone worker of `QUEUE` runs; by default, the built-in engine's queue. Throws EnvError for a queue that no engine
 * serves, or whose engine is missing or broken.
 */
export async function engineOfQueue(env: Env, engines: readonly Engine[] = ENGINES): Promise<WorkerSetup> {
  const queueName = env.QUEUE ?? builtInEngine(engines).queues[0];
  if (queueName === PLAN_QUEUE) return PLAN_WORKER;
  const serves = engines.find(({ queues }) => queues.includes(queueName));
  if (!serves) {
    const names = [...engines.flatMap(({ queues }) => queues), PLAN_QUEUE].join(", ");
    throw new EnvError(`QUEUE: no engine serves \`${queueName}\`. Choose from: ${names}`);
  }
  const { engine, trouble } = await serves.find(env);
  if (!engine) throw new EnvError(trouble ?? serves.unset ?? `QUEUE: the engine ${serves.name} is not set up here`);
  return { ...engine, queueName, ...(serves.builtIn ? {} : { maxFailedStarts: FAILED_STARTS }) };
}

/** Seconds of work per job of a queue, on a warm worker. */
export function meanSecondsOf(queue: string, engines: readonly Engine[] = ENGINES): number {
  const mean = engines.find(({ queues }) => queues.includes(queue))?.meanSeconds ?? OTHER_MEAN_SECONDS;
  return typeof mean === "number" ? mean : (mean[queue] ?? OTHER_MEAN_SECONDS);
}
