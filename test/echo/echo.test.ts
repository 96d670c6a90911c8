/**
 * The proof that the house is open: a kind with an engine, and a plan, that are entries of public lists and nothing else, go
 * from upload to result on every home, also where the worker is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@smileloop/core/clock.ts";
import { readEnv } from "@smileloop/core/env.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { childId } from "@smileloop/core/job/ids.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PLAN_WORKER } from "../../functions/engines/index.ts";
import { jpegBytes, testApi } from "../support/api.ts";
import { postJson, upload } from "../support/client.ts";
import { fastTime } from "../support/fast-time.ts";
import { killed, until } from "../support/processes.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { startServer } from "../support/server.ts";
import { marker, unsigned } from "../support/signing.ts";
import { wavBytes } from "../support/silence.ts";
import { openSqs } from "../support/sqs.ts";
import { echoEngine, LISTS } from "./lists.ts";
import type { EchoWorker } from "./worker.ts";

const SCRIPTS = import.meta.dirname;
const SOUND = wavBytes(2);
const says = (word: string) => `${word}: ${SOUND.length} bytes of audio/wav`;
const THREE = `${["one", "two", "three"].map((each) => says(`hi ${each}`)).join("\n")}\n`;

type Job = {
  id: string;
  status: string;
  attempt: number;
  outputs: Record<string, { content_type: string; url: string }>;
};
type Ask = { kind: string; word: string; pause_ms?: number };

let cleanUp: (() => Promise<unknown> | unknown)[];
beforeEach(() => {
  cleanUp = [];
});
afterEach(async () => {
  // all of it, also where one fails
  const failures: unknown[] = [];
  for (const clean of cleanUp.reverse())
    await Promise.resolve()
      .then(clean)
      .catch((error: unknown) => failures.push(error));
  expect(failures).toEqual([]);
});

async function create(url: string, { kind, ...params }: Ask): Promise<Job> {
  const inputs = { sound: { upload: await upload(url, SOUND, "audio/wav") } };
  const reply = await postJson(`${url}/v1/jobs`, { kind, inputs, params });
  expect(reply.status, await reply.clone().text()).toBe(202);
  return (await reply.json()) as Job;
}

const read = async (url: string, id: string) => (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as Job;

/** The job when it has ended, and what its output says. */
async function ended(url: string, id: string, output: string): Promise<{ job: Job; text: string }> {
  await until(async () => ["succeeded", "failed", "canceled"].includes((await read(url, id)).status));
  const job = await read(url, id);
  expect(job).toMatchObject({ status: "succeeded", outputs: { [output]: { content_type: "text/plain" } } });
  return { job, text: await (await fetch(`${url}/v1/jobs/${id}/outputs/${output}`)).text() };
}

const kinds = (presets: Parameters<typeof createKinds>[0]["presets"] = new Map()) =>
  createKinds({
    ...{ kinds: LISTS.kinds, presets },
    engines: { known: LISTS.engines, serve: new Map([["echo", ["echo"]]]) },
  });

function workDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-echo-"));
  cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Everything in this process; the clock can be put forward. */
async function inMemory() {
  let aheadMs = 0;
  const clock: Clock = { now: () => Date.now() + aheadMs, sleep: systemClock.sleep };
  const localLinks = createLocalLinks(Buffer.alloc(32, 7));
  const store = {
    ...{ records: memoryRecords({ clock }), files: memoryFiles({ clock, links: localLinks }) },
    ...{ queue: memoryQueue({ clock }), clock },
  };
  const api = testApi({}, { ...store, localLinks, kinds: kinds() });
  await api.listen();
  const { engine } = await echoEngine.find(readEnv({}));
  const work = (queue: "echo" | "plans", workRoot = workDir()) => {
    const handlers = createHandlers({ presets: new Map() }, LISTS.handlers);
    const times = { beatMs: 200, lookMs: 50, progressMs: 50 };
    const setup = queue === "echo" ? engine! : PLAN_WORKER;
    const worker = createWorker({
      ...api.deps,
      ...store,
      signer: unsigned,
      marker,
      handlers,
      times,
      workRoot,
      ...setup,
    });
    const running = worker.run();
    cleanUp.push(async () => {
      await worker.stop({ graceMs: 0 });
      await running;
    });
  };
  cleanUp.push(() => api.close());
  const forward = (ms: number) => {
    aheadMs += ms;
  };
  return { ...store, url: api.url, work, forward };
}

describe("in memory", () => {
  test("a sound becomes a text, and the catalogue says so", async () => {
    const { url, work } = await inMemory();
    work("echo");
    const { id } = await create(url, { kind: "echo", word: "hello" });
    expect(await ended(url, id, "text")).toMatchObject({ job: { attempt: 1 }, text: says("hello") });
    const catalogue = (await (await fetch(`${url}/v1/kinds`)).json()) as { kinds: { name: string }[] };
    const known = LISTS.kinds.filter(({ internal }) => !internal);
    expect(catalogue.kinds.map(({ name }) => name)).toEqual(known.map(({ name }) => name));
    const picture = await upload(url, jpegBytes(), "image/jpeg");
    const refused = await postJson(`${url}/v1/jobs`, {
      ...{ kind: "echo", inputs: { sound: { upload: picture } }, params: { word: "no" } },
    });
    const { code, errors } = (await refused.json()) as { code: string; errors: { loc: string[] }[] };
    expect([refused.status, code, errors[0]?.loc]).toEqual([415, "unsupported_type", ["body", "inputs", "sound"]]);
  });

  test("a worker that died is followed by another", async () => {
    const { url, work, forward, queue, ...store } = await inMemory();
    const { id } = await create(url, { kind: "echo", word: "again" });
    const dead = { by: "worker", do: "claim", token: "dead", worker: "dead", leaseAlive: false } as const;
    await updateJob({ ...store, queue }, "local", id, () => dead);
    forward(61_000);
    work("echo");
    expect(await ended(url, id, "text")).toMatchObject({ job: { attempt: 2 }, text: says("again") });
  });

  test("a plan has three done and puts them together; a cancel reaches those that are at work", async () => {
    const { url, work, records } = await inMemory();
    work("echo");
    work("plans");
    const { id } = await create(url, { kind: "echo_all", word: "hi" });
    expect((await ended(url, id, "texts")).text).toBe(THREE);
    const { jobs } = (await (await fetch(`${url}/v1/jobs`)).json()) as { jobs: { id: string }[] };
    expect(jobs.map((job) => job.id)).toEqual([id]);
    expect((await fetch(`${url}/v1/jobs/${childId(id, 0)}`)).status).toBe(404);

    const slow = await create(url, { kind: "echo_all", word: "long", pause_ms: 60_000 });
    await until(async () => (await records.get("local", childId(slow.id, 0)))?.record.state === "running");
    expect((await postJson(`${url}/v1/jobs/${slow.id}/cancel`, {})).status).toBeLessThan(300);
    const stateOf = async (n: number) => (await records.get("local", childId(slow.id, n)))?.record.state;
    await until(async () => [await stateOf(0), await stateOf(1), await stateOf(2)].every((it) => it === "canceled"));
    // the plan follows its children
    await until(async () => (await read(url, slow.id)).status === "canceled");
  });
});

describe("on disk", () => {
  test("a server that is killed in the middle of a plan ends it after its next start", async () => {
    const dataDir = workDir();
    const start = () => startServer({ dataDir, script: join(SCRIPTS, "server.ts"), env: { WARP_PROCESSES: "1" } });
    const first = await start();
    cleanUp.push(() => first.stop("SIGKILL"));
    const { id } = await create(first.url, { kind: "echo_all", word: "hi", pause_ms: 1500 });
    await until(async () => (await read(first.url, id)).status === "waiting");
    const single = await create(first.url, { kind: "echo", word: "alone" });
    await first.stop("SIGKILL");
    const second = await start();
    cleanUp.push(() => second.stop());
    expect((await ended(second.url, id, "texts")).text).toBe(THREE);
    expect((await ended(second.url, single.id, "text")).text).toBe(says("alone"));
  });
});

describe("on S3 and SQS", () => {
  /** A lease of 60 s is 3 s of the machine's. */
  const SPEED = 20;

  test("workers that are killed leave nothing undone", async () => {
    const startMs = Date.now();
    const time = fastTime({ speed: SPEED, startMs, skewMs: 0 });
    const { clock } = time;
    cleanUp.push(() => time.restore());
    const bucket = await openBucket({ clock });
    cleanUp.push(() => bucket.close());
    const sqs = await openSqs(["echo", "plans"]);
    cleanUp.push(() => sqs.close());
    const store = {
      ...{ records: s3Records({ ...bucket, clock }), files: s3Files({ ...bucket, clock }), clock },
      queue: sqsQueue({ ...sqs, clock }),
    };
    const api = testApi({}, { ...store, localLinks: null, kinds: kinds() });
    await api.listen();
    cleanUp.push(() => api.close());
    const settings = (queue: string): EchoWorker => ({
      s3: { endpoint: bucket.double.endpoint, bucket: bucket.bucket, ...ADMIN },
      sqs: { endpoint: sqs.endpoint, urls: sqs.urls },
      time: { speed: SPEED, startMs, skewMs: 0 },
      ...{ workRoot: workDir(), queue },
    });
    const work = (queue: string): ChildProcess => {
      const args = [join(SCRIPTS, "worker.ts"), JSON.stringify(settings(queue))];
      const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "ignore"] });
      cleanUp.push(() => killed(child));
      return child;
    };
    const sweeping = setInterval(() => void sweepOnce(store).catch(() => {}), 60_000 / SPEED);
    cleanUp.push(() => clearInterval(sweeping));
    const stateOf = async (id: string) => (await store.records.get("local", id))?.record.state;

    const plans = work("plans");
    const first = work("echo");
    const { id } = await create(api.url, { kind: "echo_all", word: "hi", pause_ms: 500 });
    await until(async () => (await stateOf(childId(id, 0))) === "running");
    first.kill("SIGKILL");
    plans.kill("SIGKILL");
    work("echo");
    work("plans");
    expect((await ended(api.url, id, "texts")).text).toBe(THREE);
    const attempts = await Promise.all([0, 1, 2].map(async (n) => (await store.records.get("local", childId(id, n)))!));
    // a holder that a busy machine makes late for its lease costs one more
    expect(Math.max(...attempts.map(({ record }) => record.attempt))).toBeGreaterThan(1);
  });
});
