/**
 * The stack as data: names, limits, schedules. No Pulumi here, so that plain tests can read it; `policy/` has the engines, what each
 * function is told, the roles, the GPU workers, and what is watched.
 */
import {
  type BatchEngine,
  type Choices,
  deployed,
  ENGINES,
  type FunctionLimits,
  type LambdaWorker,
  onBatch,
  PLANS,
  queuesOf,
  workersOnLambda,
} from "./policy/engines.ts";
import { type Settings, SettingsError } from "./policy/settings.ts";

const APP = "smileloop";

export type Stage = { stage: string };

/** Throws SettingsError for a name that would not fit into those of buckets and functions. */
export function stageOf(stage: string): Stage {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(stage)) return { stage };
  throw new SettingsError(
    `The stage \`${stage}\` is invalid: use up to 20 lowercase letters, digits and hyphens, a letter first.`,
  );
}

/** `smileloop-<stage>-<what>`: the name that people see in the console, in alarms and in logs. */
export function nameOf({ stage }: Stage, what: string): string {
  return `${APP}-${stage}-${what}`;
}

/** Tags of every resource that takes them. */
export function tagsOf({ stage }: Stage): Record<string, string> {
  return { app: APP, stage };
}

export const RUNTIME = "nodejs24.x";
/** That of the native modules in workers' bundles. */
export const ARCHITECTURE = "x86_64";

export type FunctionSpec = FunctionLimits & { name: string };

/** Answers within 10 s, and may read a photo of some 4 MB before that. */
export const API: FunctionSpec = {
  name: "api",
  bundle: "dist/api",
  handler: "functions/api.handler",
  memoryMb: 1024,
  timeoutS: 30,
};
/** Ends a sweep after 50 s by itself, and then looks whether workers are wanted. */
export const SWEEP: FunctionSpec = {
  name: "sweep",
  bundle: "dist/sweep",
  handler: "functions/sweep.handler",
  memoryMb: 512,
  timeoutS: 90,
};

/** Sends one event in at most 15 s, and hands back what is not done 15 s before its end. */
export const WEBHOOKS: FunctionSpec = {
  name: "webhooks",
  bundle: "dist/webhooks",
  handler: "functions/webhooks.handler",
  memoryMb: 256,
  timeoutS: 60,
};

/** Most of the time it waits for receivers, so that a call sends several events. */
export const EVENTS_AT_ONCE = 10;

export function workerFunction({ name, function: limits }: LambdaWorker): FunctionSpec {
  return { name, ...limits };
}

/** All of a stack. Bundles come from `npm run bundle`. None reserves concurrency: the first ten of an account would not allow it. */
export const FUNCTIONS: readonly FunctionSpec[] = [
  API,
  SWEEP,
  WEBHOOKS,
  ...workersOnLambda(ENGINES).map(workerFunction),
];

export const LOG_DAYS = 14;
export const SWEEP_SCHEDULE = "rate(1 minute)";

/** Of each queue. A message is a hint: no job is younger than its record, and none older than 12 hours. */
export const QUEUE = {
  retentionS: 24 * 60 * 60,
  /** The longest that SQS allows: people read the dead-letter queue. */
  deadLetterRetentionS: 14 * 24 * 60 * 60,
  longPollS: 20,
  /** Jobs are counted out by their records; only messages that cannot be read come back so often. */
  maxReceiveCount: 100,
} as const;

export type QueueSpec = {
  name: string;
  /** How long a received message stays hidden, s. */
  visibilityS: number;
  /** How old its oldest message may be before the alarm goes off, s; null: it has none. */
  oldestS: number | null;
};

/** How long a worker that polls hides a message at first; later it says so itself. */
const POLLED_S = 90;
/** An owner that makes many jobs at once waits for them. */
const BULK_OLDEST_S = 3 * 60 * 60;
/** By which the API tells the sweeper that workers may have to be started. */
const POKE: QueueSpec = { name: "poke", visibilityS: SWEEP.timeoutS, oldestS: 10 * 60 };

/** By which those who end a job with a webhook tell who sends the event. */
const EVENTS: QueueSpec = { name: WEBHOOKS.name, visibilityS: WEBHOOKS.timeoutS, oldestS: 30 * 60 };

/**
 * The queues of a stack: two lanes for each engine, one for plans, one for events where there are webhooks, and one for pokes where workers
 * are started.
 */
export function queueSpecs(settings: Choices): QueueSpec[] {
  const engines = deployed(settings);
  const ofWorker = (worker: LambdaWorker | BatchEngine): QueueSpec[] => {
    // SQS takes no event source whose function may run longer than its messages stay hidden; the handler sets 90 s first thing
    const visibilityS = "function" in worker ? worker.function.timeoutS : POLLED_S;
    const oldestS = [worker.oldestS, worker.bulkAlarm ? BULK_OLDEST_S : null];
    return queuesOf(worker).map((name, lane) => ({ name, visibilityS, oldestS: oldestS[lane] ?? null }));
  };
  const others = [...(settings.webhooks ? [EVENTS] : []), ...(onBatch(engines).length > 0 ? [POKE] : [])];
  return [...[...engines, PLANS].flatMap(ofWorker), ...others];
}

/** The least that AWS takes. */
export const LEAST_CONCURRENCY = 2;

/** How many jobs of each queue run on Lambda at a time: a fifth of them in the second lane, where there is one. */
export function laneConcurrency(worker: LambdaWorker, settings: Settings): Record<string, number> {
  const [fast, bulk] = queuesOf(worker);
  const total = worker.concurrency(settings);
  if (bulk === undefined) return { [fast!]: total };
  const ofBulk = Math.max(LEAST_CONCURRENCY, Math.floor(total / 5));
  return { [fast!]: total - ofBulk, [bulk]: ofBulk };
}

/** How messages reach a function, with its maximum number of calls at a time, and of messages in each. */
export function eventSource(maximumConcurrency: number, batchSize = 1) {
  return {
    batchSize,
    functionResponseTypes: ["ReportBatchItemFailures"],
    scalingConfig: { maximumConcurrency },
  };
}

/** CloudFront's managed policy `CachingDisabled`. Any other would answer one caller with what another was told: keys are not part of its cache's key. */
export const NOTHING_CACHED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/** Status codes that CloudFront keeps for 10 s even then, unless told otherwise for each: a job that was asked for too early would stay missing. */
export const ERRORS_THAT_ARE_CACHED = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/** What a page may read of a reply, besides its body. */
const EXPOSED = ["Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "x-amz-request-id"];

/**
 * What pages may do with the bucket, by signed links only. Those of these origins upload, show and save. The second rule is for
 * replies of the API that lead here (302): a browser sends such a request on with all its headers, also `X-API-Key`, and of a page
 * on another address than the API's says `Origin: null`. It opens nothing: who has the link may fetch it without a page, and
 * who has none is refused whatever CORS says.
 */
export function corsRules(origins: string[]) {
  return [
    {
      // S3 documents `AllowedOrigin` for http and https alone; where an app's own scheme may upload, every origin with a link may
      allowedOrigins: origins.every((origin) => /^https?:/.test(origin)) ? origins : ["*"],
      allowedMethods: ["PUT", "POST", "GET", "HEAD"],
      // those that links are signed over, and what a player asks for
      allowedHeaders: ["content-type", "if-none-match", "x-amz-checksum-sha256", "range", "if-range"],
      exposeHeaders: EXPOSED,
      maxAgeSeconds: 600,
    },
    {
      allowedOrigins: ["*"],
      allowedMethods: ["GET", "HEAD"],
      allowedHeaders: ["*"],
      exposeHeaders: EXPOSED,
      maxAgeSeconds: 600,
    },
  ];
}

/**
 * The net below the sweeper. S3 counts from an object's last write and rounds up to the next midnight (UTC), so that a day is
 * 24 to 48 hours, or more when S3 is late. That is never faster than the sweeper in anything that lives: an upload and a cached file live 1 h; the
 * inputs of a job 13 h (12 until its deadline, 1 for its result); a record is written for the last time when it is closed,
 * and taken away a day after that; its timer is written anew at each look.
 */
export const LIFECYCLE = {
  days: 1,
  prefixes: ["uploads/", "jobs/", "cache/", "due/", "idempotency/"],
  abortMultipartDays: 1,
} as const;

/** What a result may still be in that is paid for. */
const PAID_PREFIXES: readonly string[] = ["jobs/", "due/"];

/** As S3 takes it. `paidHours`: how long results live that are paid for, after three hours at most; 0 where none are sold. */
export function lifecycleRules(paidHours = 0) {
  const paidDays = paidHours === 0 ? 0 : Math.ceil((paidHours + 3) / 24);
  const daysOf = (prefix: string) => Math.max(LIFECYCLE.days, PAID_PREFIXES.includes(prefix) ? paidDays : 0);
  return [
    ...LIFECYCLE.prefixes.map((prefix) => ({
      id: `net-${prefix.replace("/", "")}`,
      status: "Enabled",
      filter: { prefix },
      expiration: { days: daysOf(prefix) },
    })),
    {
      id: "abort-multipart",
      status: "Enabled",
      filter: { prefix: "" },
      abortIncompleteMultipartUpload: { daysAfterInitiation: LIFECYCLE.abortMultipartDays },
    },
  ];
}
