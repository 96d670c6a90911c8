/** The engines: their processes, and what a worker has to know of them. */
import { fileURLToPath } from "node:url";
import { type Env, EnvError } from "@smileloop/core/env.ts";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import type { WorkerOptions } from "@smileloop/worker/worker.ts";

const HOST = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));

/**
 * Young objects of a clip are mostly large buffers: with little room for them they are freed early, which keeps the processes small
 * (some 40 MB at 1024²) and costs no time.
 */
export const NODE_FLAGS = ["--max-semi-space-size=2"];

export type Engine = Pick<
  WorkerOptions,
  "queueName" | "engineCommand" | "checkerCommand" | "helperCommand" | "slots" | "engineLimits" | "maxFailedStarts"
>;

/** A process of the engine that is built in; what is not named it does not serve. `checks`: kinds whose results it can check. */
export function nodeEngine({ kinds = "", checks = "", services = "" }): EngineCommand {
  const args = ["--kinds", kinds, "--checks", checks, "--services", services];
  return { command: process.execPath, args: [...NODE_FLAGS, HOST, ...args] };
}

/** Decides who moves and judges what was made of it, in a process of its own whatever the engine. */
export const CHECKER = nodeEngine({ checks: "animate", services: "cast" });

/** `warp` renders in one process and has its work checked in another, which serves nothing else. */
export const WARP: Engine = {
  queueName: "warp",
  engineCommand: nodeEngine({ kinds: "animate", services: "extract" }),
  checkerCommand: CHECKER,
  slots: 1,
};

/** How often in a row the engine of a worker on its own may fail to start before the worker ends. */
const FAILED_STARTS = 3;

/** The engine that serves the worker's queue. Throws EnvError for a queue that none serves, or whose engine is not all there. */
export async function engineOfQueue(
  env: Pick<Env, "QUEUE" | "WARP_PROCESSES" | "LD_LIBRARY_PATH" | "LIVEPORTRAIT_ROOT" | "LIVEPORTRAIT_PYTHON">,
): Promise<Engine> {
  const { QUEUE: queueName } = env;
  if (queueName === "warp" || queueName === "warp-long") {
    const { engineCommand, checkerCommand } = WARP;
    const libraries = env.LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH: env.LD_LIBRARY_PATH };
    const told = (command: EngineCommand) => ({ ...command, env: libraries });
    const commands = { engineCommand: told(engineCommand), checkerCommand: told(checkerCommand) };
    return { ...WARP, ...commands, queueName, slots: env.WARP_PROCESSES };
  }
  if (queueName !== "liveportrait") {
    throw new EnvError(`QUEUE: no engine serves \`${queueName}\`. Choose from: warp, warp-long, liveportrait`);
  }
  const { engine, trouble } = await (await import("./liveportrait.ts")).findLiveportrait(env);
  if (!engine) throw new EnvError(trouble ?? "LIVEPORTRAIT_ROOT: the checkout of LivePortrait is missing");
  return { ...engine, maxFailedStarts: FAILED_STARTS };
}
