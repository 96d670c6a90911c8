/** Opens the launcher that starts workers on demand, for queues without workers that run all the time. */
import { type Env, EnvError } from "@smileloop/core/env.ts";
import { type BatchTarget, batchLauncher, createBatchClient } from "@smileloop/core/launcher/batch.ts";
import type { Launcher } from "@smileloop/core/launcher.ts";

/** For installations whose workers run all the time. */
const NO_LAUNCHER: Launcher = {
  queues: [],
  workers: async () => [],
  start: async () => {},
  cancel: async () => {},
};

/** Sends nothing to AWS yet. Throws EnvError. */
export function openLauncher(env: Env): Launcher {
  if (env.BATCH_QUEUES.size === 0) return NO_LAUNCHER;
  const targets: Record<string, BatchTarget> = {};
  for (const [queue, [spot, onDemand]] of env.BATCH_QUEUES) {
    const jobDefinition = env.BATCH_JOB_DEFINITION.get(queue);
    if (jobDefinition === undefined)
      throw new EnvError(`BATCH_JOB_DEFINITION: the definition of \`${queue}\` is missing`);
    if (!env.QUEUES.has(queue)) throw new EnvError(`BATCH_QUEUES: QUEUES has no \`${queue}\``);
    targets[queue] = { spot, onDemand, jobDefinition };
  }
  return batchLauncher({
    client: createBatchClient({ region: env.AWS_REGION, endpoint: env.BATCH_ENDPOINT }),
    targets,
  });
}
