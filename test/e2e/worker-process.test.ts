/** A worker as a container runs it, over S3 and SQS on loopback: how it ends. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import type { Queue } from "@smileloop/core/queue.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { standInCheckout, standInPython } from "../support/liveportrait.ts";
import { killed, until } from "../support/processes.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { MARK_KEY, SIGNING_KEY } from "../support/signing.ts";
import { openSqs, type SqsHome } from "../support/sqs.ts";
import type { StubScript } from "../support/stub-engine.ts";
import { STUB } from "../support/worker.ts";

const WORKER = join(import.meta.dirname, "../../functions/worker.ts");
const RUN_WORKER = join(import.meta.dirname, "../../functions/setup/run-worker.ts");
const HEALTH = join(import.meta.dirname, "../../gpu-container/health.mjs");
const portrait = readFileSync(join(import.meta.dirname, "../fixtures/grace_hopper.jpg"));

let bucket: Awaited<ReturnType<typeof openBucket>>;
let sqs: SqsHome;
let imds: Server;
let dir: string;
let child: ChildProcess | null = null;
let takenAway = false;

beforeEach(async () => {
  [bucket, sqs] = await Promise.all([openBucket(), openSqs(["warp", "liveportrait"])]);
  dir = mkdtempSync(join(tmpdir(), "smileloop-"));
  takenAway = false;
  imds = createServer((request, response) => {
    if (request.method === "PUT") return response.end("token");
    return takenAway ? response.end('{"action":"terminate","time":"soon"}') : response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => imds.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  if (child) await killed(child);
  child = null;
  imds.closeAllConnections();
  await Promise.all([bucket.close(), sqs.close(), new Promise((resolve) => imds.close(resolve))]);
  rmSync(dir, { recursive: true });
});

/** Starts it; resolves with its exit code when it has ended. */
async function runWorker(more: Record<string, string> = {}, script = [WORKER]): Promise<number | null> {
  child = spawn(process.execPath, script, {
    env: {
      ...{ PATH: process.env.PATH, AWS_ACCESS_KEY_ID: ADMIN.accessKeyId, AWS_SECRET_ACCESS_KEY: ADMIN.secretAccessKey },
      ...{ BUCKET: bucket.bucket, S3_ENDPOINT: bucket.double.endpoint, WORK_DIR: dir, LOG_LEVEL: "error" },
      ...{ QUEUES: ["warp", "liveportrait"].map((name) => `${name}=${sqs.endpoint}/000000000000/${name}`).join() },
      ...{ SQS_ENDPOINT: sqs.endpoint, WARP_PROCESSES: "1", SIGNING_KEY, MARK_KEY },
      SPOT_METADATA_URL: `http://127.0.0.1:${(imds.address() as AddressInfo).port}`,
      ...more,
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(child, "exit");
  return code as number | null;
}

test("without work it ends after a while, and that is no failure", async () => {
  expect(await runWorker({ IDLE_EXIT_S: "1" })).toBe(0);
});

test("it goes by the list of engines that it is given", async () => {
  const stub = (...args: string[]) => ({ command: process.execPath, args: [STUB, ...args] });
  const engine = {
    queueName: "drum",
    engineCommand: stub("--engine", "drum"),
    checkerCommand: stub("--kinds", ""),
    slots: 1,
  };
  const script = `import { runWorker } from ${JSON.stringify(RUN_WORKER)};
    const find = async () => ({ engine: ${JSON.stringify(engine)}, trouble: null });
    await runWorker({ engines: [{ name: "drum", kinds: ["animate"], queues: ["drum"], meanSeconds: 1, find }] });`;
  const env = { QUEUE: "drum", QUEUES: `drum=${sqs.endpoint}/000000000000/warp`, IDLE_EXIT_S: "1" };
  expect(await runWorker(env, ["--input-type=module", "-e", script])).toBe(0);
  expect(await runWorker(env)).toBe(1);
});

/** A job in the queue of its engine. */
async function jobFor(engine: "warp" | "liveportrait", picture: Uint8Array, params: Record<string, unknown>) {
  const { clock } = bucket;
  const records = s3Records(bucket);
  const files = s3Files(bucket);
  const queue = sqsQueue({ ...sqs, clock });
  const job = { owner: "ann", kind: "animate", queue: engine, engine, estimateSeconds: 60, metadata: {} };
  const { record } = await createJob(
    { records, files, queue, clock },
    {
      ...job,
      params: { preset: "gentle_smile", ...params },
      storeInputs: async (id) => {
        const key = inputKey("ann", id, "image");
        const { bytes } = await files.put(key, chunks(picture), { type: "image/jpeg" });
        return { image: [{ key, type: "image/jpeg", bytes, source: "form" }] };
      },
    },
  );
  const state = async () => (await records.get("ann", record.id))!.record;
  return { state, isBack: () => isBack(state, queue, engine) };
}

/** Handed back: it costs the job nothing, and somebody else may take it at once. */
async function isBack(state: () => Promise<JobRecord>, queue: Queue, engine: string): Promise<void> {
  expect(await state()).toMatchObject({ state: "queued", attempt: 1, failures: 0, claim: null });
  expect(await queue.depth(engine)).toEqual({ waiting: 1, held: 0 });
}

test("before its machine is taken away it hands the job back", async () => {
  const { state, isBack } = await jobFor("warp", portrait, { duration: 10, fps: 60, size: 1024 });
  const exit = runWorker();
  await until(async () => (await state()).state === "running");
  takenAway = true;
  expect(await exit).toBe(75);
  await isBack();
});

describe("with an engine on a graphics card (a stand-in)", () => {
  const runGpuWorker = () =>
    runWorker({
      ...{ QUEUE: "liveportrait", ENGINES: "animate=liveportrait" },
      LIVEPORTRAIT_ROOT: standInCheckout(join(dir, "LivePortrait")),
      LIVEPORTRAIT_PYTHON: standInPython(join(dir, "python")),
    });
  /** A real portrait, because the real checker casts it. */
  const scripted = (script: StubScript) => Buffer.concat([portrait, Buffer.from(`\n${JSON.stringify(script)}`)]);
  const health = () => spawnSync(process.execPath, [HEALTH], { env: { WORK_DIR: dir } });

  test("told to stop (SIGTERM) it hands the job back, and was healthy until then", async () => {
    expect(health().status).toBe(1);
    const { state, isBack } = await jobFor("liveportrait", scripted({ run: "forever" }), {});
    const exit = runGpuWorker();
    await until(async () => (await state()).state === "running");
    await until(() => health().stdout.toString() === "ready\n");
    child?.kill("SIGTERM");
    expect(await exit).toBe(0);
    await isBack();
  });

  test("without the card it hands the job back and ends, not well", async () => {
    const { isBack } = await jobFor("liveportrait", scripted({ run: "deviceLost" }), {});
    expect(await runGpuWorker()).toBe(69);
    await isBack();
    expect(health().stdout.toString()).toBe("no worker\n");
  });
});

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
