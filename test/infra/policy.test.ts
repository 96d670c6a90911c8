/** The stack's data, without Pulumi; what becomes of it is in stack/. */

import { attestedDialects, readEnv, saleOf } from "@smileloop/core/env.ts";
import { MAX_JOB_LIFE_MS, RESULT_LIFE_MS, TOMBSTONE_LIFE_MS, UPLOAD_LIFE_MS } from "@smileloop/core/job/record.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { bulkLane } from "@smileloop/core/scale/lanes.ts";
import { describe, expect, it } from "vitest";
import { ENGINES } from "../../functions/engines/index.ts";
import { voiceTrouble } from "../../functions/engines/voice-env.ts";
import { webhooksOf } from "../../functions/setup/webhook-keys.ts";
import { containerProperties, workerNames } from "../../infra/policy/batch.ts";
import {
  ENGINES as DEPLOYED,
  deployed,
  enginesByKind,
  lanesOf,
  onBatch,
  onLambda,
  PLANS,
  queuesOf,
  workersOnLambda,
} from "../../infra/policy/engines.ts";
import {
  apiEnvironment,
  batchWorkerEnvironment,
  lambdaWorkerEnvironment,
  sweepEnvironment,
  webhookEnvironment,
} from "../../infra/policy/environments.ts";
import { secretsOf } from "../../infra/policy/secrets.ts";
import { readSettings, regionOf, SETTINGS } from "../../infra/policy/settings.ts";
import { alarms } from "../../infra/policy/watch.ts";
import {
  corsRules,
  FUNCTIONS,
  LIFECYCLE,
  laneConcurrency,
  lifecycleRules,
  QUEUE,
  queueSpecs,
  stageOf,
} from "../../infra/policy.ts";
import { userEntry } from "../support/users.ts";

const PLAIN = readSettings({});
const GPU = readSettings({ GPU: "1", GPU_IMAGE: "ghcr.io/example/worker@sha256:0", IDLE_EXIT_S: "120" });
const KEYS = `me:${"0".repeat(64)}`;
const url = (name: string) => `https://sqs.us-east-1.amazonaws.com/1/${name}`;
const parts = { bucket: "the-bucket", queues: { warp: url("warp") }, secrets: {} };
const gpuParts = { ...parts, queues: { warp: url("warp"), liveportrait: url("lp"), poke: url("poke") } };
const batch = { jobDefinitions: { liveportrait: "definition" }, spot: "spot", onDemand: "ondemand" };
const [warp, narrator, syncso] = onLambda(DEPLOYED);
const [liveportrait, facefusion] = onBatch(DEPLOYED);
/** Everything that can be chosen. */
const ALL = readSettings({ GPU: "1", GPU_IMAGE: "a", FACEFUSION_IMAGE: "b", SYNCSO: "1" });

describe("settings", () => {
  it("are optional, all of them", () => {
    expect(readSettings({ CORS_ORIGINS: " ", GPU: "" })).toEqual({
      corsOrigins: [],
      publicUrl: null,
      domain: null,
      anonymous: false,
      fetchAllow: null,
      alarmEmail: null,
      budgetUsd: 20,
      warpConcurrency: 5,
      logLevel: "info",
      resultTtlS: 3600,
      maxVideoSeconds: 300,
      told: { everywhere: {}, api: {}, sale: {} },
      webhooks: false,
      syncso: null,
      gpu: null,
    });
  });

  it.each([
    { CORS_ORIGINS: "example.org" },
    { CORS_ORIGINS: "https://example.org/" },
    { CORS_ORIGINS: "*" },
    { PUBLIC_URL: "ftp://example.org" },
    { PUBLIC_URL: "https://example.org/?a=1" },
    { DOMAIN: "https://example.org" },
    { DOMAIN_CERTIFICATE: "arn:aws:acm:eu-west-1:123456789012:certificate/0", DOMAIN: "api.example.org" },
    { DOMAIN_CERTIFICATE: "arn:aws:acm:us-east-1:123456789012:certificate/0" },
    { PUBLIC_URL: "https://example.org", DOMAIN: "api.example.org" },
    { ALARM_EMAIL: "me" },
    { ANONYMOUS: "yes" },
    { FETCH_ALLOW: "http://media.example" },
    { WARP_CONCURRENCY: "3" },
    { BUDGET_USD: "-3" },
    { LOG_LEVEL: "loud" },
    { RESULT_TTL_S: "7200" },
    { GPU_IMAGE: "", GPU: "1" },
    { FACEFUSION_IMAGE: "ghcr.io/example/faces@sha256:0" },
    { PRICE: "4.99 EUR" },
    { PAID_LIFE_H: "200" },
    { CONTENT_CHECK: "maybe" },
    { CONTENT_ALLOW: "photo.jpg" },
    { FACEFUSION_ATTEST: "me" },
    { FACEFUSION_MAX_MB: "1000" },
    { SYNC_API_URL: "api.sync.so", SYNCSO: "1" },
    { SYNC_API_URL: "https://api.sync.so" },
    { SYNCSO: "yes" },
    { VOICE_NAMES: "anna" },
    { VOICE_URL: "https://voices.example" },
    { VOICE_URL: "voices.example", VOICE_NAMES: "anna" },
    { ELEVENLABS_VOICES: "anna" },
  ])("%o is refused by name", (variables) => {
    expect(() => readSettings(variables)).toThrow(new RegExp(`^${Object.keys(variables)[0]}\\b`));
  });

  it("take the origin of an app, and a public address with a path", () => {
    const { corsOrigins, publicUrl } = readSettings({
      CORS_ORIGINS: "https://app.example, capacitor://localhost",
      PUBLIC_URL: "https://example.org/smile/",
    });
    expect(corsOrigins).toEqual(["https://app.example", "capacitor://localhost"]);
    expect(publicUrl).toBe("https://example.org/smile");
  });

  it("make a domain the address that clients see", () => {
    expect(readSettings({ DOMAIN: "api.example.org" })).toMatchObject({
      publicUrl: "https://api.example.org",
      domain: { name: "api.example.org", certificate: null },
    });
  });

  it.each(["ap-southeast-4", "eu-south-2", "us-east1", "Frankfurt"])(
    "a region like %s is refused by name",
    (region) => {
      expect(() => regionOf({ AWS_REGION: region })).toThrow(`AWS_REGION: `);
      expect(() => regionOf({ AWS_REGION: region })).toThrow(`\`${region}\``);
    },
  );

  it("take every region that the API can have an address in", () => {
    expect(regionOf({})).toBe("us-east-1");
    expect(regionOf({ AWS_REGION: "" })).toBe("us-east-1");
    expect(regionOf({ AWS_REGION: "ap-southeast-2" })).toBe("ap-southeast-2");
  });

  it("names of stages fit into a bucket's, and no function's is too long", () => {
    expect(stageOf("production")).toEqual({ stage: "production" });
    for (const bad of ["Production", "a_b", "1st", "a".repeat(21)]) expect(() => stageOf(bad)).toThrow("stage");
    expect(SETTINGS).toContain("CORS_ORIGINS");
  });
});

describe("environments, read as the functions read them", () => {
  it("of the API", () => {
    const settings = readSettings({ CORS_ORIGINS: "https://a.example,https://b.example", ANONYMOUS: "1" });
    const env = readEnv(
      apiEnvironment({ ...parts, batch: null, apiKeys: KEYS, users: "", inspects: "looks" }, settings),
    );
    expect(env).toMatchObject({ BUCKET: "the-bucket", ANONYMOUS: true, ALLOW_OPEN: false, INSPECT_FUNCTION: "looks" });
    expect(env.CORS_ORIGINS).toEqual(["https://a.example", "https://b.example"]);
    expect([...env.QUEUES]).toEqual([["warp", url("warp")]]);
    expect(env.USERS.size).toBe(0);
    const users = userEntry("alice", "correct horse");
    const withUsers = apiEnvironment({ ...parts, batch: null, apiKeys: KEYS, users, inspects: null }, settings);
    expect([...readEnv(withUsers).USERS.keys()]).toEqual(["alice"]);
    expect([env.API_KEYS.size, env.OPERATOR_KEY.size]).toEqual([1, 0]);
    const operated = { ...parts, batch: null, apiKeys: KEYS, users: "", operatorKey: `me:${"1".repeat(64)}` };
    expect([...readEnv(apiEnvironment({ ...operated, inspects: null }, settings)).OPERATOR_KEY.values()]).toEqual([
      "me",
    ]);
    expect([...env.ENGINES]).toEqual([
      ["animate", ["warp"]],
      ["previews", ["warp"]],
      ["talk", ["warp"]],
      ["lipsync", ["warp"]],
      ["process_image", ["warp"]],
      ["process_video", ["warp"]],
      ["convert", ["warp"]],
      ["survey", ["warp"]],
      ["insert", ["warp"]],
      ["speak", ["narrator"]],
    ]);
  });

  it("of all of them: where inputs by URL may come from", () => {
    const settings = readSettings({ FETCH_ALLOW: " files.example:9000,10.0.0.5" });
    const hosts = [
      { host: "files.example", port: 9000 },
      { host: "10.0.0.5", port: null },
    ];
    const api = apiEnvironment({ ...parts, batch: null, apiKeys: KEYS, users: "", inspects: null }, settings);
    expect(readEnv(api).FETCH_ALLOW).toEqual(hosts);
    expect(readEnv(lambdaWorkerEnvironment(warp!, parts, settings)).FETCH_ALLOW).toEqual(hosts);
  });

  it("of what operators set of the safeguards: files that are allowed everywhere, who agrees for the API", () => {
    const hash = "ab".repeat(32);
    const settings = readSettings({
      ...{ CONTENT_CHECK: "off", CONTENT_ALLOW: hash, ATTEST: "lipsync, sync-so" },
      ...{ FACEFUSION_ATTEST: "operator", FACEFUSION_MAX_MB: "3" },
    });
    const api = readEnv(apiEnvironment({ ...parts, batch: null, apiKeys: KEYS, users: "", inspects: null }, settings));
    const worker = readEnv(lambdaWorkerEnvironment(warp!, parts, settings));
    for (const env of [api, worker, readEnv(sweepEnvironment({ ...parts, batch: null }, settings))]) {
      expect([env.CONTENT_CHECK, [...env.CONTENT_ALLOW]]).toEqual(["off", [hash]]);
    }
    expect([attestedDialects(api), api.FACEFUSION_MAX_MB]).toEqual([["lipsync", "sync-so", "facefusion"], 3]);
    expect(attestedDialects(worker)).toEqual([]);
  });

  describe("of a stack with voices elsewhere", () => {
    const settings = readSettings({ ELEVENLABS_VOICES: "Anna=id1", VOICE_FALLBACK: "1" });
    const secrets = { VOICE_KEY: "vk", ELEVENLABS_API_KEY: "sk" };

    it("all functions know the voices, and only workers that speak the keys that these need", () => {
      const api = apiEnvironment(
        { ...parts, secrets, batch: null, apiKeys: KEYS, users: "", inspects: null },
        settings,
      );
      expect([...readEnv(api).ELEVENLABS_VOICES]).toEqual([["Anna", "id1"]]);
      expect(api).not.toHaveProperty("ELEVENLABS_API_KEY");
      for (const engine of [warp!, narrator!]) {
        const env = readEnv(lambdaWorkerEnvironment(engine, { ...parts, secrets }, settings));
        expect(env).toMatchObject({ ELEVENLABS_API_KEY: "sk", VOICE_FALLBACK: true });
        // its server is not set
        expect([engine.name, env.VOICE_KEY, voiceTrouble(env)]).toEqual([engine.name, undefined, null]);
      }
      expect(lambdaWorkerEnvironment(PLANS, { ...parts, secrets }, settings)).not.toHaveProperty("ELEVENLABS_API_KEY");
    });

    it("a key that is missing is named; one without voices is left out", () => {
      const missing = { ...secrets, ELEVENLABS_API_KEY: "" };
      expect(() => lambdaWorkerEnvironment(warp!, { ...parts, secrets: missing }, settings)).toThrow(
        /^The secret ElevenlabsApiKey is missing/,
      );
      const env = readEnv(lambdaWorkerEnvironment(narrator!, { ...parts, secrets }, PLAIN));
      expect([env.ELEVENLABS_API_KEY, voiceTrouble(env)]).toEqual([undefined, null]);
    });
  });

  it("of a stack with webhooks: the API and what sends events get the secret, workers do not", () => {
    const settings = readSettings({ WEBHOOKS: "1" });
    const secrets = { WEBHOOK_SECRET: "w".repeat(44) };
    const urls = Object.fromEntries(queueSpecs(settings).map(({ name }) => [name, url(name)]));
    const all = { ...parts, queues: urls, secrets };
    const api = apiEnvironment({ ...all, batch: null, apiKeys: KEYS, users: "", inspects: null }, settings);
    for (const env of [readEnv(api), readEnv(webhookEnvironment(all, settings))]) {
      expect(webhooksOf(env)).toHaveProperty("signing");
    }
    expect(lambdaWorkerEnvironment(warp!, all, settings)).not.toHaveProperty("WEBHOOK_SECRET");
    expect(sweepEnvironment({ ...parts, batch: null }, settings)).not.toHaveProperty("WEBHOOK_SECRET");
    expect(webhooksOf(readEnv(lambdaWorkerEnvironment(warp!, parts, PLAIN)))).toHaveProperty("missing");
  });

  it("of a stack that sells have the price and its keys in the API and the sweeper alone", () => {
    const settings = readSettings({ PRICE: "eur:499:1", PAID_LIFE_H: "48", WEBHOOKS: "1" });
    const secrets = {
      STRIPE_KEY: "rk_test_1",
      STRIPE_WEBHOOK_SECRET: "whsec_0123456789abcdef",
      WEBHOOK_SECRET: "w".repeat(44),
    };
    const all = { ...parts, batch: null, secrets };
    const api = apiEnvironment({ ...all, apiKeys: KEYS, users: "", inspects: null }, settings);
    for (const env of [api, sweepEnvironment(all, settings)]) {
      expect(saleOf(readEnv(env))).toMatchObject({
        quote: { amount: 499, currency: "eur" },
        paidLifeMs: 48 * 3_600_000,
      });
    }
    for (const env of [lambdaWorkerEnvironment(warp!, all, settings), webhookEnvironment(all, settings)]) {
      expect(Object.keys(env).filter((name) => /STRIPE|PRICE/.test(name))).toEqual([]);
    }
    const missing = { ...all, secrets: { STRIPE_KEY: "rk_test_1", STRIPE_WEBHOOK_SECRET: "" } };
    expect(() => sweepEnvironment(missing, settings)).toThrow("StripeWebhookSecret is missing");
    expect(saleOf(readEnv(sweepEnvironment({ ...parts, batch: null }, PLAIN)))).toBeNull();
  });

  describe("of a stack with an engine that takes secrets", () => {
    const SEALED = { SEAL_KEY: "s".repeat(44), SYNC_API_KEY: "" };
    const settings = readSettings({ SYNCSO: "1", SYNC_API_URL: "https://sync.example" });
    const apiOf = (secrets: typeof SEALED) =>
      readEnv(apiEnvironment({ ...parts, secrets, batch: null, apiKeys: KEYS, users: "", inspects: null }, settings));

    it("the API and the engine's workers get them, and no others", () => {
      const worker = readEnv(lambdaWorkerEnvironment(syncso!, { ...parts, secrets: SEALED }, settings));
      expect(worker).toMatchObject({ SEAL_KEY: [SEALED.SEAL_KEY], SYNC_API_URL: "https://sync.example" });
      expect(worker.SYNC_API_KEY).toBeUndefined();
      const api = apiOf({ ...SEALED, SYNC_API_KEY: "sk" });
      expect([api.SEAL_KEY, api.SYNC_API_KEY]).toEqual([[SEALED.SEAL_KEY], "sk"]);
      expect(api.ENGINES.get("lipsync")).toEqual(["warp", "syncso"]);
      expect(lambdaWorkerEnvironment(warp!, { ...parts, secrets: SEALED }, settings)).toMatchObject({
        SEAL_KEY: SEALED.SEAL_KEY,
      });
      const speaks = lambdaWorkerEnvironment(narrator!, { ...parts, secrets: SEALED }, settings);
      expect(speaks).not.toHaveProperty("SEAL_KEY");
      expect(sweepEnvironment({ ...parts, batch: null }, settings)).not.toHaveProperty("SEAL_KEY");
    });

    it("the worker for plans gets what it hands on to the jobs that it creates", () => {
      const plans = readEnv(lambdaWorkerEnvironment(PLANS, { ...parts, secrets: SEALED }, settings));
      expect(plans).toMatchObject({ QUEUE: "plans", SEAL_KEY: [SEALED.SEAL_KEY] });
      expect(lambdaWorkerEnvironment(PLANS, parts, PLAIN)).not.toHaveProperty("SEAL_KEY");
    });

    it("one with which no function would start is refused by its name", () => {
      expect(() => apiOf({ ...SEALED, SEAL_KEY: "short" })).toThrow(/^The secret SealKey: .*32 characters/);
    });

    it("only those that engines of the stack take", () => {
      const secrets = { ...SEALED, SYNC_API_KEY: "sk" };
      const plain = apiEnvironment({ ...parts, secrets, batch: null, apiKeys: KEYS, users: "", inspects: null }, PLAIN);
      expect(plain).not.toHaveProperty("SYNC_API_KEY");
      const both = ["SEAL_KEY", "SYNC_API_KEY"];
      expect([secretsOf(deployed(PLAIN)), secretsOf(deployed(ALL))]).toEqual([["SEAL_KEY"], both]);
    });

    it("takes secrets wherever the engine of the code does", () => {
      for (const engine of DEPLOYED) {
        const known = ENGINES.find(({ name }) => name === engine.name)!;
        const takes = (known.secretsFor?.(readEnv({})).takes.length ?? 0) > 0;
        expect(engine.secrets?.includes("SEAL_KEY") ?? false, engine.name).toBe(takes);
      }
    });
  });

  it("of a sweeper that starts workers, and of an API that knows of it", () => {
    const env = readEnv(sweepEnvironment({ ...gpuParts, batch }, GPU));
    expect([...env.BATCH_QUEUES]).toEqual([["liveportrait", ["spot", "ondemand"]]]);
    expect([...env.BATCH_JOB_DEFINITION]).toEqual([["liveportrait", "definition"]]);
    expect([...env.QUEUES.keys()]).toEqual(["warp", "liveportrait", "poke"]);
    expect([...env.ENGINES]).toEqual([
      ["animate", ["warp", "liveportrait"]],
      ["previews", ["warp"]],
      ["talk", ["warp", "liveportrait"]],
      ["lipsync", ["warp"]],
      ["process_image", ["warp"]],
      ["process_video", ["warp"]],
      ["convert", ["warp"]],
      ["survey", ["warp"]],
      ["insert", ["warp"]],
      ["speak", ["narrator"]],
    ]);
    expect(env).toMatchObject({ MAX_WORKERS: 4, TARGET_WAIT_S: 60 });
    expect(
      readEnv(apiEnvironment({ ...gpuParts, batch, apiKeys: KEYS, users: "", inspects: null }, GPU)).BATCH_QUEUES.size,
    ).toBe(1);
  });

  it("of the workers", () => {
    expect(readEnv(lambdaWorkerEnvironment(warp!, parts, PLAIN))).toMatchObject({
      QUEUE: "warp",
      BUCKET: "the-bucket",
    });
    const env = readEnv(batchWorkerEnvironment(liveportrait!, { ...gpuParts, region: "eu-west-1" }, GPU));
    expect(env).toMatchObject({ QUEUE: "liveportrait", IDLE_EXIT_S: 120, AWS_REGION: "eu-west-1" });
  });
});

describe("engines", () => {
  it("are those of the code, with kinds that they can run and lanes that the API knows", () => {
    for (const engine of DEPLOYED) {
      const known = ENGINES.find(({ name }) => name === engine.name);
      expect(known?.kinds, engine.name).toEqual(expect.arrayContaining([...engine.kinds]));
      expect(lanesOf(engine)).toEqual([known!.queues[0], bulkLane(known!.queues[0])]);
    }
  });

  it("serve every kind of job that a batch consists of, so that a stack can be asked for one", () => {
    const variables = apiEnvironment(
      {
        ...{ ...parts, queues: Object.fromEntries(queueSpecs(PLAIN).map(({ name }) => [name, url(name)])) },
        ...{ batch: null, apiKeys: KEYS, users: "", inspects: null },
      },
      PLAIN,
    );
    const env = readEnv(variables);
    const kinds = createKinds({
      presets: new Map(),
      engines: { known: ENGINES, serve: env.ENGINES as Map<string, string[]> },
      queues: new Set(env.QUEUES.keys()),
    });
    expect(kinds.get("personalize")?.queues).toEqual([PLANS.name]);
    const idle = [...kinds.values()].filter(({ worker, engines }) => worker === "engine" && engines.length === 0);
    expect(idle.map(({ name }) => name)).toEqual([]);
  });

  it("bring their queues; those on Batch, only with GPU=1", () => {
    const names = (settings: typeof PLAIN) => queueSpecs(settings).map(({ name }) => name);
    expect(names(PLAIN)).toEqual(["warp", "warp-bulk", "narrator", "narrator-bulk", "plans"]);
    expect(names(GPU)).toEqual([
      "warp",
      "warp-bulk",
      "narrator",
      "narrator-bulk",
      "liveportrait",
      "liveportrait-bulk",
      "plans",
      "poke",
    ]);
    expect(deployed(PLAIN)).toEqual([warp, narrator]);
    expect(names(ALL)).toEqual([
      ...["warp", "warp-bulk", "narrator", "narrator-bulk", "liveportrait", "liveportrait-bulk"],
      ...["syncso", "syncso-bulk", "facefusion", "facefusion-bulk", "plans", "poke"],
    ]);
    expect(names(readSettings({ WEBHOOKS: "1" }))).toEqual([...names(PLAIN), "webhooks"]);
    const faces = readSettings({ GPU: "1", FACEFUSION_IMAGE: "b" });
    expect(deployed(faces)).toEqual([warp, narrator, facefusion]);
    expect(facefusion!.image(faces.gpu!)).toBe("b");
  });

  it("are told to functions by kind, and to the sweeper with the job definition of each", () => {
    const other = { ...liveportrait!, name: "choir", id: "choir", kinds: ["sing", "animate"] };
    expect(enginesByKind([warp!, other])).toBe(
      "animate=warp+choir,previews=warp,talk=warp,lipsync=warp,process_image=warp,process_video=warp,convert=warp,survey=warp,insert=warp,sing=choir",
    );
    const both = { ...batch, jobDefinitions: { ...batch.jobDefinitions, choir: "other" } };
    expect(sweepEnvironment({ ...gpuParts, batch: both }, GPU)).toMatchObject({
      BATCH_QUEUES: "liveportrait=spot+ondemand,choir=spot+ondemand",
      BATCH_JOB_DEFINITION: "liveportrait=definition,choir=other",
    });
    const { resource, ...names } = workerNames({ stage: "production" }, other);
    expect([resource("Logs"), names]).toEqual([
      "ChoirLogs",
      {
        jobDefinition: "smileloop-production-choir",
        logGroup: "/aws/batch/smileloop-production-choir",
        role: "smileloop-production-choir-worker",
        starter: "smileloop-production-choir-starter",
        keys: {
          SIGNING_KEY: "/smileloop-production-choir/signing-key",
          MARK_KEY: "/smileloop-production-choir/mark-key",
        },
      },
    ]);
  });
});

describe("limits", () => {
  it("leave half of the ten of a new account to the API", () => {
    expect(laneConcurrency(warp!, PLAIN)).toEqual({ warp: 3, "warp-bulk": 2 });
    expect(laneConcurrency(PLANS, PLAIN)).toEqual({ plans: 2 });
    expect(laneConcurrency(warp!, { ...PLAIN, warpConcurrency: 50 })).toEqual({ warp: 40, "warp-bulk": 10 });
  });

  it("hide messages at least as long as their function may run, or AWS refuses the event source", () => {
    const specs = queueSpecs(ALL);
    const visibleAfter = (queue: string) => specs.find(({ name }) => name === queue)!.visibilityS;
    const timeoutOf = (name: string) => FUNCTIONS.find((one) => one.name === name)!.timeoutS;
    for (const worker of workersOnLambda(DEPLOYED)) {
      for (const queue of queuesOf(worker)) expect(visibleAfter(queue)).toBeGreaterThanOrEqual(timeoutOf(worker.name));
    }
    expect(visibleAfter("poke")).toBeGreaterThanOrEqual(timeoutOf("sweep"));
  });

  it("fit a new account: no function has more memory than it gets", () => {
    for (const { memoryMb } of FUNCTIONS) expect(memoryMb).toBeLessThanOrEqual(3008);
  });

  it("keep a message for as long as its job may wait", () => {
    expect(QUEUE.retentionS * 1000).toBeGreaterThanOrEqual(MAX_JOB_LIFE_MS);
    expect(QUEUE.deadLetterRetentionS).toBeGreaterThan(QUEUE.retentionS);
  });
});

describe("the net below the sweeper", () => {
  const netMs = LIFECYCLE.days * 24 * 60 * 60_000;
  /** A sweep is due each minute; this is how late one may be before it is an outage. */
  const lateMs = 60 * 60_000;

  it("takes nothing that lives", () => {
    // S3 takes it no earlier than the first midnight that is so many days after an object's last write
    expect(UPLOAD_LIFE_MS + lateMs).toBeLessThan(netMs);
    expect(MAX_JOB_LIFE_MS + RESULT_LIFE_MS + lateMs).toBeLessThan(netMs);
    // the record of a closed job is written when it is closed; who finds it gone a moment early is told 410 all the same
    expect(TOMBSTONE_LIFE_MS).toBeLessThanOrEqual(netMs);
  });

  it("takes nothing that was paid for", () => {
    const daysOf = (hours: number, prefix: string) =>
      lifecycleRules(hours).flatMap((rule) =>
        "expiration" in rule && rule.filter.prefix === prefix ? rule.expiration.days : [],
      );
    expect([24, 48, 168].map((hours) => daysOf(hours, "jobs/"))).toEqual([[2], [3], [8]]);
    expect([daysOf(24, "due/"), daysOf(24, "uploads/"), daysOf(24, "payments/")]).toEqual([[2], [1], []]);
  });

  it("is under everything that the service writes", () => {
    expect(lifecycleRules()).toEqual([
      { id: "net-uploads", status: "Enabled", filter: { prefix: "uploads/" }, expiration: { days: 1 } },
      { id: "net-jobs", status: "Enabled", filter: { prefix: "jobs/" }, expiration: { days: 1 } },
      { id: "net-cache", status: "Enabled", filter: { prefix: "cache/" }, expiration: { days: 1 } },
      { id: "net-due", status: "Enabled", filter: { prefix: "due/" }, expiration: { days: 1 } },
      { id: "net-idempotency", status: "Enabled", filter: { prefix: "idempotency/" }, expiration: { days: 1 } },
      {
        id: "abort-multipart",
        status: "Enabled",
        filter: { prefix: "" },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
      },
    ]);
  });
});

describe("CORS of the bucket", () => {
  it("lets a page send every header that upload links are signed over", () => {
    const [rule] = corsRules(["https://a.example"]);
    expect(rule?.allowedOrigins).toEqual(["https://a.example"]);
    expect(rule?.allowedHeaders).toEqual(
      expect.arrayContaining(["content-type", "if-none-match", "x-amz-checksum-sha256"]),
    );
    expect(rule?.allowedMethods).toEqual(["PUT", "POST", "GET", "HEAD"]);
    // an app's own scheme
    expect(corsRules(["https://a.example", "capacitor://localhost"])[0]?.allowedOrigins).toEqual(["*"]);
  });
});

describe("the GPU worker", () => {
  it("is asked of Batch like this", () => {
    const parts = {
      jobRole: "arn:role",
      starterRole: "arn:starter",
      secrets: { SIGNING_KEY: "arn:parameter" },
      logGroup: "/logs",
      region: "us-east-1",
      environment: { QUEUE: "liveportrait" },
    };
    expect(
      JSON.parse(containerProperties({ image: liveportrait!.image(GPU.gpu!)!, needs: liveportrait!.needs }, parts)),
    ).toEqual({
      image: "ghcr.io/example/worker@sha256:0",
      jobRoleArn: "arn:role",
      executionRoleArn: "arn:starter",
      resourceRequirements: [
        { type: "GPU", value: "1" },
        { type: "VCPU", value: "4" },
        { type: "MEMORY", value: "14000" },
      ],
      environment: [{ name: "QUEUE", value: "liveportrait" }],
      secrets: [{ name: "SIGNING_KEY", valueFrom: "arn:parameter" }],
      privileged: false,
      logConfiguration: {
        logDriver: "awslogs",
        options: { "awslogs-group": "/logs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "worker" },
      },
    });
  });
});

describe("alarms", () => {
  const all = alarms({ stage: "production" }, GPU);

  it("each say what to do", () => {
    expect(all.map(({ what }) => what)).toEqual([
      "warp-waits",
      "warp-bulk-waits",
      "narrator-waits",
      "liveportrait-waits",
      "liveportrait-bulk-waits",
      "plans-waits",
      "poke-waits",
      "dead-letters",
      "api-errors",
      "throttles",
      "sweep-errors",
      "sweep-stopped",
      "warp-errors",
      "narrator-errors",
      "plans-errors",
    ]);
    const withEvents = alarms({ stage: "production" }, readSettings({ WEBHOOKS: "1" }));
    expect(withEvents.map(({ what }) => what)).toEqual(expect.arrayContaining(["webhooks-waits", "webhooks-errors"]));
    // ten cost nothing
    expect(alarms({ stage: "production" }, PLAIN)).toHaveLength(12);
    for (const { description } of all) expect(description).toMatch(/^[A-Z].+\. .+\.$/);
  });
});
