/** The API with its records and files in S3 and its messages in SQS: a job's whole way, what it costs in calls, and trouble. */

import { s3Files } from "@smileloop/core/files/s3.ts";
import { sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { createLog } from "@smileloop/core/log.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createAdmission } from "@smileloop/core/scale/admission.ts";
import { withLanes } from "@smileloop/core/scale/lanes.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import calls from "../../tools/bench/aws-calls.json" with { type: "json" };
import { countCalls, totalOf } from "../../tools/bench/aws-calls.ts";
import { jpegBytes, type TestApi, testApi } from "../support/api.ts";
import { openBucket } from "../support/s3.ts";
import type { Fault } from "../support/s3-double/server.ts";
import { openSqs, type SqsHome } from "../support/sqs.ts";

const picture = jpegBytes();
const video = new Uint8Array(5_000_000).fill(7);
const HOUR_MS = 3_600_000;

let bucket: Awaited<ReturnType<typeof openBucket>>;
let sqs: SqsHome;
let api: TestApi;
beforeEach(async () => {
  bucket = await openBucket();
  sqs = await openSqs(["warp", "warp-bulk"]);
  const { clock } = bucket;
  const deps = { records: s3Records(bucket), files: s3Files(bucket), queue: sqsQueue({ ...sqs, clock }), clock };
  api = testApi({}, { ...deps, localLinks: null });
  await api.listen();
});
afterEach(async () => {
  await Promise.all([api.close(), sqs.close(), bucket.close()]);
});

type Reply = { status: number; body: Record<string, never> & { id: string } };

async function call(method: string, path: string, body?: object, more: Record<string, string> = {}): Promise<Reply> {
  const headers = { "Content-Type": "application/json", ...more };
  const reply = await fetch(`${api.url}${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
  return { status: reply.status, body: (await reply.json()) as Reply["body"] };
}

async function upload(): Promise<string> {
  const { body } = await call("POST", "/v1/uploads", { content_type: "image/jpeg", size: picture.byteLength });
  const { url, headers, id } = body as unknown as { url: string; headers: Record<string, string>; id: string };
  for (;;) {
    const reply = await fetch(url, { method: "PUT", headers, body: Buffer.from(picture) }).catch(() => null);
    if (reply?.ok || reply?.status === 412) return id;
  }
}

const ask = (id: string) => ({ kind: "animate", inputs: { image: { upload: id } }, params: { preset: "blink" } });
const receive = () =>
  api.deps.queue.receive("warp", { leaseMs: 60_000, waitMs: 0, signal: new AbortController().signal });

it("takes a job from upload to download", async () => {
  const created = await call("POST", "/v1/jobs", ask(await upload()));
  expect(created.status).toBe(202);
  const message = (await receive())!;
  await api.worker.succeed(message, await api.worker.claim(message), video);
  await message.ack();

  const { body } = await call("GET", `/v1/jobs/${message.id}`);
  const { outputs } = body as unknown as { outputs: { video: { url: string } } };
  const reply = await fetch(outputs.video.url, { headers: { Range: "bytes=4999990-" } });
  expect([reply.status, (await reply.arrayBuffer()).byteLength]).toEqual([206, 10]);

  const redirect = await fetch(`${api.url}/v1/jobs/${message.id}/outputs/video`, { redirect: "manual" });
  expect(redirect.status).toBe(302);
  expect((await fetch(redirect.headers.get("location")!)).headers.get("content-disposition")).toContain("attachment");
});

it("asks as often of S3 and SQS as the costs are computed with (`npm run bench:aws` writes them anew)", async () => {
  const counted = await countCalls();
  expect(counted).toEqual(calls);
  expect(totalOf(counted.job.s3)).toBeLessThanOrEqual(16);
  expect(totalOf(counted.lambdaJob.sqs)).toBeLessThanOrEqual(4);
});

it("lets a small client pass one that sends much", async () => {
  const { clock } = bucket;
  const { records, files, queue: sent } = api.deps;
  const queues = new Set(["warp", "warp-bulk"]);
  const queue = withLanes(sent, queues, clock);
  const log = createLog({ level: "silent" });
  const admission = createAdmission({ records, queue, clock, log, queues, launched: new Set() });
  await api.close();
  const access = { keys: new Map<string, string>(), anonymous: true };
  api = testApi({ access }, { records, files, queue, clock, admission, localLinks: null });
  await api.listen();

  const send = async (client: string) => {
    const headers = { "X-Anonymous-Token": sha256Hex(client) };
    const upload = await call("POST", "/v1/uploads", { content_type: "image/jpeg", size: picture.byteLength }, headers);
    const { url, headers: signed, id } = upload.body as unknown as { url: string; headers: object; id: string };
    await fetch(url, { method: "PUT", headers: { ...signed }, body: Buffer.from(picture) });
    return (await call("POST", "/v1/jobs", ask(id), headers)).body.id;
  };
  for (let n = 0; n < 12; n++) await send("loud");
  const small = await send("small");
  expect(await sent.depth("warp-bulk")).toEqual({ waiting: 2, held: 0 });
  expect(await queue.depth("warp")).toEqual({ waiting: 13, held: 0 });
  const order: string[] = [];
  for (let n = 0; n < 13; n++) order.push((await receive())!.id);
  expect(order.indexOf(small)).toBeLessThan(12);
  expect(new Set(order).size).toBe(13);
});

it("leaves nothing after its time", async () => {
  await call("POST", "/v1/jobs", ask(await upload()), { "Idempotency-Key": "one" });
  const message = (await receive())!;
  await api.worker.succeed(message, await api.worker.claim(message), video);
  for (const hours of [1, 1, 23, 1]) {
    await bucket.clock.advance(hours * HOUR_MS + 60_000);
    expect(await sweepOnce(api.deps)).toMatchObject({ failed: 0 });
    const { status } = await call("GET", `/v1/jobs/${message.id}`);
    expect(hours === 1 ? [200, 404, 410] : [200, 410]).toContain(status);
  }
  expect(bucket.double.store.keys().map((key) => key.split("/")[0])).toEqual(["idempotency"]);
});

it("makes each job once, whatever S3 and SQS do meanwhile", async () => {
  const uploads = await Promise.all(Array.from({ length: 12 }, upload));
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seeded(seed);
  const trouble: Fault[] = ["internal", "lost_reply", "late_error", "cut", "conflict"];
  bucket.double.faults.decide(() => (random() < 0.15 ? trouble[Math.floor(random() * trouble.length)]! : null));
  sqs.plan(() => (random() < 0.2 ? [] : random() < 0.3 ? [{}, { afterSends: 2 }] : [{}]));

  const ids = await Promise.all(
    uploads.map(async (id, n) => {
      for (;;) {
        const { status, body } = await call("POST", "/v1/jobs", ask(id), { "Idempotency-Key": `job-${n}` });
        if (status < 300) return body.id;
        expect(status, `seed ${seed}: ${JSON.stringify(body)}`).toBe(503);
      }
    }),
  );
  bucket.double.faults.decide(() => null);
  expect(new Set(ids).size, `seed ${seed}`).toBe(12);
  const page = await api.deps.records.list("local", { limit: 50 });
  expect(page.records.map(({ id }) => id).sort(), `seed ${seed}`).toEqual([...ids].sort());
  const seen = new Set<string>();
  for (let next = await receive(); next; next = await receive()) seen.add(next.id);
  expect(
    [...seen].filter((id) => !ids.includes(id)),
    `seed ${seed}`,
  ).toEqual([]);
});

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
