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

/** `named`: the one that was asked for. */
type Asked = { kind: string; named?: string | undefined };

/**
 * The engines that may run a kind in a command, by name, the default first: those of `ENGINES`, the built-in one or, where that cannot, the
 * first that can, and the one that was asked for if it is here. Others are not looked for. Throws EnvError where one of them is broken,
 * or missing although it was not asked for alone.
 */
export async function setupsFor(
  { kind, named }: Asked,
  env: Env,
  engines: readonly Engine[] = ENGINES,
): Promise<ReadonlyMap<string, Finding & { engine: EngineSetup }>> {
  const able = engines.filter(({ kinds }) => kinds.includes(kind));
  const preferred = (env.ENGINES.get(kind) ?? []).map((name) => requireAble(name, kind, able));
  const usual = able.find(({ builtIn }) => builtIn) ?? able[0];
  if (!usual) throw new Error(`None of the engines runs ${kind}.`);
  const asked = able.filter(({ name }) => name === named);
  const setups = new Map<string, Finding & { engine: EngineSetup }>();
  for (const each of new Set([...preferred, usual, ...asked])) {
    const { engine, trouble, ...finding } = await each.find(env);
    if (engine) setups.set(each.name, { engine, trouble, ...finding });
    else if (trouble !== null) throw new EnvError(trouble);
    else if (!asked.includes(each) || preferred.includes(each) || each === usual) {
      throw new EnvError(each.unset ?? `The engine ${each.name} is not set up here.`);
    }
  }
  return setups;
}

/** Throws EnvError for a name in `ENGINES` that does not fit. */
function requireAble(name: string, kind: string, able: readonly Engine[]): Engine {
  const found = able.find((engine) => engine.name === name);
  if (found) return found;
  const names = able.map((engine) => engine.name).join(", ");
  throw new EnvError(`ENGINES: no engine \`${name}\` runs \`${kind}\`. Choose from: ${names}`);
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
