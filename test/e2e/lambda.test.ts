/** The bundles as Lambda runs them, over S3 and SQS on loopback: nothing that they need is anywhere but in their folders. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { lanesOf } from "../../infra/policy/engines.ts";
import manifest from "../../package.json" with { type: "json" };
import { FUNCTIONS, folderBytes } from "../../scripts/bundle.ts";
import { bundleEngine } from "../../scripts/engine-bundle.ts";
import { jpegBytes, type TestApi, testApi } from "../support/api.ts";
import { animate, getJob, type Job, postJob, postJson, SMALL, upload } from "../support/client.ts";
import { deliver } from "../support/lambda/event-source.ts";
import { startFunctionUrl } from "../support/lambda/function-url.ts";
import { openStack, type Stack } from "../support/lambda/home.ts";
import { startInvoke } from "../support/lambda/invoke.ts";
import { callsOf, queueCallsRefused } from "../support/lambda/roles.ts";
import type { Lambda } from "../support/lambda/runtime.ts";
import { manualClock } from "../support/manual-clock.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import type { StubScript } from "../support/stub-engine.ts";
import { factsIn } from "../support/stub-video.ts";
import { wavBytes } from "../support/talking-avatar.ts";

const LANES = lanesOf({ name: "warp" });

const HOUR_MS = 3_600_000;
const operator = makeApiKey("operator");

let stack: Stack;
let api: Lambda;
let worker: Lambda;
let front: Awaited<ReturnType<typeof startFunctionUrl>>;
let calls: Awaited<ReturnType<typeof startInvoke>>;
beforeAll(async () => {
  stack = await openStack(["api", "sweep", "worker-lambda", "worker"]);
  worker = await stack.start("worker-lambda");
  calls = await startInvoke({ "worker-lambda": worker });
  const env = {
    ...{ INSPECT_FUNCTION: "worker-lambda", LAMBDA_ENDPOINT: calls.url },
    OPERATOR_KEY: operator.entry,
  };
  api = await stack.start("api", { env });
  front = await startFunctionUrl(api);
});
afterAll(async () => {
  await front?.close();
  await calls?.close();
  await stack?.close();
});

// a message that a case has left is not to be the next one's
afterEach(drain);

/** A picture that tells the stub engine what to do. */
function picture(script: StubScript = {}): Uint8Array {
  return Buffer.concat([jpegBytes(), Buffer.from(`\n${JSON.stringify(script)}`)]);
}

async function newJob(script: StubScript = {}): Promise<Job> {
  const reply = await postJob(front.url, await upload(front.url, picture(script)));
  expect(reply.status).toBe(202);
  return (await reply.json()) as Job;
}

/** The stack's storage, by hands of our own: on the double's clock, or so long ago. */
function byHand(agoMs = 0): TestApi {
  const { bucket, sqs } = stack;
  const clock = agoMs > 0 ? manualClock(bucket.clock.now() - agoMs) : bucket.clock;
  const home = { client: bucket.client, bucket: bucket.bucket, clock };
  const queue = sqsQueue({ ...sqs, clock });
  return testApi({}, { records: s3Records(home), files: s3Files(home), queue, clock, localLinks: null });
}

it("the operator's view has queues, jobs and replays with the API's rights, and null for what other machines know", async () => {
  const ask = async (method: string, path: string) => {
    const headers = { Authorization: `Bearer ${operator.key}` };
    const reply = await fetch(`${front.url}/v1/operator/${path}`, { method, headers });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const { id } = await newJob();
  const overview = await ask("GET", "overview");
  expect(overview).toMatchObject({
    status: 200,
    body: { engines: null, figures: null, storage: { free_bytes: null } },
  });
  expect(overview.body.queues).toContainEqual(expect.objectContaining({ name: "warp", waiting: 1 }));
  const active = await ask("GET", "jobs?list=active");
  expect(active.body.jobs).toContainEqual(expect.objectContaining({ id, status: "queued" }));
  await fetch(`${front.url}/v1/jobs/${id}/cancel`, { method: "POST" });
  expect((await ask("GET", "jobs?list=ended")).body.jobs).toContainEqual(expect.objectContaining({ id }));
  const made = await ask("POST", `jobs/${id}/replay`);
  expect(made).toMatchObject({ status: 201, body: { kind: "animate", status: "queued" } });
  expect(await getJob(front.url, made.body.id as string)).toMatchObject({ status: "queued" });
  expect((await fetch(`${front.url}/v1/operator/overview`)).status).toBe(401);
});

describe("the bundles", () => {
  it("are small and have nothing of engines, documentation pages or tools in them; workers nothing of the API", () => {
    const foreign =
      /packages\/(engine|cli)|sharp|tensorflow|node-av|@seydx|human|swagger-ui|redoc|esbuild|vitest|test\//;
    for (const { inputs } of Object.values(stack.bundled))
      expect(inputs.filter((path) => foreign.test(path))).toEqual([]);
    const { api, sweep, "worker-lambda": lambda, worker: container } = stack.bundled;
    // 30 kB of it call the worker's function, and are loaded by the first picture to be inspected; 35 kB read lists of recipients, and are
    // loaded by the first of those; 7 kB sign events; 35 kB are the payment provider's, loaded where results are
    // sold; 8 kB are takedowns with their form in four languages, the audit and erasure
    expect(api!.gzipBytes).toBeLessThanOrEqual(640_000);
    for (const { inputs } of [lambda!, container!])
      expect(inputs.filter((path) => /payments\/|node_modules\/stripe\//.test(path))).toEqual([]);
    const parts = [api, sweep, lambda, container].map((bundled) =>
      ["api", "worker"].filter((part) => bundled!.inputs.some((path) => path.startsWith(`packages/${part}/`))),
    );
    expect(parts).toEqual([["api"], [], ["worker"], ["worker"]]);
  });

  it("serves the documentation pages and the presets' pictures out of the bucket", async () => {
    await stack.putAssets(manifest.version);
    for (const path of [
      "/docs",
      "/app/jobs",
      "/docs/swagger-ui.js",
      "/redoc/redoc.js",
      "/openapi.json",
      "/v1/presets/nod/preview",
    ]) {
      const reply = await fetch(front.url + path);
      const bytes = (await reply.arrayBuffer()).byteLength;
      expect([path, reply.status, bytes > 100]).toEqual([path, 200, true]);
      expect([path, reply.headers.get("content-length")]).toEqual([path, `${bytes}`]);
    }
    const script = await (await fetch(`${front.url}/docs/swagger-ui.js`)).text();
    expect(script).toContain("SwaggerUIBundle");
  });
});

describe("a picture", () => {
  const inspect = async (bytes: Uint8Array) => {
    const reply = await postJson(`${front.url}/v1/inspect`, { input: { upload: await upload(front.url, bytes) } });
    return { status: reply.status, ...((await reply.json()) as { width?: number; code?: string }) };
  };

  it("is looked at by the worker's function, which the API may call", async () => {
    expect(callsOf("api")).toEqual(["worker-lambda"]);
    // on a busy machine the function or its process may start too late for the API to wait
    const answers = (script?: StubScript) => expect.poll(() => inspect(picture(script)));
    await answers().toMatchObject({ status: 200, type: "image/jpeg", width: 640, faces: [] });
    await answers({ inspect: "abort" }).toMatchObject({ status: 422, code: "input_unreadable" });
    await answers().toMatchObject({ status: 200 });
  });

  it("has to wait while the account's calls are used up", async () => {
    calls.throttle(true);
    expect(await inspect(picture())).toMatchObject({ status: 503, code: "unavailable", retryable: true });
    calls.throttle(false);
  });
});

describe("a job", () => {
  it("goes from upload to download, and those who wait are told within 10 s", async () => {
    const { id } = await newJob();
    const wait = { headers: { Prefer: "wait=60" } };
    const [held, delivered] = await Promise.all([fetch(`${front.url}/v1/jobs/${id}`, wait), serve(worker)]);
    expect(delivered?.outcome).toBe("done");
    expect(held.headers.get("preference-applied")).toBe("wait=10");
    const job = await getJob(front.url, id);
    expect([job.status, job.attempt]).toEqual(["succeeded", 1]);
    const video = Buffer.from(await (await fetch(`${front.url}/download/${id}`)).arrayBuffer());
    expect(factsIn(video)).toMatchObject({ frames: 25, fps: 25 });
    expect(video.equals(Buffer.from(await (await fetch(job.outputs.video!.url)).arrayBuffer()))).toBe(true);
    const head = await fetch(`${front.url}/v1/jobs/${id}/outputs/video`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, `${video.byteLength}`]);
    expect((await stack.sqs.take("warp", 1)) ?? "empty").toBe("empty");
  });

  it("may be one request that waits for its video", async () => {
    const pending = animate(front.url, picture(), "blink", { Accept: "video/mp4" });
    await expect.poll(() => serve(worker)).toMatchObject({ outcome: "done" });
    const reply = await pending;
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "video/mp4"]);
    expect(factsIn(Buffer.from(await reply.arrayBuffer()))).toMatchObject({ fps: 25 });
  });

  it("may be a talking avatar's, of a sound that is too large for a request", async () => {
    const base = `${front.url}/api/v1`;
    const ask = async (path: string, init?: RequestInit) => {
      const reply = await fetch(base + path, init);
      return { status: reply.status, ...((await reply.json()) as { filename?: string; job_id?: string }) };
    };
    const send = (what: string, bytes: Uint8Array) => {
      const body = new FormData();
      body.set("file", new Blob([new Uint8Array(bytes)]), "a.bin");
      return ask(`/upload/${what}`, { method: "POST", body });
    };
    const { filename: image = "" } = await send("image", jpegBytes());
    const large = wavBytes(250, 4_600_000);
    expect(await send("audio", large)).toMatchObject({
      status: 413,
      detail: expect.stringContaining("POST /v1/uploads"),
    });
    const audio = `${await upload(front.url, large, "audio/wav")}.wav`;
    const body = JSON.stringify({ image_filename: image, audio_filename: audio });
    const { job_id: id = "" } = await ask("/generate/async", { method: "POST", body });
    await drain();
    const hands = byHand();
    const job = { owner: "local", id };
    await hands.worker.succeed(job, await hands.worker.claim(job), new Uint8Array(5_000_000).fill(7));
    expect(await ask(`/status/${id}`)).toMatchObject({ status: "completed", progress: 100 });
    const video = await fetch(`${base}/download/${id}.mp4`);
    expect([video.redirected, (await video.arrayBuffer()).byteLength]).toEqual([true, 5_000_000]);
    for (const name of [image, audio, `${id}.mp4`]) {
      expect(await ask(`/cleanup/${name}`, { method: "DELETE" })).toMatchObject({ status: 200 });
      expect(await ask(`/cleanup/${name}`, { method: "DELETE" })).toMatchObject({ status: 404 });
    }
    const left = stack.bucket.double.store
      .keys()
      .filter((key) => [image, audio].some((name) => key.includes(name.slice(0, 32))));
    expect(left).toEqual([]);
  });

  it("is made once by its key, listed, canceled and deleted", async () => {
    const inputs = { image: { upload: await upload(front.url, picture()) } };
    const post = () =>
      postJson(`${front.url}/v1/jobs`, { kind: "animate", inputs, params: SMALL }, { "Idempotency-Key": "k" });
    const { id } = (await (await post()).json()) as Job;
    const again = await post();
    expect([((await again.json()) as Job).id, again.headers.get("idempotency-replayed")]).toEqual([id, "true"]);
    const list = (await (await fetch(`${front.url}/v1/jobs`)).json()) as { jobs: Job[] };
    expect(list.jobs[0]?.id).toBe(id);
    expect((await postJson(`${front.url}/v1/jobs/${id}/cancel`, {})).status).toBe(200);
    expect((await fetch(`${front.url}/v1/jobs/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await fetch(`${front.url}/v1/jobs/${id}`)).status).toBe(410);
    expect((await fetch(`${front.url}/v1/jobs/${newId(Date.now())}`)).status).toBe(404);
    expect(stack.bucket.double.store.keys().filter((key) => key.includes(`${id}/in`))).toEqual([]);
    for (const path of ["/health", "/ready"])
      expect([path, (await fetch(front.url + path)).status]).toEqual([path, 200]);
  });

  it("is told as events in the state that it is in, and the client comes back", async () => {
    const { id } = await newJob();
    const events = async () => (await fetch(`${front.url}/v1/jobs/${id}/events`)).text();
    expect(await events()).toMatch(/^retry: 2000\n\nevent: status\ndata: \{.*"status":"queued"/);
    await serve(worker);
    expect(await events()).toContain("event: done");
  });

  it("sends a video that is too large for a reply to the storage", async () => {
    const { id } = await newJob();
    await drain();
    const hands = byHand();
    const owner = "local";
    const token = await hands.worker.claim({ owner, id });
    await hands.worker.succeed({ owner, id }, token, new Uint8Array(5_000_000).fill(7));
    for (const path of [`/download/${id}`, `/v1/jobs/${id}/outputs/video`]) {
      const reply = await fetch(front.url + path, { redirect: "manual" });
      expect([path, reply.status]).toEqual([path, 302]);
      const file = await fetch(reply.headers.get("location")!);
      expect((await file.arrayBuffer()).byteLength).toBe(5_000_000);
      expect(file.headers.get("content-disposition")).toBe(`attachment; filename="smileloop_${id.slice(0, 8)}.mp4"`);
    }
  });

  it("is not taken with a form that is larger than Lambda takes, and the reply says what to do", async () => {
    const send = (bytes: number) => {
      const form = new FormData();
      form.set("source_image", new Blob([new Uint8Array(jpegBytes(640, 480, bytes))]), "photo.jpg");
      form.set("preset", "blink");
      return fetch(`${front.url}/animate`, { method: "POST", body: form });
    };
    const ours = await send(4_600_000);
    expect(ours.status).toBe(413);
    expect(((await ours.json()) as { detail: string }).detail).toContain("Send the file with POST /v1/uploads");
    // what does not get as far as us
    expect([(await send(6_000_000)).status, stack.bucket.double.seen.some(({ status }) => status >= 500)]).toEqual([
      413,
      false,
    ]);
  });
});

describe("the worker", () => {
  it("leaves the message of a job that somebody else works on", async () => {
    const { id } = await newJob();
    const hands = byHand();
    const token = await hands.worker.claim({ owner: "local", id });
    expect((await serve(worker))?.outcome).toBe("kept");
    await hands.worker.succeed({ owner: "local", id }, token, new Uint8Array(10));
  });

  it("is killed half-way: the message comes again after 90 s, and the job succeeds", async () => {
    const trace = join(stack.out, "trace.jsonl");
    const { id } = await newJob({ trace, runs: ["slow:60000", "well"] });
    const before = stack.sqs.calls.length;
    const first = serve(worker);
    const lease = () => stack.sqs.calls.slice(before).map(({ body }) => body.VisibilityTimeout);
    await expect.poll(async () => (await getJob(front.url, id)).status).toBe("running");
    expect(lease()).toEqual([90]);
    await expect.poll(() => existsSync(trace) && readFileSync(trace, "utf8").includes("\n")).toBe(true);
    const { pid } = JSON.parse(readFileSync(trace, "utf8").split("\n")[0]!) as { pid: number };
    expect(environmentOf(pid)).toEqual(["LD_LIBRARY_PATH"]);
    worker.kill();
    const { outcome, queue, receiptHandle } = (await first)!;
    expect(outcome).toBe("crashed");
    await stack.bucket.clock.advance(91_000);
    await stack.sqs.show(queue, receiptHandle);
    expect((await serve(worker))?.outcome).toBe("done");
    expect(await getJob(front.url, id)).toMatchObject({ status: "succeeded", attempt: 2 });
    // nothing of the process that died
    const left = readdirSync(join(stack.out, "work-0")).map((name) => name.split("-")[0]);
    expect(left).toEqual(["engine", "engine"]);
  });

  const linux = process.platform === "linux" && process.arch === "x64";
  it.skipIf(!linux)("renders with the built-in engine (for Linux x64), out of its own folder alone", async () => {
    const dir = join(stack.out, "warp");
    cpSync(join(stack.out, "worker-lambda"), dir, { recursive: true });
    rmSync(join(dir, "node_modules"), { recursive: true });
    await bundleEngine(dir);
    expect(nativesIn(dir)).toEqual({ platforms: ["linux-x64"], glibc: expect.toSatisfy((minor) => minor <= 34) });
    expect(folderBytes(dir)).toBeLessThan(250 * 1024 * 1024);
    const warp = await stack.start("worker-lambda", { dir });
    const reply = await postJob(front.url, await upload(front.url, readFileSync(ASTRONAUT)));
    const { id } = (await reply.json()) as Job;
    expect((await serve(warp))?.outcome).toBe("done");
    const job = await getJob(front.url, id);
    expect(job, warp.log().slice(-2000)).toMatchObject({ status: "succeeded", outputs: { video: { width: 256 } } });
    const video = Buffer.from(await (await fetch(`${front.url}/download/${id}`)).arrayBuffer());
    expect(video.subarray(4, 8).toString()).toBe("ftyp");
    expect(await spoken(warp)).toMatchObject({ status: "succeeded", outputs: { video: { audio: { codec: "aac" } } } });
  });
});

it("the worker of a container takes what waits, and ends when there is no more", async () => {
  const { id } = await newJob();
  const own = {
    WORK_DIR: join(stack.out, "container"),
    IDLE_EXIT_S: "1",
    WARP_PROCESSES: "1",
    SPOT_METADATA_URL: "none",
  };
  const file = join(stack.out, "worker/functions/worker.mjs");
  const child = spawn(process.execPath, [file], { env: { ...stack.envOf("worker"), ...own }, stdio: "ignore" });
  expect(await once(child, "exit")).toEqual([0, null]);
  expect((await getJob(front.url, id)).status).toBe("succeeded");
});

it("the sweeper takes away what is over an hour old", async () => {
  const { deps, worker: hands } = byHand(2 * HOUR_MS);
  const job = { kind: "animate", queue: "warp", engine: "warp", params: { preset: "blink" }, metadata: {} };
  const storeInputs = async () => ({});
  const { record } = await createJob(deps, { ...job, owner: "local", estimateSeconds: 1, storeInputs });
  await drain();
  await hands.succeed(record, await hands.claim(record), new Uint8Array(10));
  const forgotten = uploadKey("local", newId(deps.clock.now()));
  const { store } = stack.bucket.double;
  store.put(forgotten, { body: Buffer.from("x"), type: "image/jpeg", metadata: {} }, {});
  const sweep = await stack.start("sweep");
  await sweep.invoke({});
  expect((await getJob(front.url, record.id)).status, sweep.log()).toBe("expired");
  expect((await fetch(`${front.url}/download/${record.id}`)).status).toBe(410);
  expect(store.keys().filter((key) => key.includes(`${record.id}/out`) || key === forgotten)).toEqual([]);
});

it("nobody has asked of the queue or the bucket what the roles of the deployment do not allow", () => {
  for (const name of FUNCTIONS) {
    expect([name, queueCallsRefused(name, stack.sqs.calls)]).toEqual([name, []]);
  }
  const refused = stack.bucket.double.seen.filter(({ status }) => status === 403);
  expect(refused.map(({ operation, key }) => `${operation} ${key}`)).toEqual([]);
});

/** The job of a portrait that speaks, with what its engine reads beside its code: the network, and a voice. */
async function spoken(warp: Lambda): Promise<Job> {
  const image = { upload: await upload(front.url, readFileSync(ASTRONAUT)) };
  const asked = { kind: "talk", inputs: { image }, params: { text: "Hello.", size: 256, fps: 10 } };
  const { id } = (await (await postJson(`${front.url}/v1/jobs`, asked)).json()) as Job;
  expect((await serve(warp))?.outcome, warp.log().slice(-2000)).toBe("done");
  return getJob(front.url, id);
}

/** Which platforms the binaries of a bundle are for, and the latest glibc (2.x) that they ask for: Lambda has 2.34. */
function nativesIn(dir: string): { platforms: string[]; glibc: number } {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.node$|\.so(\.|$)/.test(file),
  );
  const platforms = files.map((file) => /(linux|linuxmusl|darwin|win32)-\w+/.exec(file)?.[0] ?? file);
  const versions = files.flatMap((file) => [...readFileSync(join(dir, file), "latin1").matchAll(/GLIBC_2\.(\d+)/g)]);
  return { platforms: [...new Set(platforms)], glibc: Math.max(...versions.map(([, minor]) => Number(minor))) };
}

/** The names of what a process was told, which no secret may be among. */
function environmentOf(pid: number): string[] {
  if (process.platform !== "linux") return ["LD_LIBRARY_PATH"];
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return variables.filter((text) => text !== "").map((text) => text.split("=")[0]!);
}

/** Gives the worker the next message, of whichever lane. */
const serve = (worker: Lambda) => deliver(stack.sqs, LANES, worker);

/** Messages that no test waits for. */
async function drain(): Promise<void> {
  for (const queue of LANES) {
    for (let next = await stack.sqs.take(queue, 1); next; next = await stack.sqs.take(queue, 1)) {
      await stack.sqs.drop(queue, next.receiptHandle);
    }
  }
}
