/**
 * The engines that a stack runs, and its worker for plans. An entry here is all that the stack needs to know of an engine: its queues,
 * workers, rights, alarms and settings of the others follow from it. Besides the entry an engine needs its bundle (Lambda) or its image
 * (Batch).
 */
import { PLAN_QUEUE } from "../../packages/core/src/kinds/kind.ts";
import { RESULT_KEYS, type SecretVariable, VOICE_SECRETS } from "./secrets.ts";
import type { GpuSettings, Settings } from "./settings.ts";

type Common = {
  /** As in `functions/engines/`; also the name of its queue. */
  name: string;
  /** How old the oldest message in its queue may be before the alarm goes off, s. */
  oldestS: number;
  /** Whether its second lane has an alarm, too: an account has ten of them free. */
  bulkAlarm: boolean;
  /** Secrets of the stack that the API and its workers get. */
  secrets?: readonly SecretVariable[];
  /** Secrets that its workers alone get. */
  ownSecrets?: readonly SecretVariable[];
};

type Serving = {
  /** Kinds that it serves here. */
  kinds: readonly string[];
};

/** Settings that decide which engines a stack has. */
export type Choices = Pick<Settings, "gpu" | "syncso" | "webhooks">;

export type FunctionLimits = {
  bundle: string;
  handler: string;
  memoryMb: number;
  timeoutS: number;
};

/** A function that takes jobs from its queues. */
export type LambdaWorker = Common & {
  function: FunctionLimits;
  /** Whether it has one queue alone, without a second lane. */
  oneLane?: true;
  /** What it is told beside what all workers are told. */
  environment?(settings: Settings): Record<string, string>;
  /** Maximum number of jobs at a time, of all its queues together. */
  concurrency(settings: Settings): number;
};

export type LambdaEngine = LambdaWorker &
  Serving & {
    runsOn: "lambda";
    /** Whether the API calls the function to have pictures looked at; the first such engine is called. */
    inspects: boolean;
    /** Whether a stack has it; by default, every one. */
    isChosen?(settings: Choices): boolean;
  };

/** Resources that one worker gets from Batch. */
export type WorkerNeeds = { gpus: number; vcpus: number; memoryMib: number };

export type BatchEngine = Common &
  Serving & {
    runsOn: "batch";
    /** Names its resources in the stack, and its role. A change replaces them. */
    id: string;
    /** Null: a stack with these settings does not have it. */
    image(gpu: GpuSettings): string | null;
    needs: WorkerNeeds;
  };

export type DeployedEngine = LambdaEngine | BatchEngine;

/** The most that Lambda has: a speech of five minutes takes it. */
const WARP_TIMEOUT_S = 900;
/** A video of five minutes is made ready, and the result encoded again. */
const SYNCSO_TIMEOUT_S = 900;
/** The longest text that is said at once, twice. */
const NARRATOR_TIMEOUT_S = 420;
/** An archive of thousands of videos is copied together; it is the most that Lambda has. */
const PLANS_TIMEOUT_S = 900;
/** Lambda is about half as fast as the machines that work is estimated for, and a job has to be downloaded and stored. */
const SPARE = { factor: 2, seconds: 60 };

/** In order of preference: jobs get the first one by default. */
export const ENGINES: readonly DeployedEngine[] = [
  {
    name: "warp",
    kinds: ["animate", "previews", "talk", "lipsync", "process_image", "process_video", "convert", "survey", "insert"],
    runsOn: "lambda",
    function: {
      bundle: "dist/worker-lambda",
      handler: "functions/worker-lambda.handler",
      // the most that a new account may have; it comes with 1.7 processors
      memoryMb: 3008,
      timeoutS: WARP_TIMEOUT_S,
    },
    inspects: true,
    // keys of clients for voices elsewhere
    secrets: ["SEAL_KEY"],
    ownSecrets: [...VOICE_SECRETS, ...RESULT_KEYS],
    concurrency: ({ warpConcurrency }) => warpConcurrency,
    // the longest clip and a half
    oldestS: WARP_TIMEOUT_S * 1.5,
    bulkAlarm: true,
  },
  {
    name: "narrator",
    kinds: ["speak"],
    runsOn: "lambda",
    function: {
      bundle: "dist/worker-lambda",
      handler: "functions/worker-lambda.handler",
      // a whole processor; the voices need some 300 MB
      memoryMb: 1769,
      timeoutS: NARRATOR_TIMEOUT_S,
    },
    inspects: false,
    ownSecrets: [...VOICE_SECRETS, ...RESULT_KEYS],
    // the least that AWS takes for two lanes
    concurrency: () => 4,
    // the longest text and a half
    oldestS: NARRATOR_TIMEOUT_S * 1.5,
    bulkAlarm: false,
  },
  {
    name: "liveportrait",
    kinds: ["animate", "talk"],
    runsOn: "batch",
    id: "gpu",
    image: ({ image }) => image,
    // machines with 16 GiB leave some 14 GiB to containers
    needs: { gpus: 1, vcpus: 4, memoryMib: 14_000 },
    // a cold start and half an hour of work
    oldestS: 40 * 60,
    bulkAlarm: true,
  },
  {
    name: "syncso",
    kinds: ["lipsync"],
    runsOn: "lambda",
    function: {
      bundle: "dist/worker-lambda",
      handler: "functions/worker-lambda.handler",
      memoryMb: 3008,
      timeoutS: SYNCSO_TIMEOUT_S,
    },
    inspects: false,
    isChosen: ({ syncso }) => syncso !== null,
    environment: ({ syncso }) => ({ SYNC_API_URL: syncso!.url }),
    secrets: ["SEAL_KEY", "SYNC_API_KEY"],
    ownSecrets: [...VOICE_SECRETS, ...RESULT_KEYS],
    // no worker is held while Sync.so works
    concurrency: () => 4,
    oldestS: SYNCSO_TIMEOUT_S * 1.5,
    bulkAlarm: false,
  },
  {
    name: "facefusion",
    kinds: ["process_image", "process_video"],
    runsOn: "batch",
    id: "facefusion",
    image: ({ facefusionImage }) => facefusionImage,
    needs: { gpus: 1, vcpus: 4, memoryMib: 14_000 },
    // a cold start and half an hour of work
    oldestS: 40 * 60,
    bulkAlarm: false,
  },
];

/** The worker for plans, whose work the engines' workers do. Its steps create jobs, and make archives of what those have made. */
export const PLANS: LambdaWorker = {
  name: PLAN_QUEUE,
  function: {
    bundle: "dist/worker-lambda",
    handler: "functions/worker-lambda.handler",
    // a whole processor: an archive is hashed as it is copied
    memoryMb: 1769,
    timeoutS: PLANS_TIMEOUT_S,
  },
  oneLane: true,
  // there is one where an engine takes secrets
  secrets: ["SEAL_KEY"],
  // the least that AWS takes for a queue
  concurrency: () => 2,
  // the longest archive and a half
  oldestS: PLANS_TIMEOUT_S * 1.5,
  bulkAlarm: false,
};

/** Engines of a stack with these settings: without GPU=1 nothing runs on Batch. */
export function deployed(settings: Choices): DeployedEngine[] {
  const { gpu } = settings;
  return ENGINES.filter((engine) => {
    if (engine.runsOn === "lambda") return engine.isChosen?.(settings) ?? true;
    return gpu !== null && engine.image(gpu) !== null;
  });
}

export function onLambda(engines: readonly DeployedEngine[]): LambdaEngine[] {
  return engines.filter((engine) => engine.runsOn === "lambda");
}

/** Every function of a stack that takes jobs. */
export function workersOnLambda(engines: readonly DeployedEngine[]): LambdaWorker[] {
  return [...onLambda(engines), PLANS];
}

export function onBatch(engines: readonly DeployedEngine[]): BatchEngine[] {
  return engines.filter((engine) => engine.runsOn === "batch");
}

/** How much work may be expected of a job in each of the engine's queues, s; what is more is refused. */
export function maxWorkS(engine: LambdaEngine): Record<string, number> {
  const seconds = Math.floor((engine.function.timeoutS - SPARE.seconds) / SPARE.factor);
  return { [engine.name]: seconds };
}

/** The engine whose function looks at pictures. */
export function inspecting(engines: readonly DeployedEngine[]): LambdaEngine | undefined {
  return onLambda(engines).find(({ inspects }) => inspects);
}

/** An engine's queue, and its second lane for owners that make many jobs at once. */
export function lanesOf({ name }: Pick<DeployedEngine, "name">): [fast: string, bulk: string] {
  return [name, `${name}-bulk`];
}

/** The queues that a worker takes jobs from. */
export function queuesOf(worker: Pick<LambdaWorker, "name" | "oneLane">): string[] {
  return worker.oneLane ? [worker.name] : lanesOf(worker);
}

/** `kind=engine+engine,…`, as the functions read it. */
export function enginesByKind(engines: readonly DeployedEngine[]): string {
  const kinds = [...new Set(engines.flatMap((engine) => engine.kinds))];
  const serving = (kind: string) => engines.filter((engine) => engine.kinds.includes(kind)).map(({ name }) => name);
  return kinds.map((kind) => `${kind}=${serving(kind).join("+")}`).join(",");
}
