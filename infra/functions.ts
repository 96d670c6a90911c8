/** The API behind its address, the sweeper and its clock, and the warp worker behind its queue. */
import { join } from "node:path";
import type { Batch } from "./gpu.ts";
import {
  apiStatements,
  logStatements,
  type Statement,
  sweepStatements,
  trustPolicy,
  workerStatements,
} from "./policy/roles.ts";
import type { Settings } from "./policy/settings.ts";
import {
  ARCHITECTURE,
  apiEnvironment,
  eventSource,
  FUNCTIONS,
  type FunctionName,
  LEAST_CONCURRENCY,
  nameOf,
  RUNTIME,
  type Stage,
  SWEEP_SCHEDULE,
  sweepEnvironment,
  WARP_QUEUES,
  warpEnvironment,
  warpLanes,
} from "./policy.ts";
import { arnsOf, type Queues, urlsOf } from "./queues.ts";
import type { Storage } from "./storage.ts";

type Needs = { storage: Storage; queues: Queues; batch: Batch | null };

/** Answers the API's address. */
export function createFunctions(stage: Stage, settings: Settings, { storage, queues, batch }: Needs) {
  const keys = new sst.Secret("ApiKeys");
  const parts = { bucket: storage.name, queues: urlsOf(queues) };
  const withBatch = { ...parts, batch: batch?.names ?? null };
  const bucket = storage.arn;
  const { poke, ...jobQueues } = queues;

  const api = createFunction(stage, "api", {
    environment: $resolve({ ...withBatch, apiKeys: keys.value }).apply((all) => apiEnvironment(all, settings)),
    statements: $resolve({ bucket, queues: arnsOf(queues) }).apply(apiStatements),
    // it answers CORS itself, and lets nobody in without a key or a token
    url: { cors: false },
  });

  const sweep = createFunction(stage, "sweep", {
    environment: $resolve(withBatch).apply((all) => sweepEnvironment(all, settings)),
    statements: $resolve({
      ...{ bucket, queues: arnsOf(jobQueues) },
      poke: poke?.arn ?? null,
      batch: batch?.arns ?? null,
    }).apply(sweepStatements),
    // the next minute tries again
    retries: 0,
  });
  callEachMinute(stage, sweep);
  if (poke) feed("SweepPokes", poke, sweep, LEAST_CONCURRENCY);

  const lanes = WARP_QUEUES.map((name) => ({ name, queue: queues[name]! }));
  const warp = createFunction(stage, "warp", {
    environment: $resolve(parts).apply((all) => warpEnvironment(all, settings)),
    statements: $resolve({ bucket, queues: lanes.map(({ queue }) => queue.arn) }).apply(workerStatements),
  });
  for (const { name, queue } of lanes) feed(`Messages-${name}`, queue, warp, warpLanes(settings)[name]);
  return { url: api.url };
}

type FunctionOptions = {
  environment: $util.Output<Record<string, string>>;
  statements: $util.Output<Statement[]>;
  url?: { cors: false };
  retries?: number;
};

/** With rights of its own alone: SST's would let it write to any log, and whoever may take any role of the account be it. */
function createFunction(stage: Stage, which: FunctionName, options: FunctionOptions) {
  const { bundle, handler, memoryMb, timeoutS } = FUNCTIONS[which];
  const { environment, statements, ...rest } = options;
  const name = nameOf(stage, which);
  const permissions = $resolve({ statements, logGroup: logGroupArn(`/aws/lambda/${name}`) }).apply((all) => [
    ...all.statements,
    ...logStatements(all.logGroup),
  ]);
  return new sst.aws.Function(
    `${which[0]!.toUpperCase()}${which.slice(1)}`,
    {
      name,
      bundle: join($cli.paths.root, bundle),
      handler,
      runtime: RUNTIME,
      architecture: ARCHITECTURE,
      memory: `${memoryMb} MB`,
      timeout: `${timeoutS} seconds`,
      environment,
      permissions,
      logging: { retention: "2 weeks" },
      transform: {
        role: (role: aws.iam.RoleArgs) => {
          role.managedPolicyArns = [];
          if (!$dev) role.assumeRolePolicy = trustPolicy("lambda.amazonaws.com");
        },
      },
      ...rest,
    },
    {},
  );
}

/** Has a function called with the messages of a queue. */
function feed(name: string, queue: aws.sqs.Queue, to: sst.aws.Function, concurrency: number) {
  new aws.lambda.EventSourceMapping(
    name,
    { eventSourceArn: queue.arn, functionName: to.name, ...eventSource(concurrency) },
    // AWS looks whether the role may receive
    { dependsOn: to.nodes.role },
  );
}

function callEachMinute(stage: Stage, sweep: sst.aws.Function) {
  const rule = new aws.cloudwatch.EventRule("SweepClock", {
    name: nameOf(stage, "sweep"),
    scheduleExpression: SWEEP_SCHEDULE,
  });
  new aws.cloudwatch.EventTarget("SweepCall", { rule: rule.name, arn: sweep.arn });
  new aws.lambda.Permission("SweepMayBeCalled", {
    action: "lambda:InvokeFunction",
    function: sweep.name,
    principal: "events.amazonaws.com",
    sourceArn: rule.arn,
  });
}

function logGroupArn(name: string) {
  const { accountId } = aws.getCallerIdentityOutput();
  const { region } = aws.getRegionOutput();
  return $interpolate`arn:${aws.getPartitionOutput().partition}:logs:${region}:${accountId}:log-group:${name}`;
}
