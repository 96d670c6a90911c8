/** What a worker on its own is made of. */
import { join } from "node:path";
import { type Env, EnvError, readEnv } from "@smileloop/core/env.ts";
import { type Engine, engineOfQueue } from "../engines/index.ts";
import { openCloudDeps } from "./cloud.ts";
import type { Deps } from "./deps.ts";

/** From the environment. Where that is not right the process ends with 1, and a sentence for whoever started it. */
export async function openWorker(): Promise<{ env: Env; deps: Deps; engine: Engine }> {
  try {
    const env = readEnv();
    const deps = await openCloudDeps(env);
    if (!env.QUEUES.has(env.QUEUE)) throw new EnvError(`QUEUES: \`${env.QUEUE}\`, the queue to be served, is missing`);
    // a server on the same machine, or a worker of another queue, clears its own folder alone
    const workRoot = join(deps.workRoot, env.QUEUE);
    return { env, deps: { ...deps, workRoot }, engine: await engineOfQueue(env) };
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    process.stderr.write(`smileloop: ${error.message}\n`);
    process.exit(1);
  }
}
