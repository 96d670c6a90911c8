/** The API behind its address, the sweeper and its clock, and behind their queues what sends events and the workers on Lambda. */
import { join } from "node:path";
import type { Batch } from "./gpu.ts";
import { deployed, inspecting, type LambdaWorker, PLANS, queuesOf, workersOnLambda } from "./policy/engines.ts";
import {
  apiEnvironment,
  lambdaWorkerEnvironment,
  sweepEnvironment,
  webhookEnvironment,
} from "./policy/environments.ts";
import {
  apiStatements,
  eventStatements,
  inspectStatements,
  logStatements,
  planStatements,
  type Statement,
  sweepStatements,
  trustPolicy,
  webhookStatements,
  workerStatements,
} from "./policy/roles.ts";
import { RESULT_KEYS, SECRETS, saleSecretsOf, webhookSecretsOf, workerSecretsOf } from "./policy/secrets.ts";
import type { Settings } from "./policy/settings.ts";
import {
  API,
  ARCHITECTURE,
  EVENTS_AT_ONCE,
  eventSource,
  type FunctionSpec,
  LEAST_CONCURRENCY,
  laneConcurrency,
  nameOf,
  RUNTIME,
  type Stage,
  SWEEP,
  SWEEP_SCHEDULE,
  WEBHOOKS,
  workerFunction,
} from "./policy.ts";
import { arnsOf, type Queues, urlsOf } from "./queues.ts";
import type { ResultKeys } from "./result-keys.ts";
import type { Storage } from "./storage.ts";

type Needs = {
  storage: Storage;
  queues: Queues;
  batch: Batch | null;
  domain: sst.aws.Router | null;
  resultKeys: ResultKeys;
};

/** Returns the API's address. */
export function createFunctions(stage: Stage, settings: Settings, needs: Needs) {
  const { storage, queues, batch, domain, resultKeys } = needs;
  const keys = new sst.Secret("ApiKeys");
  // a stack may have none
  const users = new sst.Secret("Users", "");
  const operators = new sst.Secret("OperatorKey", "");
  const secrets = secretValues(settings, resultKeys);
  const parts = { bucket: storage.name, queues: urlsOf(queues) };
  const withBatch = { ...parts, batch: batch?.names ?? null };
  const bucket = storage.arn;
  const { poke, ...jobQueues } = queues;
  const inspector = inspecting(deployed(settings));
  const inspects = inspector ? nameOf(stage, workerFunction(inspector).name) : null;

  const api = createFunction(stage, API, {
    environment: $resolve({
      ...{ ...withBatch, secrets },
      ...{ apiKeys: keys.value, users: users.value, operatorKey: operators.value },
    }).apply((all) => apiEnvironment({ ...all, inspects }, settings)),
    statements: $resolve({
      ...{ bucket, queues: arnsOf(queues) },
      inspects: inspects === null ? null : functionArn(inspects),
    }).apply(apiStatements),
    // it answers CORS itself, and refuses requests without a key or a token
    url: { cors: false, ...(domain ? { router: { instance: domain } } : {}) },
  });

  const sweep = createFunction(stage, SWEEP, {
    environment: $resolve({ ...withBatch, secrets }).apply((all) => sweepEnvironment(all, settings)),
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

  createSender(stage, settings, secrets, { storage, queues });
  for (const worker of workersOnLambda(deployed(settings))) {
    createWorker(stage, settings, { worker, inspects: worker === inspector, secrets }, { storage, queues });
  }
  return { url: api.url };
}

/** The secrets that engines of this stack need, by the variables that they are read from. */
function secretValues(settings: Settings, resultKeys: ResultKeys) {
  const names = [...workerSecretsOf(deployed(settings)), ...webhookSecretsOf(settings), ...saleSecretsOf(settings)];
  const create = ({ name, needed }: { name: string; needed: boolean }) =>
    (needed ? new sst.Secret(name) : new sst.Secret(name, "")).value;
  const others = names.filter((variable) => !(RESULT_KEYS as readonly string[]).includes(variable));
  const values = Object.fromEntries(others.map((variable) => [variable, create(SECRETS[variable])]));
  return $resolve({ ...values, ...resultKeys });
}

/** What sends events, where there are webhooks. */
function createSender(
  stage: Stage,
  settings: Settings,
  secrets: ReturnType<typeof secretValues>,
  { storage, queues }: Pick<Needs, "storage" | "queues">,
) {
  const events = queues[WEBHOOKS.name];
  if (!events) return;
  const parts = { bucket: storage.name, queues: urlsOf(queues), secrets };
  const sender = createFunction(stage, WEBHOOKS, {
    environment: $resolve(parts).apply((all) => webhookEnvironment(all, settings)),
    statements: $resolve({ bucket: storage.arn, queue: events.arn }).apply(webhookStatements),
  });
  feed("SentEvents", events, sender, LEAST_CONCURRENCY, EVENTS_AT_ONCE);
}

function createWorker(
  stage: Stage,
  settings: Settings,
  { worker, inspects, secrets }: { worker: LambdaWorker; inspects: boolean; secrets: ReturnType<typeof secretValues> },
  { storage, queues }: Pick<Needs, "storage" | "queues">,
) {
  const { poke: _, [WEBHOOKS.name]: events = null, ...jobQueues } = queues;
  const own = queuesOf(worker).map((name) => ({ name, queue: queues[name]! }));
  const parts = { bucket: storage.name, queues: urlsOf(queues), secrets };
  const created = createFunction(stage, workerFunction(worker), {
    environment: $resolve(parts).apply((all) => lambdaWorkerEnvironment(worker, all, settings)),
    statements: $resolve({
      bucket: storage.arn,
      queues: own.map(({ queue }) => queue.arn),
      plans: queues[PLANS.name]!.arn,
      all: arnsOf(jobQueues),
      events: events?.arn ?? null,
    }).apply(({ all, events, ...arns }) => [
      ...workerStatements(arns),
      ...eventStatements(events),
      ...(worker === PLANS ? planStatements({ bucket: arns.bucket, queues: all }) : []),
      ...(inspects ? inspectStatements(arns) : []),
    ]),
  });
  const concurrency = laneConcurrency(worker, settings);
  for (const { name, queue } of own) feed(`Messages-${name}`, queue, created, concurrency[name]!);
}

type FunctionOptions = {
  environment: $util.Output<Record<string, string>>;
  statements: $util.Output<Statement[]>;
  url?: { cors: false; router?: { instance: sst.aws.Router } };
  retries?: number;
};

/** Uses its own minimal role: SST's default could write to any log group and be assumed by any principal in the account. */
function createFunction(stage: Stage, spec: FunctionSpec, options: FunctionOptions) {
  const { bundle, handler, memoryMb, timeoutS } = spec;
  const { environment, statements, ...rest } = options;
  const name = nameOf(stage, spec.name);
  const permissions = $resolve({ statements, logGroup: logGroupArn(`/aws/lambda/${name}`) }).apply((all) => [
    ...all.statements,
    ...logStatements(all.logGroup),
  ]);
  return new sst.aws.Function(
    `${spec.name[0]!.toUpperCase()}${spec.name.slice(1)}`,
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

/** Calls a function with the messages of a queue. */
function feed(name: string, queue: aws.sqs.Queue, to: sst.aws.Function, concurrency: number, atOnce = 1) {
  new aws.lambda.EventSourceMapping(
    name,
    { eventSourceArn: queue.arn, functionName: to.name, ...eventSource(concurrency, atOnce) },
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
  return arnOf("logs", `log-group:${name}`);
}

/** By name, because the API's rights are written before there is the function. */
function functionArn(name: string) {
  return arnOf("lambda", `function:${name}`);
}

function arnOf(service: string, resource: string) {
  const { accountId } = aws.getCallerIdentityOutput();
  const { region } = aws.getRegionOutput();
  return $interpolate`arn:${aws.getPartitionOutput().partition}:${service}:${region}:${accountId}:${resource}`;
}
