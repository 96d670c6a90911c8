/** Records and files in S3; messages in SQS, or in this process where `QUEUES` is unset. */
import { resolve } from "node:path";
import { createAudit } from "@smileloop/core/audit/audit-log.ts";
import { storedAudit } from "@smileloop/core/audit/stored.ts";
import type { Clock } from "@smileloop/core/clock.ts";
import type { Env } from "@smileloop/core/env.ts";
import { createS3Client, s3Files } from "@smileloop/core/files/s3.ts";
import type { Log } from "@smileloop/core/log.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { createSqsClient, type SqsQueue, sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { withLanes } from "@smileloop/core/scale/lanes.ts";
import type { Home } from "./home.ts";
import { sealsOf } from "./seal-keys.ts";
import { webhooksOf } from "./webhook-keys.ts";

/** Every write costs money, and clients look every second or two at most. */
export const S3_CLAIM_TIMES = { progressMs: 4000 };

/** Sends nothing to AWS yet. */
export function openS3Home(env: Env, bucket: string, clock: Clock, log: Log): Home {
  const client = createS3Client({ region: env.AWS_REGION, endpoint: env.S3_ENDPOINT });
  const records = s3Records({ client, bucket, clock, log });
  const files = s3Files({ client, bucket, clock });
  return {
    records,
    files,
    audit: createAudit({ store: storedAudit({ files, notes: records.notes }), files, clock, log }),
    queue:
      env.QUEUES.size > 0
        ? withLanes(openQueues(env, clock), new Set(env.QUEUES.keys()), clock)
        : memoryQueue({ clock }),
    clock,
    lifeMs: env.RESULT_TTL_S * 1000,
    localLinks: null,
    seals: sealsOf(env),
    webhooks: webhooksOf(env),
    exclusive: false,
    label: `s3://${bucket}`,
    workRoot: resolve(env.WORK_DIR),
    times: S3_CLAIM_TIMES,
    close: () => client.destroy(),
  };
}

/** The queues that QUEUES names. */
export function openQueues(env: Env, clock: Clock): SqsQueue {
  const client = createSqsClient({ region: env.AWS_REGION, endpoint: env.SQS_ENDPOINT });
  return sqsQueue({ client, urls: Object.fromEntries(env.QUEUES), clock });
}
