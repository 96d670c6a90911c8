/** Every variable: what it may be, and what it is when it is not set. */
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { MAX_VIDEO_SECONDS } from "../media/limits.ts";
import { aliasVariables } from "./aliases.ts";
import { price, stripeKey, stripeSecrets } from "./payment-values.ts";
import {
  address,
  apiKeys,
  chosenKey,
  fileHashes,
  flag,
  hostRules,
  hosts,
  list,
  lists,
  loginUsers,
  metricsPlace,
  oneOf,
  origins,
  pairs,
  publicAddress,
  sealKeys,
  voiceNames,
  wholeNumber,
} from "./values.ts";

const text = z.string().min(1);
const BUCKET_NAME = "must have 3 to 63 letters, digits, dots, dashes or underscores, and begin with a letter or digit";

export const envSchema = z.object({
  /** Address to listen on; by default, both loopback addresses. */
  HOST: text.default("localhost"),
  PORT: wholeNumber(0, 65_535).default(8000),
  DATA_DIR: text.default(".smileloop"),
  /**
   * How long results and uploads live, seconds. Not longer than an hour: that is what people who upload a photo are promised, and what
   * the rules that empty the bucket on AWS count on.
   */
  RESULT_TTL_S: wholeNumber(60, 3600).default(3600),
  /** Folder of further presets, besides those that come with SmileLoop. Servers and workers of one installation need the same. */
  PRESETS_DIR: text.optional(),
  /** How long a talking video may be, seconds: longer sounds and texts are refused. */
  MAX_VIDEO_LENGTH: wholeNumber(1, MAX_VIDEO_SECONDS).default(MAX_VIDEO_SECONDS),
  /** S3 bucket for records and files, instead of DATA_DIR. */
  BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{2,62}$/i, BUCKET_NAME)
    .optional(),
  /** Queues in SQS: `name=url,name=url`. */
  QUEUES: pairs.pipe(z.map(z.string(), address("https://sqs.example.org/0/name"))).default(new Map()),
  AWS_REGION: text.default("us-east-1"),
  /** Services other than AWS's that speak the S3 and SQS protocols. */
  S3_ENDPOINT: address("https://s3.example.org").optional(),
  SQS_ENDPOINT: address("https://sqs.example.org").optional(),
  /** Folder for jobs in progress, where it is not in DATA_DIR. Two workers of one queue need separate folders. */
  WORK_DIR: text.default(join(tmpdir(), "smileloop")),
  /** Engines of each kind, the default first: `kind=engine+engine,kind=engine`. The names are checked elsewhere, against the lists of kinds and engines. */
  ENGINES: lists.default(new Map()),
  /** Queue that a standalone worker serves; by default, the built-in engine's. */
  QUEUE: text.optional(),
  /** Kind of machine that a standalone worker runs on: decides which workers end first when there are too many. */
  CAPACITY: oneOf("spot", "on_demand").default("spot"),
  /** Seconds without work after which a standalone worker ends; unset: it never does. */
  IDLE_EXIT_S: wholeNumber(1, 86_400).optional(),
  /** Maximum work expected of a job, seconds, in queues whose workers have a time limit: `queue=seconds`. Jobs of more work are refused. */
  MAX_WORK_S: pairs.pipe(z.map(z.string(), wholeNumber(1, 86_400))).default(new Map()),
  /** Queues whose workers run on AWS Batch, each with its Batch queues on Spot and On-Demand: `queue=spot+ondemand`. */
  BATCH_QUEUES: lists
    .pipe(
      z.map(
        z.string(),
        z.tuple([text, text], { error: "must name two queues of Batch, on Spot and On-Demand: `queue=spot+ondemand`" }),
      ),
    )
    .default(new Map()),
  /** Batch job definitions of these workers: `queue=definition`. */
  BATCH_JOB_DEFINITION: pairs.default(new Map()),
  BATCH_ENDPOINT: address("https://batch.example.org").optional(),
  /** Lambda function that looks at pictures for an API without engines; unset: pictures cannot be inspected there. */
  INSPECT_FUNCTION: text.optional(),
  LAMBDA_ENDPOINT: address("https://lambda.example.org").optional(),
  /** Maximum number of Batch workers per queue. */
  MAX_WORKERS: wholeNumber(1, 1000).default(4),
  /** Target queue time, seconds: how long a job may wait before another worker is started. */
  TARGET_WAIT_S: wholeNumber(1, 86_400).default(60),
  /** Metadata service that tells a worker when its Spot machine is about to be reclaimed; `none`: it is not asked. */
  SPOT_METADATA_URL: z
    .union([z.literal("none"), address("http://169.254.169.254, or `none`", /^http$/)])
    .default("http://169.254.169.254")
    .transform((url) => (url === "none" ? null : url)),
  /** Address that clients see, behind a proxy: `https://example.org`, or with a path that the proxy takes off again. */
  PUBLIC_URL: publicAddress.optional(),
  /** Host names accepted besides that of PUBLIC_URL, localhost and its addresses. On other addresses than loopback, unset: all are. */
  ALLOWED_HOSTS: hosts.default([]),
  /** Origins of other sites' pages, and of apps (`capacitor://localhost`), that may call the API. */
  CORS_ORIGINS: origins.default([]),
  /** Private hosts that inputs may be fetched from, with or without a port: `10.0.0.5:9000,media.lan`. */
  FETCH_ALLOW: hostRules.default([]),
  /** `owner:sha256` of each key, separated by commas; an owner may have several keys. */
  API_KEYS: apiKeys.default(() => new Map()),
  /** `name:sha256` of each key that opens the operator's view, separated by commas; unset: nobody gets in there. */
  OPERATOR_KEY: apiKeys.default(() => new Map()),
  /** One key that the operator chose, in plain text, under the name that the talking-avatar API gave it. Only its hash is kept. */
  API_KEY: chosenKey.optional(),
  /** `name:hash` of each user who may log in, separated by commas. */
  USERS: loginUsers.default(() => new Map()),
  /** Keys that secret params of jobs are sealed with, the newest first; by default, what DATA_DIR keeps. Workers need the same. */
  SEAL_KEY: sealKeys.optional(),
  /** What webhooks are signed with, the newest first; by default, what DATA_DIR keeps. The API and deliverers need the same. */
  WEBHOOK_SECRET: sealKeys.optional(),
  /** What results are signed with: a private key in PEM (ECDSA on P-256), the file that has it, or the ARN of one in AWS KMS; by default, what DATA_DIR keeps. Workers need it. */
  SIGNING_KEY: text.optional(),
  /** Its certificates in PEM, the key's first and the root last, or the file that has them; by default, those in SIGNING_KEY. */
  SIGNING_CHAIN: text.optional(),
  /** What invisible marks are made with and found by: 64 hexadecimal digits, or several such keys, the newest first; by default, what DATA_DIR keeps. Workers need it. */
  MARK_KEY: text.optional(),
  /** Whether browsers may use the API with a random token that they made up; each token is an owner. */
  ANONYMOUS: flag.default(false),
  /** Requests a minute of each owner that make or change something; 0: any number. Where everybody is let in they are not counted. */
  RATE_LIMIT: wholeNumber(0, 1_000_000).default(600),
  /** Jobs that may wait in each queue, a fifth of them of one owner; further ones are refused until some have begun. */
  MAX_WAITING_JOBS: wholeNumber(10, 1_000_000).default(10_000),
  /** Whether everyone may use the API where there are neither keys nor tokens. */
  ALLOW_OPEN: flag.default(false),
  /** Whether pictures and videos are looked at for nudity where somebody's face is changed. */
  CONTENT_CHECK: oneOf("on", "off").default("on"),
  /** SHA-256 of files that the operator allows although the check refuses them, separated by commas. */
  CONTENT_ALLOW: fileHashes.default(() => new Set<string>()),
  /** Whether consent is wanted of every job that makes people move, not only where somebody's face is changed. */
  REQUIRE_CONSENT: flag.default(false),
  /** Dialects for whose clients the operator answers that the people shown agree, separated by commas; `none`; by default, those that say so themselves. */
  ATTEST: list.optional(),
  /** The same for the clients of FaceFusion's API alone, beside the others. */
  FACEFUSION_ATTEST: oneOf("operator").optional(),
  /** Whether SST runs this function on a developer's machine, where the sandboxes of a function share a disk. */
  SST_DEV: flag.default(false),
  /** Where Lambda's Node finds its libraries. The only variable that a worker passes on to its engines. */
  LD_LIBRARY_PATH: text.optional(),
  /** Where figures for Prometheus are served; unset: by a server at `/metrics`, where only this machine reaches it. */
  METRICS: metricsPlace.optional(),
  /** What the clean file of a result costs, tax included; unset: every result is free. `currency:amount:version`, such as `eur:499:2026-11`. */
  PRICE: price.optional(),
  /** Who does not pay where there is a price: `none`, or `keys`, all who have a key or log in. */
  PRICE_EXEMPT: oneOf("none", "keys").default("none"),
  /** How long a result lives once it is paid, hours. */
  PAID_LIFE_H: wholeNumber(1, 168).default(24),
  /** Name of what is sold, on the payment page. */
  PRICE_PRODUCT: z.string().min(1).max(200).default("Video without a watermark"),
  /** Key of Stripe's API, and the secrets that its events are signed with, the newest first. Only the API and the sweeper get them. */
  STRIPE_KEY: stripeKey.optional(),
  STRIPE_WEBHOOK_SECRET: stripeSecrets.optional(),
  STRIPE_URL: address("https://api.stripe.com").default("https://api.stripe.com"),
  LOG_LEVEL: oneOf("trace", "debug", "info", "warn", "error", "silent").default("info"),

  // --- Variables of one engine each ---

  /** Number of processes of `warp`: how many jobs it runs at a time. */
  WARP_PROCESSES: wholeNumber(1, 64).default(() => Math.max(1, availableParallelism() - 1)),
  /** Number of processes of `narrator`: how many texts are said at a time. With two, a short one rarely waits for a long one. */
  NARRATOR_PROCESSES: wholeNumber(1, 64).default(2),
  /** A checkout of LivePortrait with its weights. */
  LIVEPORTRAIT_ROOT: text.optional(),
  /** The Python that has LivePortrait's packages; by default, the checkout's `.venv`, or `python3`. */
  LIVEPORTRAIT_PYTHON: text.optional(),
  /** An installation of FaceFusion with its models. */
  FACEFUSION_ROOT: text.optional(),
  /** The Python that has FaceFusion's packages; by default, the installation's `.venv`, or `python3`. */
  FACEFUSION_PYTHON: text.optional(),
  /** Sync.so's API, or a server that speaks as it does. */
  SYNC_API_URL: address("https://api.sync.so").default("https://api.sync.so"),
  /** The operator's key for it; by default, each job brings one. */
  SYNC_API_KEY: text.optional(),

  // --- Variables of one dialect each ---

  /** Maximum size of a file that FaceFusion's clients send, megabytes (1,000,000 bytes). */
  FACEFUSION_MAX_MB: wholeNumber(1, 500).default(500),
  /** Programs that VidX's clients may name, separated by commas. None is ever run: requests that name others are refused. */
  VIDX_ALLOW: list.default([]),
  ...aliasVariables,

  // --- Voices elsewhere. Only the processes that speak get the keys ---

  /** Server with OpenAI's `/v1/audio/speech`, what comes before that path; private addresses, too: the operator who sets it knows it. */
  VOICE_URL: address("https://voices.example.org").optional(),
  VOICE_KEY: text.optional(),
  VOICE_MODEL: text.default("tts-1"),
  /** Its voices: `name,name`, or with their languages `name=en+es`. */
  VOICE_NAMES: voiceNames.default(new Map()),
  /** The voice of jobs that name none, where it speaks their language. */
  VOICE_DEFAULT: text.optional(),
  /** Whether a voice of ours may stand in for one that does not answer. */
  VOICE_FALLBACK: flag.default(false),
  ELEVENLABS_API_KEY: text.optional(),
  ELEVENLABS_URL: address("https://api.elevenlabs.io").default("https://api.elevenlabs.io"),
  ELEVENLABS_MODEL: text.default("eleven_multilingual_v2"),
  /** Ids of its voices by the names that jobs call them: `name=id,name=id`. */
  ELEVENLABS_VOICES: pairs.default(new Map()),
});
export type Env = z.infer<typeof envSchema>;
