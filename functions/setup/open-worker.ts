/** The parts of a standalone worker. */
import { join } from "node:path";
import { type Env, EnvError, readEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { WorkerSetup } from "../engines/engine.ts";
import { engineOfQueue } from "../engines/index.ts";
import { openCloudDeps } from "./cloud.ts";
import type { Deps, Lists } from "./deps.ts";
import { StartError } from "./listen.ts";
import { checkMarking } from "./marking.ts";
import { placeOfWorker, type ServedMetrics, serveMetrics } from "./metrics.ts";
import { checkSigning } from "./signing.ts";
import { watchedHome } from "./watched-home.ts";

type WorkerParts = { env: Env; deps: Deps; engine: WorkerSetup; metrics: ServedMetrics | null };

/** Reads the environment. Where that is invalid the process ends with 1, and a sentence for the person who started it. */
export async function openWorker(lists: Lists = {}): Promise<WorkerParts> {
  try {
    const env = readEnv();
    const place = placeOfWorker(env);
    const deps = await openCloudDeps(env, lists);
    const engine = await engineOfQueue(env, deps.engines);
    const { queueName } = engine;
    if (!env.QUEUES.has(queueName)) throw new EnvError(`QUEUES: \`${queueName}\`, the queue to be served, is missing`);
    if (engine.source) {
      await checkMarking(deps.marking);
      await checkSigning(deps.signing);
    }
    // a worker clears its folder, so a server on the same machine or a worker of another queue must have another one
    const workRoot = join(deps.workRoot, queueName);
    const metrics = place && (await serveMetrics(deps.version, place));
    return { env, deps: { ...(metrics ? watchedHome(deps, metrics) : deps), workRoot }, engine, metrics };
  } catch (error) {
    if (!(error instanceof EnvError || error instanceof AppError || error instanceof StartError)) throw error;
    process.stderr.write(`smileloop: ${error.message}\n`);
    process.exit(1);
  }
}
