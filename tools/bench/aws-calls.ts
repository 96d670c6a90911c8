/**
 * What one `animate` job asks of S3 and SQS, counted at the doubles while the real API, worker and sweeper do it, by a clock
 * that is held. The counts are written to `aws-calls.json`, from which costs are computed; `test/e2e/s3-home.test.ts` holds them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "@smileloop/core/clock.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { sweepAlone } from "@smileloop/core/jobs/sweep.ts";
import { createLog } from "@smileloop/core/log.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createAdmission } from "@smileloop/core/scale/admission.ts";
import { BULK_LOOK_MS, withLanes } from "@smileloop/core/scale/lanes.ts";
import { holdClaim } from "@smileloop/worker/claim.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { CLAIM_TIMES } from "@smileloop/worker/run-job.ts";
import { createWorker, POLL_MS, type WorkerOptions } from "@smileloop/worker/worker.ts";
import { serveQueueEvent } from "../../functions/setup/queue-event.ts";
import { S3_CLAIM_TIMES } from "../../functions/setup/s3-home.ts";
import { lanesOf } from "../../infra/policy/engines.ts";
import { jpegBytes, type TestApi, testApi } from "../../test/support/api.ts";
import { openBucket } from "../../test/support/s3.ts";
import { marker, unsigned } from "../../test/support/signing.ts";
import { openSqs } from "../../test/support/sqs.ts";
import { STUB } from "../../test/support/worker.ts";

const LANES = lanesOf({ name: "warp" });

/** How often, by the name of the operation. */
export type Counts = { s3: Record<string, number>; sqs: Record<string, number> };
/** How often in each step, by service, operation and what it is about: `S3 PutObject record`. */
export type Steps = Record<string, Record<string, number>>;
type AwsCalls = {
  /** Each call from upload to download, with one poll; the worker is idle in a long poll and works for less than 2 s. */
  steps: Steps;
  job: Counts;
  /** The same job behind an event source of Lambda, which receives and deletes the message itself. */
  lambdaJob: Counts;
  /** What an Idempotency-Key adds. */
  idempotencyKey: Counts;
  poll: Counts;
  /** Each further minute that a job is worked on. */
  minuteOfWork: Counts;
  /** What sweeps do about one job and its upload until nothing is left of them, besides their own listings. */
  after: Counts;
  /** A sweep that finds nothing to do, under its lease. */
  sweep: Counts;
  /** A minute of a worker without work. */
  idleMinute: Counts;
};

export type AwsHome = Awaited<ReturnType<typeof openAwsHome>>;

const MINUTE_MS = 60_000;
const POLL = "poll that finds it done";
const NO_CALLS: Counts = { s3: {}, sqs: {} };

/** API and worker over the doubles. `engine`: other processes than stubs. `clock`: one that runs. */
export async function openAwsHome(options: { engine?: Partial<WorkerOptions>; clock?: Clock } = {}) {
  const bucket = await openBucket(options.clock ? { clock: options.clock } : {});
  const queues = new Set<string>(LANES);
  const sqs = await openSqs([...queues]);
  const dir = mkdtempSync(join(tmpdir(), "smileloop-aws-"));
  const clock = options.clock ?? bucket.clock;
  const sent = sqsQueue({ ...sqs, clock });
  const queue = { ...sent, ...withLanes(sent, queues, clock) };
  const store = { records: s3Records({ ...bucket, clock }), files: s3Files({ ...bucket, clock }), queue, clock };
  const log = createLog({ level: "silent" });
  const admission = createAdmission({ ...store, log, queues, launched: new Set() });
  const api = testApi({}, { ...store, admission, localLinks: null });
  await api.listen();
  const worker = createWorker({
    ...{ ...api.deps, ...store, handlers: createHandlers(api.deps), times: S3_CLAIM_TIMES, log },
    ...{ workRoot: join(dir, "work"), queueName: "warp", slots: 1, signer: unsigned, marker },
    engineCommand: { command: process.execPath, args: [STUB] },
    checkerCommand: { command: process.execPath, args: [STUB, "--kinds", ""] },
    ...options.engine,
  });
  return {
    ...{ bucket, sqs, queue, store, api, worker },
    /** The calls since the last time, by name. Those that only a clock put forward causes are left out. */
    calls(): Record<string, number> {
      const seen = bucket.double.seen.splice(0).filter(({ status }) => status !== 403);
      const names = [
        ...seen.map(({ operation, key }) => `S3 ${operation} ${nameOf(key)}`.trim()),
        ...sqs.calls.splice(0).map(({ action }) => `SQS ${action}`),
      ];
      const counts: Record<string, number> = {};
      for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
      return counts;
    },
    async close() {
      await worker.stop({ graceMs: 0 });
      await Promise.all([api.close(), sqs.close(), bucket.close()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function countCalls(): Promise<AwsCalls> {
  const home = await openAwsHome();
  try {
    // the first one of a process finds where the audit ends
    await oneJob(home);
    const { steps } = await oneJob(home);
    const job = countsOf(steps);
    const { steps: lambdaSteps } = await oneJob(home, { take: takeAsLambda });
    const { steps: keyedSteps } = await oneJob(home, { headers: { "Idempotency-Key": "one" } });
    return {
      ...{ steps, job, lambdaJob: countsOf(lambdaSteps) },
      idempotencyKey: less(countsOf(keyedSteps), job),
      poll: countsOf({ poll: steps[POLL]! }),
      minuteOfWork: await aMinuteOfWork(home),
      ...(await theSweeps()),
      // both lanes, and each time that it looks into them again (core/scale/lanes.ts)
      idleMinute: { s3: {}, sqs: { ReceiveMessage: (MINUTE_MS / POLL_MS) * (2 + 2 * (POLL_MS / BULK_LOOK_MS)) } },
    };
  } finally {
    await home.close();
  }
}

type JobOptions = {
  picture?: Uint8Array;
  headers?: Record<string, string>;
  /** How the worker comes to its message. */
  take?: (home: AwsHome) => Promise<unknown>;
};

/** A job from upload to download; answers its id and what each step has asked. */
export async function oneJob(home: AwsHome, options: JobOptions = {}): Promise<{ id: string; steps: Steps }> {
  const { api, calls } = home;
  const { picture = jpegBytes(), headers = {}, take = ({ worker }) => worker.runOnce() } = options;
  const steps: Steps = {};
  const done = (step: string) => {
    steps[step] = calls();
  };
  calls();
  const id = await upload(api, picture);
  done("client uploads the picture");
  const ask = { kind: "animate", inputs: { image: { upload: id } }, params: { preset: "blink" } };
  const job = (await post(api, "/v1/jobs", ask, headers)) as { id: string };
  done("API accepts the job");
  await take(home);
  done("worker takes it to its end");
  const reply = await fetch(`${api.url}/v1/jobs/${job.id}`);
  const view = (await reply.json()) as { status: string; outputs: { video?: { url: string } } };
  done(POLL);
  const url = view.outputs.video?.url;
  if (url === undefined) throw new Error(`The job is ${view.status}.`);
  await (await fetch(url)).arrayBuffer();
  done("client downloads the video");
  return { id: job.id, steps };
}

async function upload(api: TestApi, picture: Uint8Array): Promise<string> {
  const target = await post(api, "/v1/uploads", { content_type: "image/jpeg", size: picture.byteLength });
  const { url, headers, id } = target as { url: string; headers: Record<string, string>; id: string };
  const reply = await fetch(url, { method: "PUT", headers, body: Buffer.from(picture) });
  if (!reply.ok) throw new Error(await reply.text());
  return id;
}

async function post(api: TestApi, path: string, body: object, more: Record<string, string> = {}): Promise<unknown> {
  const headers = { "Content-Type": "application/json", ...more };
  const reply = await fetch(`${api.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(await reply.text());
  return reply.json();
}

/** What the event source does, and the handler in between. */
async function takeAsLambda({ sqs, queue, worker }: AwsHome): Promise<void> {
  const message = await sqs.take("warp", 60);
  if (!message) throw new Error("There is no message.");
  const options = { worker, queue, queueName: "warp", log: createLog({ level: "silent" }) };
  const { batchItemFailures } = await serveQueueEvent(
    options,
    { Records: [message] },
    { getRemainingTimeInMillis: () => 600_000 },
  );
  if (batchItemFailures.length > 0) throw new Error("The message was not done.");
  await sqs.drop("warp", message.receiptHandle);
  for (const action of ["ReceiveMessage", "DeleteMessage"]) sqs.calls.push({ action, body: {}, by: "lambda" });
}

/** The second minute of a job whose engine says each second how far it is. */
async function aMinuteOfWork(home: AwsHome): Promise<Counts> {
  const { store, api, queue, calls, bucket } = home;
  const id = await upload(api, jpegBytes());
  await post(api, "/v1/jobs", { kind: "animate", inputs: { image: { upload: id } }, params: { preset: "blink" } });
  const signal = new AbortController().signal;
  const message = (await queue.receive("warp", { leaseMs: MINUTE_MS, waitMs: 0, signal }))!;
  const token = await api.worker.claim(message);
  const claim = holdClaim({
    ...{
      store,
      token,
      stored: (await store.records.get(message.owner, message.id))!,
      log: createLog({ level: "silent" }),
    },
    times: { ...CLAIM_TIMES, ...S3_CLAIM_TIMES },
    onBeat: () => message.extend(MINUTE_MS),
  });
  const minute = async () => {
    for (let second = 0; second < 60; second++) {
      const { percent } = claim.seen().record.progress ?? { percent: 0 };
      claim.report({ stage: "render", done: 1, total: 2, percent: percent + 0.1 });
      // in steps, so that what a reply sets going is at its time
      for (let part = 0; part < 4; part++) {
        await bucket.clock.advance(250);
        await quiet(home);
      }
    }
  };
  await minute();
  calls();
  await minute();
  const counted = countsOf({ minute: calls() });
  await claim.release();
  await api.worker.fail(message, token, { code: "internal", detail: "It was only for the counting." });
  await message.ack();
  calls();
  return counted;
}

/** Until no call is under way. */
async function quiet({ bucket, sqs }: AwsHome): Promise<void> {
  for (let before = -1; ; ) {
    const now = bucket.double.seen.length + sqs.calls.length;
    if (now === before && sqs.open === 0) return;
    before = now;
    await delay(3);
  }
}

/** A job's life after its end, sweep by sweep, until the bucket is empty; and a sweep of nothing. */
async function theSweeps(): Promise<Pick<AwsCalls, "after" | "sweep">> {
  const home = await openAwsHome();
  const { store, calls, bucket } = home;
  try {
    const sweeps = async () => {
      const swept = await sweepAlone(store, { forgetKeys: false });
      if (swept?.failed !== 0) throw new Error("A sweep has failed.");
      return countsOf({ sweep: calls() });
    };
    calls();
    const sweep = await sweeps();
    await oneJob(home);
    let after = NO_CALLS;
    for (const minutes of [6, 60, 61, 24 * 60]) {
      await bucket.clock.advance(minutes * MINUTE_MS);
      // the first call after a leap of the clock is refused and sent again
      await store.records.get("local", "0".repeat(32)).catch(() => {});
      calls();
      after = plus(after, less(await sweeps(), sweep));
    }
    const left = bucket.double.store.keys().filter((key) => !/^(locks|audit|owners)\//.test(key));
    if (left.length > 0) throw new Error(`There is something left: ${left.join(", ")}`);
    return { after, sweep };
  } finally {
    await home.close();
  }
}

/** What lies under a key. */
function nameOf(key: string): string {
  const [first = "", , , kind = ""] = key.split("/");
  if (first === "jobs") return { in: "input", out: "output", "job.json": "record" }[kind] ?? "folder";
  return { uploads: "upload", due: "timer", idempotency: "key", locks: "lock" }[first] ?? "";
}

/** By operation alone. */
export function countsOf(steps: Steps): Counts {
  const counts: Counts = { s3: {}, sqs: {} };
  for (const [call, count] of Object.values(steps).flatMap((calls) => Object.entries(calls))) {
    const [service = "", operation = ""] = call.split(" ");
    const of = service === "S3" ? counts.s3 : counts.sqs;
    of[operation] = (of[operation] ?? 0) + count;
  }
  return counts;
}

export function totalOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function plus(a: Counts, b: Counts, sign = 1): Counts {
  const add = (x: Record<string, number>, y: Record<string, number>) => {
    const names = [...new Set([...Object.keys(x), ...Object.keys(y)])];
    const sums = names.map((name) => [name, (x[name] ?? 0) + sign * (y[name] ?? 0)] as const);
    return Object.fromEntries(sums.filter(([, count]) => count !== 0));
  };
  return { s3: add(a.s3, b.s3), sqs: add(a.sqs, b.sqs) };
}

function less(a: Counts, b: Counts): Counts {
  return plus(a, b, -1);
}
