/**
 * The stack as data: names, limits, schedules, and what each function is told. No Pulumi here, so that plain tests can read
 * it; `policy/` has the roles, the GPU workers, and what is watched.
 */
import { type Settings, SettingsError } from "./policy/settings.ts";

export const APP = "smileloop";

export type Stage = { stage: string };

/** Throws SettingsError for what would not fit into the names of buckets and functions. */
export function stageOf(stage: string): Stage {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(stage)) return { stage };
  throw new SettingsError(
    `The stage \`${stage}\` has to be up to 20 small letters, digits and hyphens, a letter first.`,
  );
}

/** `smileloop-<stage>-<what>`: what people meet in the console, in alarms and in logs. */
export function nameOf({ stage }: Stage, what: string): string {
  return `${APP}-${stage}-${what}`;
}

/** On everything that takes tags. */
export function tagsOf({ stage }: Stage): Record<string, string> {
  return { app: APP, stage };
}

export const RUNTIME = "nodejs24.x";
/** That of the natives in the bundle of the warp worker. */
export const ARCHITECTURE = "x86_64";

/**
 * Bundles are written by `npm run bundle`. Nothing reserves concurrency: an account's first ten would not allow it.
 * The API answers within 10 s and may read a photo of some 4 MB before that; a sweep ends by itself after 50 s, and then looks
 * whether workers are wanted.
 */
export const FUNCTIONS = {
  api: { bundle: "dist/api", handler: "functions/api.handler", memoryMb: 1024, timeoutS: 30 },
  sweep: { bundle: "dist/sweep", handler: "functions/sweep.handler", memoryMb: 512, timeoutS: 90 },
  /** 3,008 MB is the most that a new account takes; it gives 1.7 processors. */
  warp: { bundle: "dist/worker-lambda", handler: "functions/worker-lambda.handler", memoryMb: 3008, timeoutS: 600 },
} as const;
export type FunctionName = keyof typeof FUNCTIONS;

export const LOG_DAYS = 14;
export const SWEEP_SCHEDULE = "rate(1 minute)";

/** Of each queue. A message is a hint: no job is younger than its record, and none older than 12 hours. */
export const QUEUE = {
  retentionS: 24 * 60 * 60,
  /** The dead-letter queue keeps the longest that SQS allows; it is read by people. */
  deadLetterRetentionS: 14 * 24 * 60 * 60,
  longPollS: 20,
  /** Jobs are counted out by their records; only what cannot be read comes so often. */
  maxReceiveCount: 100,
  /**
   * SQS takes no event source whose function may run longer than its messages stay hidden; the handler sets 90 s first thing.
   * Workers that poll say it themselves.
   */
  visibilityS: {
    warp: FUNCTIONS.warp.timeoutS,
    "warp-bulk": FUNCTIONS.warp.timeoutS,
    liveportrait: 90,
    "liveportrait-bulk": 90,
    poke: FUNCTIONS.sweep.timeoutS,
  },
} as const;
export type QueueName = keyof typeof QUEUE.visibilityS;

/** Each engine's queue with its second lane; by `poke` the API says that there may be work for workers to be started. */
export const WARP_QUEUES = ["warp", "warp-bulk"] as const;
export const GPU_QUEUES = ["liveportrait", "liveportrait-bulk"] as const;

export function queueNames({ gpu }: Settings): QueueName[] {
  return gpu ? [...WARP_QUEUES, ...GPU_QUEUES, "poke"] : [...WARP_QUEUES];
}

/** 2 is the least that AWS takes. */
export const LEAST_CONCURRENCY = 2;

/** How many clips of each lane are rendered on Lambda at a time: a fifth of them in the second lane. */
export function warpLanes({ warpConcurrency }: Settings): Record<(typeof WARP_QUEUES)[number], number> {
  const bulk = Math.max(LEAST_CONCURRENCY, Math.floor(warpConcurrency / 5));
  return { warp: warpConcurrency - bulk, "warp-bulk": bulk };
}

/** How messages reach a function, so many at a time. */
export function eventSource(maximumConcurrency: number) {
  return {
    batchSize: 1,
    functionResponseTypes: ["ReportBatchItemFailures"],
    scalingConfig: { maximumConcurrency },
  };
}

/** What pages of these origins may do with the bucket, by signed links only: upload, show and save. */
export function corsRules(origins: string[]) {
  return [
    {
      allowedOrigins: origins,
      allowedMethods: ["PUT", "POST", "GET", "HEAD"],
      // those that links are signed over, and what a player asks for
      allowedHeaders: ["content-type", "if-none-match", "x-amz-checksum-sha256", "range", "if-range"],
      exposeHeaders: [
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Length",
        "Content-Range",
        "ETag",
        "x-amz-request-id",
      ],
      maxAgeSeconds: 600,
    },
  ];
}

/**
 * The net below the sweeper. S3 counts from an object's last write and rounds up to the next midnight (UTC), so that a day is
 * 24 to 48 hours, or more when S3 is late. That is never faster than the sweeper in anything that lives: an upload lives 1 h; the
 * inputs of a job 13 h (12 until its deadline, 1 for its result); a record is written for the last time when it is closed,
 * and taken away a day after that; its timer is written anew at each look.
 */
export const LIFECYCLE = {
  days: 1,
  prefixes: ["uploads/", "jobs/", "due/", "idempotency/"],
  abortMultipartDays: 1,
} as const;

/** As S3 takes it. */
export function lifecycleRules() {
  const days = LIFECYCLE.days;
  return [
    ...LIFECYCLE.prefixes.map((prefix) => ({
      id: `net-${prefix.replace("/", "")}`,
      status: "Enabled",
      filter: { prefix },
      expiration: { days },
    })),
    {
      id: "abort-multipart",
      status: "Enabled",
      filter: { prefix: "" },
      abortIncompleteMultipartUpload: { daysAfterInitiation: LIFECYCLE.abortMultipartDays },
    },
  ];
}

/** What is known only once the parts are there. */
export type Parts = {
  bucket: string;
  /** URLs by name. */
  queues: Partial<Record<QueueName, string>>;
};
/** Names. */
export type BatchParts = { jobDefinition: string; spot: string; onDemand: string };
type Environment = Record<string, string>;

const pairs = (values: Record<string, string | undefined>) =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(",");

function common({ bucket, queues }: Parts, settings: Settings): Environment {
  return {
    BUCKET: bucket,
    QUEUES: pairs(queues),
    ENGINES: settings.gpu ? "animate=warp+liveportrait" : "animate=warp",
    LOG_LEVEL: settings.logLevel,
  };
}

/** The queue whose workers Batch starts: its Batch queues, in the order in which they are tried, and its workers. */
function batchEnvironment({ batch }: { batch: BatchParts | null }): Environment {
  return batch
    ? {
        BATCH_QUEUES: `liveportrait=${batch.spot}+${batch.onDemand}`,
        BATCH_JOB_DEFINITION: `liveportrait=${batch.jobDefinition}`,
      }
    : {};
}

/** `apiKeys`: `owner:sha256hex,…`, hashes only. */
export function apiEnvironment(
  parts: Parts & { batch: BatchParts | null; apiKeys: string },
  settings: Settings,
): Environment {
  return {
    ...common(parts, settings),
    ...batchEnvironment(parts),
    API_KEYS: parts.apiKeys,
    ...(settings.anonymous ? { ANONYMOUS: "1" } : {}),
    ...(settings.corsOrigins.length > 0 ? { CORS_ORIGINS: settings.corsOrigins.join(",") } : {}),
    ...(settings.publicUrl ? { PUBLIC_URL: settings.publicUrl } : {}),
  };
}

/** The sweeper alone starts workers. */
export function sweepEnvironment(parts: Parts & { batch: BatchParts | null }, settings: Settings): Environment {
  const { gpu } = settings;
  return {
    ...common(parts, settings),
    ...batchEnvironment(parts),
    ...(gpu ? { MAX_WORKERS: String(gpu.maxWorkers), TARGET_WAIT_S: String(gpu.targetWaitS) } : {}),
  };
}

export function warpEnvironment(parts: Parts, settings: Settings): Environment {
  return { ...common(parts, settings), QUEUE: "warp" };
}

/** In the container; the region is not told there. */
export function gpuEnvironment(parts: Parts & { region: string }, settings: Settings): Environment {
  return {
    ...common(parts, settings),
    AWS_REGION: parts.region,
    QUEUE: "liveportrait",
    ...(settings.gpu ? { IDLE_EXIT_S: String(settings.gpu.idleExitS) } : {}),
  };
}
