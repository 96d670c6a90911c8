import { AppError } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import type { Admission } from "@smileloop/core/scale/admission.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jpegBytes, openAdmission, pngBytes, type TestApi, testApi } from "../../../test/support/api.ts";
import { jobCalls } from "../../../test/support/job-calls.ts";
import { JXL } from "../../../test/support/unread.ts";

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());
const RECEIVE = { leaseMs: 1000, waitMs: 0, signal: new AbortController().signal };
const { call, upload, ask, run } = jobCalls(() => api);

describe("making a job", () => {
  it("answers 503 and when to come back while no machine can be had; nothing is left", async () => {
    const queueFor = async () => {
      throw new AppError("no_capacity", "Try again in about 12 minutes.", { retryAfterSeconds: 720 });
    };
    api = testApi({}, { admission: { ...openAdmission(), queueFor } });
    const { status, headers, body } = await call("POST", "/v1/jobs", await ask(), { "Idempotency-Key": "k" });
    expect([status, headers.get("retry-after"), body.code]).toEqual([503, "720", "no_capacity"]);
    expect(body.detail).toBe("Try again in about 12 minutes.");
    expect((await api.stored()).filter((key) => key.startsWith("jobs/"))).toEqual([]);
  });

  it("goes into the lane it was let into, and says that it has arrived, once", async () => {
    const arrived: string[] = [];
    const admission: Admission = {
      queueFor: async ({ owner, queue }) => `${queue}-${owner}`,
      arrived: async ({ queue, id }) => void arrived.push(`${queue} ${id}`),
    };
    api = testApi({}, { admission });
    const request = await ask();
    const { body } = await call("POST", "/v1/jobs", request, { "Idempotency-Key": "k" });
    await call("POST", "/v1/jobs", request, { "Idempotency-Key": "k" });
    expect(arrived).toEqual([`warp-local ${body.id}`]);
    expect(await api.deps.queue.depth("warp-local")).toEqual({ waiting: 1, held: 0 });
  });

  it("answers 202 with the job and where it is, and keeps a copy of the picture", async () => {
    const { status, headers, body } = await call("POST", "/v1/jobs", await ask({ metadata: { order: "7" } }));
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/v1/jobs/${body.id}`);
    expect(body).toMatchObject({
      ...{ kind: "animate", status: "queued", attempt: 0, error: null, outputs: {}, metadata: { order: "7" } },
      params: { preset: "gentle_smile", fps: 25, size: "source", intensity: 1 },
      progress: { percent: 0, queue_position: 0 },
      queue: { position: 0, starts_in_s: null },
      engine: { name: "warp", version: null },
      inputs: { image: { content_type: "image/jpeg", bytes: 2000 } },
      ...{ started_at: null, finished_at: null, expires_at: null },
    });
    expect(await api.stored()).toContainEqual(expect.stringMatching(new RegExp(`${body.id}/in/image/0$`)));
    expect(await api.deps.queue.depth("warp")).toEqual({ waiting: 1, held: 0 });
  });

  it("says when it starts once it is known how long jobs take here", async () => {
    for (let n = 0; n < 3; n++) {
      const { body } = await call("POST", "/v1/jobs", await ask());
      const job = { owner: "local", id: body.id };
      const token = await api.worker.claim(job);
      await api.clock.advance(8000);
      await api.worker.succeed(job, token, pngBytes());
      await (await api.deps.queue.receive("warp", RECEIVE))?.ack();
      expect((await call("GET", `/v1/jobs/${body.id}`)).body).not.toHaveProperty("queue");
    }
    const [first, second] = [await call("POST", "/v1/jobs", await ask()), await call("POST", "/v1/jobs", await ask())];
    expect(first.body.queue).toEqual({ position: 0, starts_in_s: 4 });
    expect(second.body.queue).toEqual({ position: 1, starts_in_s: 12 });
    expect(second.body.progress.eta_seconds).toBe(20);
  });

  it("draws a seed for each job and says it; the same request again, and the seed given back, keep it", async () => {
    const [a, b] = [newId(api.clock.now()), newId(api.clock.now())];
    const request = await ask();
    const first = await call("PUT", `/v1/jobs/${a}`, request);
    const seed = first.body.params.seed as number;
    expect(seed).toBe(Number.parseInt(a.slice(-8), 16));
    expect((await call("PUT", `/v1/jobs/${a}`, request)).body.params).toEqual(first.body.params);
    expect((await call("PUT", `/v1/jobs/${b}`, request)).body.params.seed).not.toBe(seed);
    const again = await call("POST", "/v1/jobs", await ask({ params: first.body.params }));
    expect(again.body.params).toEqual(first.body.params);
  });

  it("waits for the end when asked to, and says for how long it would", async () => {
    const waiting = call("POST", "/v1/jobs", await ask(), { Prefer: "respond-async, wait=500" });
    let id = "";
    while (id === "") {
      await new Promise((resolve) => setImmediate(resolve));
      id = (await api.deps.records.list("local", { limit: 1 })).records[0]?.id ?? "";
    }
    await run(id);
    const { status, headers, body } = await waiting;
    expect([status, headers.get("preference-applied"), body.status]).toEqual([201, "wait=60", "succeeded"]);
    const slow = call("POST", "/v1/jobs", await ask(), { Prefer: "wait=2" });
    while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.clock.advance(2000);
    expect(await slow).toMatchObject({ status: 202, body: { status: "queued" } });
    expect(api.clock.sleepers).toBe(0);
  });

  it.each([
    [{ params: { preset: "nod", duration: 20 } }, "duration: at most 10 seconds, got 20"],
    [{ params: { preset: "nod", size: "512" } }, /^size: must be one of source, 256, .* without quotes, got '512'$/],
    [{ params: { preset: "nod", speed: 2 } }, /^unknown name 'speed'; allowed: consent, duration, engine, /],
    [{ params: { preset: "grin" } }, /^preset: Unknown preset 'grin'\. Choose from: /],
    [{ metadata: { a: 1 } }, "metadata.a: must be text, got 1"],
    [{ inputs: undefined }, /image/],
  ])("the detail of %j names the field, what is allowed and what came", async (wrong, detail) => {
    const { status, body } = await call("POST", "/v1/jobs", { ...(await ask()), ...wrong });
    expect([status, body.code]).toEqual([422, "invalid_request"]);
    expect((body as unknown as { detail: string }).detail).toMatch(detail);
  });

  it("names all faults of params and inputs with their places", async () => {
    const { status, body } = await call("POST", "/v1/jobs", {
      ...{
        kind: "animate",
        inputs: { picture: { upload: newId(api.clock.now()) } },
        params: { preset: "x", fps: 5, nope: 1 },
      },
    });
    expect([status, body.code]).toEqual([422, "invalid_request"]);
    expect(body.errors.map(({ loc }) => loc.join("."))).toEqual(
      expect.arrayContaining([
        "body.inputs.image",
        "body.inputs.picture",
        "body.params.preset",
        "body.params.fps",
        "body.params",
      ]),
    );
    expect((await call("POST", "/v1/jobs", { kind: "dance", inputs: {} })).body.detail).toContain(
      "Choose from: animate",
    );
    expect(await api.stored()).toEqual([]);
  });

  it.each([
    ["a JPEG XL renamed .jpg", JXL, 415, "unsupported_type"],
    ["text", Buffer.from("hello, this is no picture at all"), 415, "unsupported_type"],
    ["nothing", Buffer.alloc(0), 400, "empty_file"],
    ["more than 20 MiB", jpegBytes(640, 480, 20 * 1024 * 1024 + 1), 413, "too_large"],
    ["a PNG of 30000×30000", pngBytes(30_000, 30_000), 413, "input_too_large"],
    ["a JPEG of 16385×10", jpegBytes(16_385, 10), 413, "input_too_large"],
    ["a JPEG that ends in its header", jpegBytes().subarray(0, 24), 422, "input_unreadable"],
  ])("refuses %s and leaves nothing but the upload", async (_, bytes, status, code) => {
    const id = await upload(bytes);
    const reply = await call("POST", "/v1/jobs", await ask({ inputs: { image: { upload: id } } }));
    expect(reply).toMatchObject({ status, body: { code, errors: [{ loc: ["body", "inputs", "image"] }] } });
    expect((await api.stored()).filter((key) => !key.startsWith("uploads/"))).toEqual([]);
    expect((await api.deps.records.list("local", { limit: 9 })).records).toEqual([]);
  });

  it("answers 404 for uploads that are not there, 410 for those past their hour, 503 for an engine that is not here", async () => {
    const inputs = { image: { upload: newId(api.clock.now()) } };
    expect(await call("POST", "/v1/jobs", await ask({ inputs }))).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    const old = await ask();
    await api.clock.advance(3_600_000);
    expect(await call("POST", "/v1/jobs", old)).toMatchObject({ status: 410, body: { code: "gone" } });
    const engine = await ask({ params: { preset: "blink", engine: "liveportrait" } });
    expect(await call("POST", "/v1/jobs", engine)).toMatchObject({
      status: 503,
      body: { code: "engine_not_configured" },
    });
  });

  it("takes the picture of another job that is still there", async () => {
    const first = await call("POST", "/v1/jobs", await ask());
    const inputs = { image: { job: first.body.id, input: "image" } };
    const second = await call("POST", "/v1/jobs", await ask({ inputs }));
    expect(second).toMatchObject({ status: 202, body: { inputs: { image: { bytes: 2000 } } } });
    await call("DELETE", `/v1/jobs/${first.body.id}`);
    expect(await call("POST", "/v1/jobs", await ask({ inputs }))).toMatchObject({ status: 410 });
    expect((await api.stored()).filter((key) => key.includes(second.body.id))).toHaveLength(1);
  });
});

describe("asking twice", () => {
  it("makes one job for one Idempotency-Key, whatever has become of the picture", async () => {
    const body = await ask();
    const headers = { "Idempotency-Key": "order-7" };
    const first = await call("POST", "/v1/jobs", body, headers);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    await api.deps.files.purge("uploads");
    const { kind, inputs, params } = body as Record<string, unknown>;
    const again = await call("POST", "/v1/jobs", { params, inputs, kind }, headers);
    expect([again.status, again.body.id, again.headers.get("idempotency-replayed")]).toEqual([
      202,
      first.body.id,
      "true",
    ]);
    const other = await call("POST", "/v1/jobs", { ...body, params: { preset: "blink" } }, headers);
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    expect((await call("POST", "/v1/jobs", body, { "Idempotency-Key": "no spaces" })).status).toBe(422);
    expect((await api.deps.records.list("local", { limit: 9 })).records).toHaveLength(1);
  });

  it("makes one job for one key under ten requests at once", async () => {
    const body = await ask();
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => call("POST", "/v1/jobs", body, { "Idempotency-Key": "same" })),
    );
    expect(new Set(replies.map((reply) => `${reply.status} ${reply.body.id}`)).size).toBe(1);
    expect(replies.filter((reply) => reply.headers.get("idempotency-replayed") === null)).toHaveLength(1);
  });

  it("does not take the job of another request for the one that is asked for", async () => {
    const made = await call("POST", "/v1/jobs", await ask());
    const again = await call("PUT", `/v1/jobs/${made.body.id}`, { ...(await ask()), params: { preset: "blink" } });
    expect(again).toMatchObject({ status: 409, body: { code: "conflict" } });
  });

  it("lets a client choose the id", async () => {
    const id = newId(api.clock.now() + 60_000);
    const body = await ask();
    expect(await call("PUT", `/v1/jobs/${id}`, body)).toMatchObject({ status: 202, body: { id } });
    expect((await call("PUT", `/v1/jobs/${id}`, body)).headers.get("idempotency-replayed")).toBe("true");
    const other = await call("PUT", `/v1/jobs/${id}`, { ...body, params: { preset: "blink" } });
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    await call("DELETE", `/v1/jobs/${id}`);
    expect((await call("PUT", `/v1/jobs/${id}`, body)).status).toBe(410);
    const ahead = newId(api.clock.now() + 301_000);
    expect(await call("PUT", `/v1/jobs/${ahead}`, body)).toMatchObject({
      status: 422,
      body: { code: "invalid_request" },
    });
    expect((await call("PUT", `/v1/jobs/${newId(api.clock.now() - 86_400_001)}`, body)).status).toBe(410);
    expect((await call("PUT", "/v1/jobs/my-own-id", body)).status).toBe(422);
  });
});
