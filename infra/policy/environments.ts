/** Environment variables of functions and workers, as `core/env.ts` reads them. */
import { envSchema } from "../../packages/core/src/env.ts";
import { type BatchEngine, deployed, enginesByKind, type LambdaWorker, maxWorkS, onLambda } from "./engines.ts";
import {
  SECRETS,
  type SecretVariable,
  saleSecretsOf,
  secretsOf,
  webhookSecretsOf,
  workerSecretsOf,
} from "./secrets.ts";
import { type Settings, SettingsError } from "./settings.ts";

/** Values that exist only once the resources do. */
type Parts = {
  bucket: string;
  /** URLs by name. */
  queues: Record<string, string>;
};
/** Names of Batch queues, and of job definitions by engine. */
type BatchParts = { jobDefinitions: Record<string, string>; spot: string; onDemand: string };
type WithBatch = Parts & { batch: BatchParts | null };
type Environment = Record<string, string>;
/** By the variables that functions read them from; empty where one is not set. */
type SecretValues = Partial<Record<SecretVariable, string>>;

const pairs = (values: Record<string, string | number>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

function common({ bucket, queues }: Parts, settings: Settings): Environment {
  const limits = Object.assign({}, ...onLambda(deployed(settings)).map(maxWorkS)) as Record<string, number>;
  return {
    BUCKET: bucket,
    QUEUES: pairs(queues),
    ENGINES: enginesByKind(deployed(settings)),
    LOG_LEVEL: settings.logLevel,
    RESULT_TTL_S: String(settings.resultTtlS),
    MAX_VIDEO_LENGTH: String(settings.maxVideoSeconds),
    MAX_WORK_S: pairs(limits),
    ...(settings.fetchAllow ? { FETCH_ALLOW: settings.fetchAllow } : {}),
    ...settings.told.everywhere,
  };
}

/** The queues whose workers run on Batch: the Batch queues of each, in the order in which they are tried, and its job definition. */
function batchEnvironment({ batch }: { batch: BatchParts | null }): Environment {
  if (!batch) return {};
  const { jobDefinitions, spot, onDemand } = batch;
  const batchQueues = Object.keys(jobDefinitions).map((name) => [name, `${spot}+${onDemand}`]);
  return { BATCH_QUEUES: pairs(Object.fromEntries(batchQueues)), BATCH_JOB_DEFINITION: pairs(jobDefinitions) };
}

/**
 * `apiKeys`: `owner:sha256hex,…`, and `users`: `name:hash,…`, hashes only; no users: empty. `operatorKey` like `apiKeys`, or empty. `inspects`: the name of the function that looks
 * at pictures. `secrets`: values of the stack's secrets.
 */
export function apiEnvironment(
  parts: WithBatch & {
    apiKeys: string;
    users: string;
    operatorKey?: string;
    inspects: string | null;
    secrets: SecretValues;
  },
  settings: Settings,
): Environment {
  return {
    ...common(parts, settings),
    ...batchEnvironment(parts),
    API_KEYS: parts.apiKeys,
    ...(parts.operatorKey ? { OPERATOR_KEY: parts.operatorKey } : {}),
    ...(parts.users === "" ? {} : { USERS: parts.users }),
    ...(parts.inspects ? { INSPECT_FUNCTION: parts.inspects } : {}),
    ...(settings.anonymous ? { ANONYMOUS: "1" } : {}),
    ...(settings.corsOrigins.length > 0 ? { CORS_ORIGINS: settings.corsOrigins.join(",") } : {}),
    ...(settings.publicUrl ? { PUBLIC_URL: settings.publicUrl } : {}),
    ...settings.told.api,
    ...given(parts.secrets, [...secretsOf(deployed(settings)), ...webhookSecretsOf(settings)]),
    ...saleEnvironment(parts.secrets, settings),
  };
}

/** Of the function that sends events. */
export function webhookEnvironment(parts: Parts & { secrets: SecretValues }, settings: Settings): Environment {
  return { ...common(parts, settings), ...given(parts.secrets, webhookSecretsOf(settings)) };
}

/** Of functions that know of payments. Throws SettingsError where a key is missing. */
function saleEnvironment(secrets: SecretValues, settings: Settings): Environment {
  const names = saleSecretsOf(settings);
  for (const name of names) {
    if (!secrets[name]) throw new SettingsError(`The secret ${SECRETS[name].name} is missing, which PRICE needs.`);
  }
  return { ...settings.told.sale, ...given(secrets, names) };
}

/** Only the sweeper starts workers. */
export function sweepEnvironment(parts: WithBatch & { secrets?: SecretValues }, settings: Settings): Environment {
  const { gpu } = settings;
  return {
    ...common(parts, settings),
    ...batchEnvironment(parts),
    ...saleEnvironment(parts.secrets ?? {}, settings),
    ...(gpu ? { MAX_WORKERS: String(gpu.maxWorkers), TARGET_WAIT_S: String(gpu.targetWaitS) } : {}),
  };
}

export function lambdaWorkerEnvironment(
  worker: LambdaWorker,
  parts: Parts & { secrets: SecretValues },
  settings: Settings,
): Environment {
  return {
    ...common(parts, settings),
    QUEUE: worker.name,
    ...worker.environment?.(settings),
    ...given(voiceSecrets(parts.secrets, settings), workerSecretsOf([worker])),
  };
}

/** Without keys whose voices are not set: with these no worker would start that speaks. Throws SettingsError for a key that is missing. */
function voiceSecrets(secrets: SecretValues, { told }: Settings): SecretValues {
  const { VOICE_KEY, ELEVENLABS_API_KEY, ...others } = secrets;
  const { VOICE_URL, ELEVENLABS_VOICES } = told.everywhere;
  if (ELEVENLABS_VOICES && ELEVENLABS_API_KEY === "") {
    throw new SettingsError(
      `The secret ${SECRETS.ELEVENLABS_API_KEY.name} is missing, the key for the voices of ELEVENLABS_VOICES.`,
    );
  }
  return {
    ...others,
    ...(VOICE_URL && VOICE_KEY ? { VOICE_KEY } : {}),
    ...(ELEVENLABS_VOICES && ELEVENLABS_API_KEY ? { ELEVENLABS_API_KEY } : {}),
  };
}

/** Those of these names that are set. Throws SettingsError for one that would keep the functions from starting. */
function given(secrets: SecretValues, names: readonly SecretVariable[]): Environment {
  const values = names.flatMap((name) => (secrets[name] ? [[name, secrets[name]] as const] : []));
  for (const [name, value] of values) {
    const { error } = envSchema.shape[name].safeParse(value);
    if (error) throw new SettingsError(`The secret ${SECRETS[name].name}: ${error.issues[0]!.message}.`);
  }
  return Object.fromEntries(values);
}

/** In a container, which does not know its region. */
export function batchWorkerEnvironment(
  { name }: BatchEngine,
  parts: Parts & { region: string },
  settings: Settings,
): Environment {
  return {
    ...common(parts, settings),
    AWS_REGION: parts.region,
    QUEUE: name,
    ...(settings.gpu ? { IDLE_EXIT_S: String(settings.gpu.idleExitS) } : {}),
  };
}
