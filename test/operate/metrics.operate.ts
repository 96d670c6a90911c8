/** What Prometheus reads: of a server that does jobs, on an address for nothing else, and of a worker. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { postJson, upload } from "../support/client.ts";
import { killed, until } from "../support/processes.ts";
import { freePort } from "../support/proxies.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { processTree, type ServerProcess, startServer } from "../support/server.ts";
import { MARK_KEY, SIGNING_KEY } from "../support/signing.ts";
import { wavBytes } from "../support/silence.ts";
import { openSqs } from "../support/sqs.ts";

const ECHO = join(import.meta.dirname, "../echo/server.ts");
const ENGINE = "engine-process.ts";
const WORKER = join(import.meta.dirname, "../../functions/worker.ts");
let server: ServerProcess | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

async function start(env: Record<string, string> = {}): Promise<string> {
  server = await startServer({ script: ECHO, env: { WARP_PROCESSES: "1", ...env } });
  return server.url;
}

const read = async (url: string) => (await fetch(`${url}/metrics`)).text();

/** The value of a sample, with its labels in any order; undefined where there is none. */
function sample(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const found = lines.find((line) => pairs.every((pair) => line.includes(pair)));
  return found === undefined ? undefined : Number(found.split(" ").at(-1));
}

async function create(url: string, word: string, pauseMs = 0): Promise<string> {
  const inputs = { sound: { upload: await upload(url, wavBytes(2), "audio/wav") } };
  const params = { word, pause_ms: pauseMs };
  const reply = await postJson(`${url}/v1/jobs`, { kind: "echo", inputs, params });
  return ((await reply.json()) as { id: string }).id;
}

type View = { status: string; progress: { stage: string } };
const viewOf = async (url: string, id: string) => (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as View;
const stateOf = async (url: string, id: string) => (await viewOf(url, id)).status;

test("jobs, stages, queues, lost engines and requests are counted; no path and no id is a label", async () => {
  const url = await start();
  const done = await create(url, "hi");
  await until(async () => (await stateOf(url, done)) === "succeeded");
  const [long, waiting] = [await create(url, "long", 60_000), await create(url, "waits")];
  await until(async () => (await stateOf(url, long)) === "running");
  await fetch(`${url}/nothing/here`);
  await until(async () => (sample(await read(url), "smileloop_queue_oldest_seconds", { queue: "echo" }) ?? 0) > 0);

  const text = await read(url);
  const jobs = (state: string) => sample(text, "smileloop_jobs_total", { kind: "echo", state });
  expect([jobs("queued"), jobs("succeeded"), jobs("failed")]).toEqual([3, 1, undefined]);
  for (const stage of ["queued", "download", "upload"]) {
    expect(sample(text, "smileloop_job_stage_seconds_count", { kind: "echo", stage })).toBe(1);
  }
  expect(sample(text, "smileloop_queue_depth", { queue: "echo" })).toBe(1);
  expect(sample(text, "smileloop_queue_held", { queue: "echo" })).toBe(1);
  expect(sample(text, "smileloop_queue_oldest_seconds", { queue: "warp" })).toBe(0);
  const requests = (labels: Record<string, string>) =>
    sample(text, "smileloop_http_request_duration_seconds_count", labels);
  expect(requests({ route: "/v1/jobs", method: "POST", status: "202" })).toBe(3);
  expect(requests({ route: "none", method: "GET", status: "404" })).toBe(1);
  expect(requests({ route: "/v1/jobs/:id", method: "GET", status: "200" })).toBeGreaterThan(0);
  expect(text).not.toMatch(new RegExp(`${done}|${waiting}|nothing`));
  expect(text).toMatch(/^smileloop_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  await until(async () => sample(await read(url), "smileloop_ready") === 1);
});

test.skipIf(process.platform !== "linux")(
  "an engine that was killed is counted, on an address for figures alone",
  async () => {
    const url = await start({ METRICS: "127.0.0.1:0" });
    await until(() => /"event":"started"/.test(server!.stderr()));
    const [, figures = ""] = /"metrics":"(http[^"]+)\/metrics"/.exec(server!.stderr()) ?? [];
    expect([(await fetch(figures)).status, (await fetch(`${url}/metrics`)).status]).toEqual([404, 404]);
    const id = await create(url, "hi", 3_000);
    // a job that is running may still be fetched: only one that its engine has begun is lost with it
    await until(async () => (await viewOf(url, id)).progress.stage === "listen");
    const isEngine = (pid: number) => {
      const args = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return args.includes(ENGINE) && !args.includes("--checks");
    };
    process.kill(processTree(server!.pid).find(isEngine)!, "SIGKILL");
    await until(async () => (await stateOf(url, id)) === "succeeded");
    await until(async () => sample(await read(figures), "smileloop_jobs_total", { state: "succeeded" }) === 1);
    const text = await read(figures);
    const reason = "engine_crashed";
    expect(sample(text, "smileloop_engine_restarts_total", { queue: "echo", process: "engine", reason })).toBe(1);
    expect(sample(text, "smileloop_jobs_total", { state: "requeued" })).toBe(1);
  },
);

test("a worker that runs by itself has them on a port", async () => {
  const [bucket, sqs] = await Promise.all([openBucket(), openSqs(["warp"])]);
  const dir = mkdtempSync(join(tmpdir(), "smileloop-"));
  let child: ChildProcess | null = null;
  onTestFinished(async () => {
    if (child) await killed(child);
    await Promise.all([bucket.close(), sqs.close()]);
    rmSync(dir, { recursive: true });
  });
  const port = await freePort();
  const env = {
    ...{ PATH: process.env.PATH, AWS_ACCESS_KEY_ID: ADMIN.accessKeyId, AWS_SECRET_ACCESS_KEY: ADMIN.secretAccessKey },
    ...{ BUCKET: bucket.bucket, S3_ENDPOINT: bucket.double.endpoint, SQS_ENDPOINT: sqs.endpoint, WORK_DIR: dir },
    ...{ QUEUES: `warp=${sqs.endpoint}/000000000000/warp`, SPOT_METADATA_URL: "none", WARP_PROCESSES: "1" },
    ...{ LOG_LEVEL: "error", METRICS: String(port), SIGNING_KEY, MARK_KEY },
  };
  child = spawn(process.execPath, [WORKER], { env, stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => sample(await read(url).catch(() => ""), "smileloop_ready") === 1);
  const text = await read(url);
  expect(sample(text, "smileloop_queue_depth", { queue: "warp" })).toBe(0);
  expect(sample(text, "smileloop_queue_oldest_seconds", { queue: "warp" })).toBe(0);
});
