/** Roles as `infra/policy/roles.ts` writes them out, enforced by the S3 double and looked up for calls to SQS. */

import { lanesOf } from "../../../infra/policy/engines.ts";
import {
  apiStatements,
  inspectStatements,
  leaveStatements,
  type Statement,
  sweepStatements,
  workerStatements,
} from "../../../infra/policy/roles.ts";
import type { FunctionName } from "../../../scripts/bundle.ts";
import type { Role } from "../s3-double/server.ts";

const LANES = lanesOf({ name: "warp" });

const BUCKET = "arn:aws:s3:::smileloop";
const QUEUES = LANES.map((name) => `arn:aws:sqs:us-east-1:000000000000:${name}`);

/** The function that looks at pictures. */
const INSPECTS = "arn:aws:lambda:us-east-1:000000000000:function:worker-lambda";

const STATEMENTS: Record<FunctionName, Statement[]> = {
  api: apiStatements({ bucket: BUCKET, queues: QUEUES, inspects: INSPECTS }),
  sweep: sweepStatements({ bucket: BUCKET, queues: QUEUES, poke: null, batch: null }),
  "worker-lambda": [...workerStatements({ bucket: BUCKET, queues: QUEUES }), ...inspectStatements({ bucket: BUCKET })],
  worker: [...workerStatements({ bucket: BUCKET, queues: QUEUES }), ...leaveStatements({ bucket: BUCKET })],
};

/** Credentials as a function has them, for a while, with what it may do to the bucket. */
export function roleOf(name: FunctionName): Role {
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

/** What it may ask of its queues: `SendMessage`. */
export function queueActionsOf(name: FunctionName): string[] {
  const statements = STATEMENTS[name].filter(({ resources }) => QUEUES.every((queue) => resources.includes(queue)));
  return statements.flatMap(({ actions }) => actions.map((action) => action.replace(/^sqs:/, "")));
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
