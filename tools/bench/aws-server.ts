/** How fast the API and a worker are over S3 and SQS, each double and the API in a process of its own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { apiKeySha256, makeApiKey } from "@smileloop/core/api-keys.ts";
import { systemClock } from "@smileloop/core/clock.ts";
import { createS3Client, s3Files } from "@smileloop/core/files/s3.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createLog } from "@smileloop/core/log.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { createSqsClient, sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { withLanes } from "@smileloop/core/scale/lanes.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { builtInSetup } from "../../functions/engines/index.ts";
import { PRESETS_DIR } from "../../functions/setup/deps.ts";
import { openMarker } from "../../functions/setup/marking.ts";
import { S3_CLAIM_TIMES } from "../../functions/setup/s3-home.ts";
import { openSigner } from "../../functions/setup/signing.ts";
import { lanesOf } from "../../infra/policy/engines.ts";
import { jpegBytes } from "../../test/support/api.ts";
import { kindsWith } from "../../test/support/kinds.ts";
import { ASTRONAUT } from "../../test/support/pictures.ts";
import { ADMIN } from "../../test/support/s3.ts";
import type { ApiTarget, DoublesTarget, LoadResult } from "./aws-load.ts";
import { type Figure, median, type Part, RUNS } from "./measure.ts";

const LANES = lanesOf({ name: "warp" });

const OWNER = "bench";
const { accessKeyId, secretAccessKey } = ADMIN;
const credentials = { accessKeyId, secretAccessKey };
const RATE = 100;
const LOAD_SECONDS = 6;
const AT_ONCE = 16;
const MOST_SECONDS = 2;
const UPLOADS = 20;
const LOAD = fileURLToPath(new URL("aws-load.ts", import.meta.url));

export const overhead: Part = {
  name: "overhead",
  figures: () =>
    withCloud(async (cloud) => {
      const { taken, shown } = await overheads(cloud);
      return [
        { name: "job created → claimed by an idle worker", unit: "ms", value: median(taken), target: 50, runs: taken },
        { name: "video checked → job seen as succeeded", unit: "ms", value: median(shown), target: 50, runs: shown },
      ];
    }),
};

export const accept: Part = {
  name: "accept",
  figures: () =>
    withCloud(async (cloud) => {
      const uploads: string[] = [];
      for (let n = 0; n < UPLOADS; n++) uploads.push(await upload(cloud, jpegBytes()));
      const api: ApiTarget = { port: cloud.api, key: cloud.key, uploads };
      const doubles: DoublesTarget = { s3: cloud.s3, sqs: cloud.sqs, url: cloud.urls.warp!, owner: OWNER, uploads };
      const cpuMs: number[] = [];
      const results: Record<"api" | "doubles" | "mostApi" | "mostDoubles", LoadResult[]> = {
        ...{ api: [], doubles: [], mostApi: [], mostDoubles: [] },
      };
      for (let run = 0; run < RUNS; run++) {
        results.doubles.push(await load("open", LOAD_SECONDS, RATE, "doubles", doubles));
        const before = cloud.apiCpuMs();
        const result = await load("open", LOAD_SECONDS, RATE, "api", api);
        cpuMs.push((cloud.apiCpuMs() - before) / (result.jobs + RATE));
        results.api.push(result);
        results.mostDoubles.push(await load("closed", MOST_SECONDS, AT_ONCE, "doubles", doubles));
        results.mostApi.push(await load("closed", MOST_SECONDS, AT_ONCE, "api", api));
      }
      return acceptFigures(results, cpuMs);
    }),
};

function acceptFigures(
  { api, doubles, mostApi, mostDoubles }: Record<"api" | "doubles" | "mostApi" | "mostDoubles", LoadResult[]>,
  cpuMs: number[],
): Figure[] {
  const errors = [api, doubles, mostApi, mostDoubles].flat().reduce((sum, result) => sum + result.errors, 0);
  const of = (results: LoadResult[], which: "p50" | "p99" | "jobsPerSecond") => results.map((result) => result[which]);
  const p50 = `p50 ${median(of(api, "p50")).toFixed(1)}, without the API ${median(of(doubles, "p50")).toFixed(1)}`;
  return [
    {
      name: `p99 of ${RATE} jobs/s accepted by one API process`,
      unit: "ms",
      value: median(of(api, "p99")),
      target: 100,
      limit: { name: "the same calls without the API", value: median(of(doubles, "p99")) },
      runs: of(api, "p99"),
      note: `${p50}${errors > 0 ? `; ${errors} ERRORS` : ""}`,
    },
    {
      name: "the API's processor time for a job",
      unit: "ms",
      value: median(cpuMs),
      target: null,
      runs: cpuMs,
      note: `one core has ${1000 / RATE} for each of ${RATE} a second`,
    },
    {
      name: `the most that it accepts, ${AT_ONCE} at a time`,
      unit: "jobs/s",
      value: median(of(mostApi, "jobsPerSecond")),
      target: null,
      limit: { name: "the same calls without the API", value: median(of(mostDoubles, "jobsPerSecond")) },
      runs: of(mostApi, "jobsPerSecond"),
    },
  ];
}

type Overheads = { taken: number[]; shown: number[] };

/** A worker of this process with the built-in engine takes jobs that are sent to the API, one after the other. */
async function overheads(cloud: Cloud): Promise<Overheads> {
  const times: Overheads = { taken: [], shown: [] };
  const dir = await mkdtemp(join(tmpdir(), "smileloop-bench-"));
  let sentMs = 0;
  let storedMs = 0;
  let ended: (record: JobRecord) => void = () => {};
  const s3 = { client: createS3Client({ region: "us-east-1", endpoint: cloud.s3Endpoint, credentials }) };
  const home = { ...s3, bucket: "smileloop", clock: systemClock };
  const records = s3Records(home);
  const files = s3Files(home);
  const replace: typeof records.replace = async (record, etag) => {
    const stored = await records.replace(record, etag);
    const { state, rev, timings } = stored.record;
    if (state === "running" && rev === 2) times.taken.push(performance.now() - sentMs);
    if (state === "succeeded") times.shown.push(performance.now() - storedMs + (timings.upload ?? 0));
    if (state === "succeeded" || state === "failed") ended(stored.record);
    return stored;
  };
  const put: typeof files.put = async (...file) => {
    const stored = await files.put(...file);
    storedMs = performance.now();
    return stored;
  };
  const presets = loadPresets(PRESETS_DIR);
  const sqs = createSqsClient({ region: "us-east-1", endpoint: cloud.sqsEndpoint, credentials });
  const messages = sqsQueue({ client: sqs, urls: cloud.urls, clock: systemClock });
  const log = createLog({ level: "silent" });
  const worker = createWorker({
    ...{ records: { ...records, replace }, files: { ...files, put }, clock: systemClock, times: S3_CLAIM_TIMES },
    ...{ queue: withLanes(messages, new Set(LANES), systemClock), ...(await builtInSetup()), slots: 1 },
    ...{
      handlers: createHandlers({ presets }),
      kinds: kindsWith(presets, ["warp"]),
      workRoot: dir,
      log,
      signer: openSigner({ signing: { file: join(dir, "signing.pem") }, version: "bench", log, clock: systemClock }),
      marker: openMarker({ marking: { file: join(dir, "mark.key") }, log, clock: systemClock }),
    },
  });
  const running = worker.run();
  try {
    const image = await upload(cloud, readFileSync(ASTRONAUT));
    for (let run = 0; run <= RUNS; run++) {
      const end = new Promise<JobRecord>((resolve) => {
        ended = resolve;
      });
      sentMs = performance.now();
      await ask(cloud, "/v1/jobs", {
        kind: "animate",
        inputs: { image: { upload: image } },
        params: { preset: "blink" },
      });
      const { state, error } = await end;
      if (state !== "succeeded") throw new Error(JSON.stringify(error));
      // the worker acknowledges, and waits for the next
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } finally {
    await worker.stop({ graceMs: 0 });
    await running;
    for (const client of [s3.client, sqs]) client.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
  // the first one also waits for the engine to start
  return { taken: times.taken.slice(1), shown: times.shown.slice(1) };
}

type Cloud = {
  api: number;
  s3: number;
  sqs: number;
  s3Endpoint: string;
  sqsEndpoint: string;
  urls: Record<string, string>;
  key: string;
  /** What the API's process has used of the processor so far. */
  apiCpuMs(): number;
};

async function withCloud<T>(use: (cloud: Cloud) => Promise<T>): Promise<T> {
  const children: ChildProcess[] = [];
  const dir = await mkdtemp(join(tmpdir(), "smileloop-bench-"));
  const log = openSync(join(dir, "log"), "w");
  const start = async <S>(script: string, args: string[], env: Record<string, string> = {}): Promise<S> => {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(process.execPath, [path, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", log],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} has ended: ${readFileSync(join(dir, "log"), "utf8")}`);
    return JSON.parse(value as string) as S;
  };
  try {
    const { endpoint: s3Endpoint } = await start<{ endpoint: string }>("aws-doubles.ts", ["s3"]);
    const { endpoint: sqsEndpoint } = await start<{ endpoint: string }>("aws-doubles.ts", ["sqs"]);
    const urls = Object.fromEntries(LANES.map((name) => [name, `${sqsEndpoint}/000000000000/${name}`]));
    const queues = Object.entries(urls).map((pair) => pair.join("="));
    const { key } = makeApiKey(OWNER);
    const env = {
      ...{ BUCKET: "smileloop", S3_ENDPOINT: s3Endpoint, SQS_ENDPOINT: sqsEndpoint, QUEUES: queues.join() },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      API_KEYS: `${OWNER}:${apiKeySha256(key)}`,
    };
    const { port: api } = await start<{ port: number }>("aws-api.ts", [], env);
    const { pid } = children.at(-1)!;
    const [s3, sqs] = [s3Endpoint, sqsEndpoint].map((url) => Number(new URL(url).port));
    return await use({ api, s3: s3!, sqs: sqs!, s3Endpoint, sqsEndpoint, urls, key, apiCpuMs: () => cpuMsOf(pid!) });
  } finally {
    for (const child of children) child.kill("SIGKILL");
    closeSync(log);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** User and system time; the kernel counts in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function load(mode: string, seconds: number, much: number, what: string, target: object): Promise<LoadResult> {
  const args = [LOAD, mode, `${seconds}`, `${much}`, what, JSON.stringify(target)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as LoadResult;
}

async function upload(cloud: Cloud, picture: Uint8Array): Promise<string> {
  const target = await ask(cloud, "/v1/uploads", { content_type: "image/jpeg", size: picture.byteLength });
  const { url, headers, id } = target as { url: string; headers: Record<string, string>; id: string };
  const reply = await fetch(url, { method: "PUT", headers, body: Buffer.from(picture) });
  if (!reply.ok) throw new Error(await reply.text());
  return id;
}

async function ask(cloud: Cloud, path: string, body: object): Promise<unknown> {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${cloud.key}` };
  const url = `http://127.0.0.1:${cloud.api}${path}`;
  const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(await reply.text());
  return reply.json();
}
