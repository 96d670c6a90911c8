/** Roles as `infra/policy/roles.ts` writes them out, enforced by the S3 double and looked up for calls to SQS. */

import { lanesOf, PLANS } from "../../../infra/policy/engines.ts";
import {
  apiStatements,
  eventStatements,
  inspectStatements,
  leaveStatements,
  planStatements,
  type Statement,
  sweepStatements,
  webhookStatements,
  workerStatements,
} from "../../../infra/policy/roles.ts";
import { WEBHOOKS } from "../../../infra/policy.ts";
import type { FunctionName } from "../../../scripts/bundle.ts";
import type { Role } from "../s3-double/server.ts";

/** Bundles, and the worker for plans, which has that of the other workers on Lambda. */
export type RoleName = FunctionName | "plans";

const BUCKET = "arn:aws:s3:::smileloop";
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const OF_PLANS = queueArn(PLANS.name);
const OF_WARP = lanesOf({ name: "warp" }).map(queueArn);
const OF_EVENTS = queueArn(WEBHOOKS.name);
const QUEUES = [...OF_WARP, OF_PLANS, OF_EVENTS];
const WORKS = [
  ...workerStatements({ bucket: BUCKET, queues: OF_WARP, plans: OF_PLANS }),
  ...eventStatements(OF_EVENTS),
];

/** The function that looks at pictures. */
const INSPECTS = "arn:aws:lambda:us-east-1:000000000000:function:worker-lambda";

const STATEMENTS: Record<RoleName, Statement[]> = {
  api: apiStatements({ bucket: BUCKET, queues: QUEUES, inspects: INSPECTS }),
  sweep: sweepStatements({ bucket: BUCKET, queues: QUEUES, poke: null, batch: null }),
  webhooks: webhookStatements({ bucket: BUCKET, queue: OF_EVENTS }),
  "worker-lambda": [...WORKS, ...inspectStatements({ bucket: BUCKET })],
  worker: [...WORKS, ...leaveStatements({ bucket: BUCKET })],
  plans: [
    ...workerStatements({ bucket: BUCKET, queues: [OF_PLANS], plans: OF_PLANS }),
    ...planStatements({ bucket: BUCKET, queues: QUEUES }),
  ],
};

/** Credentials as a function has them, for a while, with what it may do to the bucket. */
export function roleOf(name: RoleName): Role {
  const own = {
    accessKeyId: `ASIA${name.toUpperCase()}`,
    secretAccessKey: `${name}-secret`,
    sessionToken: `${name}-token`,
  };
  const allows: Role["allows"] = (action, key) =>
    STATEMENTS[name].some(({ actions, resources, conditions = [] }) => {
      if (!actions.includes(action)) return false;
      if (action !== "s3:ListBucket") return resources.some((pattern) => isLike(`${BUCKET}/${key}`, pattern));
      return resources.includes(BUCKET) && conditions.every(({ values }) => values.some((value) => isLike(key, value)));
    });
  return { ...own, allows };
}

/** What of these calls, by its access key, its role does not allow: `SendMessage warp`. */
export function queueCallsRefused(
  name: RoleName,
  calls: readonly { action: string; body: Record<string, unknown>; by: string }[],
): string[] {
  const own = calls.filter(({ by }) => by === roleOf(name).accessKeyId);
  return own.flatMap(({ action, body }) => {
    const queue = String(body.QueueUrl).split("/").at(-1)!;
    // IAM knows no actions for batches: they are asked for by the name of the single one
    const asked = `sqs:${action.replace(/Batch$/, "")}`;
    const allowed = STATEMENTS[name].some(
      ({ actions, resources }) => actions.includes(asked) && resources.includes(queueArn(queue)),
    );
    return allowed ? [] : [`${action} ${queue}`];
  });
}

/** Names of the functions that it may call. */
export function callsOf(name: FunctionName): string[] {
  const statements = STATEMENTS[name].filter(({ actions }) => actions.includes("lambda:InvokeFunction"));
  return statements.flatMap(({ resources }) => resources.map((arn) => arn.slice(arn.lastIndexOf(":") + 1)));
}

/** One `*` in a pattern stands for anything. */
function isLike(text: string, pattern: string): boolean {
  const [start = "", ...more] = pattern.split("*");
  return more.length === 0 ? text === pattern : text.startsWith(start) && text.endsWith(more.at(-1) ?? "");
}
