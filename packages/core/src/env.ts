/** The one reader of the environment. Everything else takes arguments. */
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Access, parseApiKeys } from "./api-keys.ts";

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);
const origins = list.superRefine((items, context) => {
  for (const item of items.filter((each) => URL.parse(each)?.origin !== each)) {
    context.addIssue({ code: "custom", message: `\`${item}\` is no origin such as https://example.org` });
  }
});
const flag = z.enum(["0", "1", "false", "true", ""]).transform((text) => text === "1" || text === "true");
const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/, "a whole number").transform(Number).pipe(z.number().min(min).max(max));
const apiKeys = z.string().transform((text, context) => {
  const { keys, faults } = parseApiKeys(text);
  if (keys.size === 0 && faults.length === 0) faults.push("holds no key");
  for (const message of faults) context.addIssue({ code: "custom", message });
  return keys;
});

/** `name=value,name=value`; no name twice. */
const pairs = list.transform((items, context) => {
  const found = new Map<string, string>();
  for (const item of items) {
    const [, name = "", value = ""] = /^([^=]+)=(.+)$/.exec(item) ?? [];
    if (name === "" || found.has(name)) {
      context.addIssue({ code: "custom", message: `\`${item}\` is not one of \`name=value,name=value\`` });
      return z.NEVER;
    }
    found.set(name, value);
  }
  return found;
});
/** `name=value+value,name=value`. */
const lists = pairs.transform((names) => new Map([...names].map(([name, values]) => [name, values.split("+")])));
const ENGINE_NAMES = ["warp", "liveportrait"] as const;
const knownEngines = z.map(z.literal("animate"), z.array(z.enum(ENGINE_NAMES)).min(1));

export const envSchema = z.object({
  /** Where to listen; by default both loopback addresses. */
  HOST: z.string().min(1).default("localhost"),
  PORT: wholeNumber(0, 65_535).default(8000),
  DATA_DIR: z.string().min(1).default(".smileloop"),
  /** Keeps records and files in this S3 bucket instead of DATA_DIR. */
  BUCKET: z.string().min(3).max(63).optional(),
  /** The queues in SQS: `name=url,name=url`. */
  QUEUES: pairs.pipe(z.map(z.string(), z.url({ protocol: /^https?$/ }))).default(new Map()),
  AWS_REGION: z.string().min(1).default("us-east-1"),
  /** Other services than AWS's own, that speak as S3 and SQS do. */
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  SQS_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** Folders of jobs under way, where they are not in DATA_DIR. Two workers of one queue need one each. */
  WORK_DIR: z.string().min(1).default(join(tmpdir(), "smileloop")),
  /** Which engines serve a kind, the default first: `animate=warp+liveportrait`. */
  ENGINES: lists.pipe(knownEngines).default(new Map([["animate", ["warp"]]])),
  /** The one queue that a worker on its own serves. */
  QUEUE: z.string().min(1).default("warp"),
  /** What its machine is, for whoever starts and ends workers. */
  CAPACITY: z.enum(["spot", "on_demand"]).default("spot"),
  /** Such a worker ends after so long without work; without it never. */
  IDLE_EXIT_S: wholeNumber(1, 86_400).optional(),
  /**
   * The queues whose workers AWS Batch runs when there is work, each with its Batch queues on Spot and On-Demand
   * (`liveportrait=spot+ondemand`), and the job definitions of these workers (`liveportrait=definition`).
   */
  BATCH_QUEUES: lists.pipe(z.map(z.string(), z.tuple([z.string().min(1), z.string().min(1)]))).default(new Map()),
  BATCH_JOB_DEFINITION: pairs.default(new Map()),
  BATCH_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** Of each of these queues. */
  MAX_WORKERS: wholeNumber(1, 1000).default(4),
  /** So long a job should wait at most for a worker that is there. */
  TARGET_WAIT_S: wholeNumber(1, 86_400).default(60),
  /** Where a worker asks whether its machine is about to be taken away; `none`: it does not ask. */
  SPOT_METADATA_URL: z
    .union([z.literal("none"), z.url({ protocol: /^http$/ })])
    .default("http://169.254.169.254")
    .transform((url) => (url === "none" ? null : url)),
  /** The address that clients see, behind a proxy: `https://example.org`. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Further host names that are served on loopback, besides localhost and its addresses. */
  ALLOWED_HOSTS: list.default([]),
  /** Origins of other sites' pages that may call the API. */
  CORS_ORIGINS: origins.default([]),
  /** `owner:sha256` of each key, with commas between them; several keys may have one owner. */
  API_KEYS: apiKeys.default(() => new Map()),
  /** Lets browsers in that bring a random token of their own; each token is an owner. */
  ANONYMOUS: flag.default(false),
  /** Lets everybody in where there is neither. */
  ALLOW_OPEN: flag.default(false),
  /** A checkout of LivePortrait with its weights, and the Python that has its packages (else the checkout's `.venv`, or `python3`). */
  LIVEPORTRAIT_ROOT: z.string().min(1).optional(),
  LIVEPORTRAIT_PYTHON: z.string().min(1).optional(),
  /** Where Lambda's Node finds its libraries: all that a worker's engines are told of its environment. */
  LD_LIBRARY_PATH: z.string().min(1).optional(),
  /** Processes of the built-in engine. */
  WARP_PROCESSES: wholeNumber(1, 64).default(() => Math.max(1, availableParallelism() - 1)),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});
export type Env = z.infer<typeof envSchema>;

/** The environment is not right; `message` names each variable that is wrong. */
export class EnvError extends Error {}

/** Throws EnvError. Empty variables count as unset. */
export function readEnv(variables: Record<string, string | undefined> = process.env): Env {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = envSchema.safeParse(set);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new EnvError(`The environment is not right. ${faults.join("; ")}`);
}

/**
 * Who is let in. Throws EnvError for a server that others can reach (`exposed`, said as in "HOST 0.0.0.0") and that would keep
 * nobody out, unless that is meant. Null: only this machine reaches it.
 */
export function accessOf(env: Pick<Env, "API_KEYS" | "ANONYMOUS" | "ALLOW_OPEN">, exposed: string | null): Access {
  const { API_KEYS: keys, ANONYMOUS: anonymous } = env;
  if (keys.size > 0 || anonymous) return { keys, anonymous };
  if (exposed === null || env.ALLOW_OPEN) return "open";
  throw new EnvError(
    `${exposed} would let everybody in who can reach it. Set API_KEYS (\`npm run key\` makes a key), or ANONYMOUS=1 for browsers that bring a token of their own, or ALLOW_OPEN=1 if everybody is meant.`,
  );
}
