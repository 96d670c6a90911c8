/** The sweeper on Lambda: called every minute, and by the API's messages when workers may have to be started. */
import { readEnv } from "@smileloop/core/env.ts";
import { sweepAlone } from "@smileloop/core/jobs/sweep.ts";
import { scaleOnce } from "@smileloop/core/scale/scale.ts";
import { upkeep } from "@smileloop/core/upkeep.ts";
import { meanSecondsOf } from "./engines/index.ts";
import { openCloudDeps } from "./setup/cloud.ts";
import { openLauncher } from "./setup/launch.ts";
import { withPayments } from "./setup/payments.ts";
import type { QueueEvent, QueueEventReply } from "./setup/queue-event.ts";

const env = readEnv();
const deps = await withPayments(env, await openCloudDeps(env));
const launcher = openLauncher(env);
const limits = { maxWorkers: env.MAX_WORKERS, targetWaitSeconds: env.TARGET_WAIT_S, meanSecondsOf };

export const handler = async ({ Records: pokes = [] }: Partial<QueueEvent>): Promise<QueueEventReply> => {
  const scaled = await scaleOnce({ ...deps, notes: deps.records.notes, launcher }, limits);
  if (launcher.queues.length > 0) deps.log.info(scaled ?? {}, scaled ? "scaled" : "scaled by another");
  if (pokes.length === 0) {
    const swept = await sweepAlone({ ...deps, upkeep: () => upkeep(deps) }, { forgetKeys: false });
    deps.log.info(swept ?? {}, swept ? "swept" : "swept by another");
  }
  // a message that came while another sweeper was at it comes again
  return { batchItemFailures: scaled ? [] : pokes.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};
