/**
 * The engines that a stack runs. An entry here is all that the stack needs to know of an engine: its queues, workers, rights, alarms
 * and settings of the others follow from it. Besides the entry an engine needs its bundle (Lambda) or its image (Batch).
 */
import type { GpuSettings, Settings } from "./settings.ts";

type Common = {
  /** As in `functions/engines/`; also the name of its queue. */
  name: string;
  /** Kinds that it serves here. */
  kinds: readonly string[];
  /** How old the oldest message in its queue may be before the alarm goes off, s. */
  oldestS: number;
  /** Whether its second lane has an alarm, too: an account has ten of them free. */
  bulkAlarm: boolean;
  /** Secrets of the stack that the API and its workers get. */
  secrets?: readonly SecretVariable[];
};

/** Secrets of a stack by the variables that functions read them from. `needed`: a deployment without it fails. */
export const SECRETS = {
  SEAL_KEY: { name: "SealKey", needed: true },
  SYNC_API_KEY: { name: "SyncApiKey", needed: false },
} as const satisfies Record<string, { name: string; needed: boolean }>;
export type SecretVariable = keyof typeof SECRETS;

/** Settings that decide which engines a stack has. */
export type Choices = Pick<Settings, "gpu" | "syncso">;

export type FunctionLimits = { bundle: string; handler: string; memoryMb: number; timeoutS: number };

export type LambdaEngine = Common & {
  runsOn: "lambda";
  function: FunctionLimits;
  /** Whether the API calls the function to have pictures looked at; the first such engine is called. */
  inspects: boolean;
  /** Whether a stack has it; by default, every one. */
  isChosen?(settings: Choices): boolean;
  /** What its workers are told beside what all are told. */
  environment?(settings: Settings): Record<string, string>;
  /** Maximum number of jobs at a time, of both lanes together. */
  concurrency(settings: Settings): number;
};

/** Resources that one worker gets from Batch. */
export type WorkerNeeds = { gpus: number; vcpus: number; memoryMib: number };

export type BatchEngine = Common & {
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
/** Lambda is about half as fast as the machines that work is estimated for, and a job has to be downloaded and stored. */
const SPARE = { factor: 2, seconds: 60 };

/** In order of preference: jobs get the first one by default. */
export const ENGINES: readonly DeployedEngine[] = [
  {
    name: "warp",
    kinds: ["animate", "talk", "lipsync", "process_image", "process_video", "convert"],
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

/** Engines of a stack with these settings: without GPU=1 nothing runs on Batch. */
export function deployed(settings: Choices): DeployedEngine[] {
  const { gpu } = settings;
  return ENGINES.filter((engine) => {
    if (engine.runsOn === "lambda") return engine.isChosen?.(settings) ?? true;
    return gpu !== null && engine.image(gpu) !== null;
  });
}

/** The secrets that the API of a stack with these engines gets. */
export function secretsOf(engines: readonly Pick<DeployedEngine, "secrets">[]): SecretVariable[] {
  return [...new Set(engines.flatMap(({ secrets = [] }) => secrets))];
}

export function onLambda(engines: readonly DeployedEngine[]): LambdaEngine[] {
  return engines.filter((engine) => engine.runsOn === "lambda");
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

/** `kind=engine+engine,…`, as the functions read it. */
export function enginesByKind(engines: readonly DeployedEngine[]): string {
  const kinds = [...new Set(engines.flatMap((engine) => engine.kinds))];
  const serving = (kind: string) => engines.filter((engine) => engine.kinds.includes(kind)).map(({ name }) => name);
  return kinds.map((kind) => `${kind}=${serving(kind).join("+")}`).join(",");
}
