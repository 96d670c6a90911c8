/** Settings of a deployment, from environment variables or the file `.env.<stage>` that SST reads. */
import type { ZodType } from "zod";
import { origins, publicAddress } from "../../packages/core/src/env/values.ts";
import { envSchema } from "../../packages/core/src/env.ts";
import { MAX_VIDEO_SECONDS } from "../../packages/core/src/media/limits.ts";

export type Settings = {
  /** Origins of pages and apps that may call the API and upload: `https://example.org`, `capacitor://localhost`. */
  corsOrigins: string[];
  /** Address that clients see, if it is not the function's own. */
  publicUrl: string | null;
  /** Domain that the stack itself sets up on CloudFront. `certificate`: null where Route 53 has the domain's zone. */
  domain: { name: string; certificate: string | null } | null;
  /** Whether browsers may use the API with a random token that they made up. */
  anonymous: boolean;
  /** Private hosts that inputs may be fetched from, as FETCH_ALLOW has them. */
  fetchAllow: string | null;
  /** Where alarms and budget notifications go. */
  alarmEmail: string | null;
  /** Monthly budget of the whole account, in dollars. */
  budgetUsd: number;
  /** Maximum number of clips rendered on Lambda at a time. */
  warpConcurrency: number;
  logLevel: string;
  /** How long results and uploads live, seconds. */
  resultTtlS: number;
  /** How long a talking video may be, seconds. */
  maxVideoSeconds: number;
  /** Variables that functions read as the operator has set them. */
  told: { everywhere: Record<string, string>; api: Record<string, string>; sale: Record<string, string> };
  /** Whether jobs report their end to webhooks. */
  webhooks: boolean;
  /** Null: no lip sync by Sync.so. `url`: its API, or a server that speaks as it does. */
  syncso: { url: string } | null;
  /** Null: no GPU workers, and no quota for them is needed. */
  gpu: GpuSettings | null;
};

/** Voices elsewhere. Their keys are secrets of the stack. */
const VOICES = [
  ...(["VOICE_URL", "VOICE_NAMES", "VOICE_MODEL", "VOICE_DEFAULT", "VOICE_FALLBACK"] as const),
  ...(["ELEVENLABS_VOICES", "ELEVENLABS_MODEL", "ELEVENLABS_URL"] as const),
] as const;

/** What functions are told by the same name: all of them, the API, and those that know of payments. */
const TOLD = {
  everywhere: ["CONTENT_CHECK", "CONTENT_ALLOW", ...VOICES],
  api: ["ATTEST", "FACEFUSION_ATTEST", "REQUIRE_CONSENT", "FACEFUSION_MAX_MB", "RATE_LIMIT", "MAX_WAITING_JOBS"],
  sale: ["PRICE", "PRICE_EXEMPT", "PRICE_PRODUCT", "PAID_LIFE_H"],
} as const;

export type GpuSettings = {
  /** Container image of LivePortrait's worker, in ECR or GHCR, by digest or by a tag that never moves; null: it is not used. */
  image: string | null;
  /** The same of FaceFusion's worker, which the operator has built. */
  facefusionImage: string | null;
  maxWorkers: number;
  /** Target queue time, seconds: how long a job may wait before another worker is started. */
  targetWaitS: number;
  /** Seconds without work after which a worker ends. */
  idleExitS: number;
};

/** A setting is invalid; `message` names it. */
export class SettingsError extends Error {}

/** Where Lambda has no Function URLs (its developer guide, "Creating and managing Lambda function URLs"). */
export const WITHOUT_FUNCTION_URLS = [
  ...["ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"],
  ...["ca-west-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1"],
];

/** The region to deploy to. Throws SettingsError for one that the API could have no address in: AWS would say so late. */
export function regionOf({ AWS_REGION }: Record<string, string | undefined>): string {
  const region = AWS_REGION?.trim() || "us-east-1";
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    throw new SettingsError(`AWS_REGION: \`${region}\` is not the name of a region, such as us-east-1.`);
  }
  if (!WITHOUT_FUNCTION_URLS.includes(region)) return region;
  throw new SettingsError(
    `AWS_REGION: \`${region}\` has no Lambda Function URLs, which the API needs for its address. Choose any region but ${WITHOUT_FUNCTION_URLS.join(", ")}.`,
  );
}

export const SETTINGS = [
  "CORS_ORIGINS",
  "PUBLIC_URL",
  "DOMAIN",
  "DOMAIN_CERTIFICATE",
  "ANONYMOUS",
  "FETCH_ALLOW",
  ...TOLD.everywhere,
  ...TOLD.api,
  ...TOLD.sale,
  "WEBHOOKS",
  "SYNCSO",
  "SYNC_API_URL",
  "ALARM_EMAIL",
  "BUDGET_USD",
  "WARP_CONCURRENCY",
  "LOG_LEVEL",
  "RESULT_TTL_S",
  "MAX_VIDEO_LENGTH",
  "GPU",
  "GPU_IMAGE",
  "FACEFUSION_IMAGE",
  "MAX_WORKERS",
  "TARGET_WAIT_S",
  "IDLE_EXIT_S",
] as const;

type Name = (typeof SETTINGS)[number];

/** With any other level no function would start. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** Throws SettingsError. Empty variables count as unset. */
export function readSettings(variables: Record<string, string | undefined>): Settings {
  const values = valuesOf(variables);
  const { text, number, flag, parsed, raw } = values;
  const domain = domainOf(text("DOMAIN"), text("DOMAIN_CERTIFICATE"));
  if (domain && text("PUBLIC_URL") !== null) {
    throw new SettingsError("PUBLIC_URL: leave it out with DOMAIN, which is the address that clients see.");
  }
  const alarmEmail = text("ALARM_EMAIL");
  if (alarmEmail && !/^[^@\s]+@[^@\s]+$/.test(alarmEmail)) {
    throw new SettingsError(`ALARM_EMAIL: \`${alarmEmail}\` is not an email address.`);
  }
  const logLevel = text("LOG_LEVEL") ?? "info";
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new SettingsError(`LOG_LEVEL: \`${logLevel}\` is not one of ${LOG_LEVELS.join(", ")}.`);
  }
  checkVoices(values);
  const syncUrl = raw("SYNC_API_URL");
  if (syncUrl !== null && !flag("SYNCSO")) {
    throw new SettingsError("SYNC_API_URL: it is used with SYNCSO=1 only, which is not set.");
  }
  return {
    corsOrigins: parsed("CORS_ORIGINS", origins) ?? [],
    publicUrl: domain ? `https://${domain.name}` : parsed("PUBLIC_URL", publicAddress),
    domain,
    anonymous: flag("ANONYMOUS"),
    fetchAllow: raw("FETCH_ALLOW"),
    alarmEmail,
    budgetUsd: number("BUDGET_USD", 20, 1, 1_000_000),
    // half of the ten that a new account has; AWS takes no less than 2 for each of two lanes
    warpConcurrency: number("WARP_CONCURRENCY", 5, 4, 1000),
    logLevel,
    // not more than an hour: the bucket's lifecycle rules count on it
    resultTtlS: number("RESULT_TTL_S", 3600, 60, 3600),
    maxVideoSeconds: number("MAX_VIDEO_LENGTH", MAX_VIDEO_SECONDS, 1, MAX_VIDEO_SECONDS),
    told: { everywhere: told(values, TOLD.everywhere), api: told(values, TOLD.api), sale: told(values, TOLD.sale) },
    webhooks: flag("WEBHOOKS"),
    syncso: flag("SYNCSO") ? { url: syncUrl ?? envSchema.shape.SYNC_API_URL.parse(undefined) } : null,
    gpu: gpuOf(values),
  };
}

type Values = ReturnType<typeof valuesOf>;

/** Readers of variables by name. Each throws SettingsError. */
function valuesOf(variables: Record<string, string | undefined>) {
  const text = (name: Name): string | null => variables[name]?.trim() || null;
  /** As the deployed functions read it: what they would refuse is refused before deploying. */
  const parsed = <T>(name: Name, schema: ZodType<T, string | undefined>): T | null => {
    const value = text(name);
    if (value === null) return null;
    const { data, error } = schema.safeParse(value);
    if (!error) return data;
    throw new SettingsError(`${name}=${value}: ${error.issues.map(({ message }) => message).join("; ")}.`);
  };
  return {
    text,
    parsed,
    /** The text of a variable that functions read by the same name. */
    raw: (name: Name & keyof typeof envSchema.shape): string | null => {
      parsed(name, envSchema.shape[name] as ZodType<unknown, string | undefined>);
      return text(name);
    },
    number: (name: Name, fallback: number, min: number, max: number): number => {
      const value = Number(text(name) ?? fallback);
      if (Number.isInteger(value) && value >= min && value <= max) return value;
      throw new SettingsError(`${name}: \`${text(name)}\` is not a whole number from ${min} to ${max}.`);
    },
    flag: (name: Name): boolean => {
      const value = text(name) ?? "0";
      if (["0", "1", "false", "true"].includes(value)) return value === "1" || value === "true";
      throw new SettingsError(`${name}: \`${value}\` is not 0 or 1.`);
    },
  };
}

/** Throws SettingsError where a part of them is missing. */
function checkVoices({ text }: Values): void {
  if (text("VOICE_NAMES") !== null && text("VOICE_URL") === null) {
    throw new SettingsError("VOICE_NAMES: VOICE_URL is missing, the server that has these voices.");
  }
  if (text("VOICE_URL") !== null && text("VOICE_NAMES") === null) {
    throw new SettingsError("VOICE_URL: VOICE_NAMES is missing, the voices of that server: `name,name=en+es`.");
  }
}

/** Those that are set, by name. */
function told({ raw }: Values, names: readonly (Name & keyof typeof envSchema.shape)[]): Record<string, string> {
  const pairs = names.map((name) => [name, raw(name)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [(typeof pair)[0], string] => pair[1] !== null));
}

function gpuOf({ text, number, flag }: Values): GpuSettings | null {
  const [image, facefusionImage] = [text("GPU_IMAGE"), text("FACEFUSION_IMAGE")];
  if (!flag("GPU")) {
    if (facefusionImage === null) return null;
    throw new SettingsError("FACEFUSION_IMAGE: it is used with GPU=1 only, which is not set.");
  }
  if (image === null && facefusionImage === null) {
    throw new SettingsError(
      "GPU_IMAGE: a worker's container image, this one or FACEFUSION_IMAGE, is required with GPU=1 (docs/deploy.md).",
    );
  }
  return {
    ...{ image, facefusionImage },
    maxWorkers: number("MAX_WORKERS", 4, 1, 100),
    targetWaitS: number("TARGET_WAIT_S", 60, 30, 7200),
    idleExitS: number("IDLE_EXIT_S", 300, 30, 3600),
  };
}

/** Throws SettingsError. */
function domainOf(name: string | null, certificate: string | null): Settings["domain"] {
  if (name === null) {
    if (certificate === null) return null;
    throw new SettingsError("DOMAIN_CERTIFICATE: it is used with DOMAIN only, which is not set.");
  }
  if (!/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(name)) {
    throw new SettingsError(`DOMAIN: \`${name}\` is not a domain name such as api.example.org, in lower case.`);
  }
  if (certificate !== null && !/^arn:aws:acm:us-east-1:\d{12}:certificate\/[a-z0-9-]+$/.test(certificate)) {
    const example = "arn:aws:acm:us-east-1:123456789012:certificate/…";
    throw new SettingsError(
      `DOMAIN_CERTIFICATE: \`${certificate}\` is not the ARN of a certificate in us-east-1, where CloudFront looks for it, such as ${example}`,
    );
  }
  return { name, certificate };
}

/** How long results live that are paid for, hours; 0 where none are sold. */
export function paidHoursOf({ told: { sale } }: Pick<Settings, "told">): number {
  return sale.PRICE === undefined ? 0 : Number(sale.PAID_LIFE_H ?? 24);
}
