/** A job from its start to its end, and its outputs, as clients see them. */
import { newId } from "@smileloop/core/job/ids.ts";
import { createChild } from "@smileloop/core/jobs/children.ts";
import { createJob, updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { JobView } from "@smileloop/core/wire/job.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";
import { jobCalls } from "../../../test/support/job-calls.ts";

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());
const { job, call, ask, run } = jobCalls(() => api);

/** Method, and what follows the job's address. */
const ABOUT_A_JOB = [
  ["GET", ""],
  ["DELETE", ""],
  ["POST", "/cancel"],
  ["GET", "/events"],
  ["GET", "/outputs/video"],
] as const;

describe("a job as it goes", () => {
  it("shows progress, the result with a link, times and timings, and goes after an hour", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await api.clock.advance(500);
    const token = await api.worker.claim(job(id));
    await api.clock.advance(1000);
    await api.worker.beat(job(id), token, { stage: "render", done: 30, total: 75, percent: 40 });
    const running = (await call("GET", `/v1/jobs/${id}`)).body;
    expect(running).toMatchObject({
      ...{ status: "running", attempt: 1 },
      progress: { stage: "render", done: 30, total: 75, percent: 40, eta_seconds: 1.5, queue_position: null },
    });
    expect(await call("GET", `/v1/jobs/${id}/outputs/video`)).toMatchObject({
      status: 409,
      body: { code: "not_ready" },
    });
    await api.worker.succeed(job(id), token, new Uint8Array(5000));
    const done = (await call("GET", `/v1/jobs/${id}`)).body;
    expect(done).toMatchObject({
      ...{ status: "succeeded", engine: { name: "warp", version: "1.0" }, progress: { percent: 100, eta_seconds: 0 } },
      outputs: { video: { content_type: "video/mp4", bytes: 5000, width: 512, frames: 75, fps: 25, duration: 3 } },
      timings: { queued: 0.5, render: 0.6, check: 0.09 },
    });
    expect(Date.parse(done.expires_at!) - Date.parse(done.finished_at!)).toBe(3_600_000);

    const link = new URL(done.outputs.video!.url);
    expect(link.origin).toBe("http://localhost:8000");
    const fetchLink = () => api.app.fetch(new Request(link, { headers: { Range: "bytes=0-99" } }));
    const part = await fetchLink();
    expect([part.status, part.headers.get("content-type")]).toEqual([206, "video/mp4"]);
    await part.body?.cancel();
    await api.clock.advance(15 * 60_000);
    expect((await fetchLink()).status).toBe(403);
    // the address that the documents show is good for the whole hour
    const kept = new Request(`http://localhost:8000/v1/jobs/${id}/outputs/video`, { method: "HEAD" });
    expect((await api.app.fetch(kept)).status).toBe(200);
    await api.clock.advance(45 * 60_000);
    expect((await call("GET", `/v1/jobs/${id}`)).body).toMatchObject({ status: "expired", outputs: {}, inputs: {} });
    expect(await call("GET", `/v1/jobs/${id}/outputs/video`)).toMatchObject({ status: 410, body: { code: "gone" } });
  });

  it("is as it was while its ETag stands; the ETag changes with the job and before its links are stale", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    const get = async (etag?: string) => {
      const headers = etag === undefined ? {} : { "If-None-Match": etag };
      const reply = await api.app.fetch(new Request(`http://localhost:8000/v1/jobs/${id}`, { headers }));
      const text = await reply.text();
      return { status: reply.status, etag: reply.headers.get("etag")!, text };
    };
    const queued = await get();
    expect(queued.etag).toMatch(/^W\/"[^"]+"$/);
    await api.clock.advance(20 * 60_000);
    expect(await get(queued.etag)).toEqual({ status: 304, etag: queued.etag, text: "" });
    expect((await get(`"other", ${queued.etag}`)).status).toBe(304);

    const token = await api.worker.claim(job(id));
    const running = await get(queued.etag);
    expect(running.status).toBe(200);
    await api.worker.beat(job(id), token, { stage: "render", done: 30, total: 75, percent: 40 });
    expect((await get(running.etag)).status).toBe(200);
    await api.worker.succeed(job(id), token, new Uint8Array(5));

    let known = await get();
    const endsMs = Date.parse(JSON.parse(known.text).expires_at);
    for (let seen = 0; api.clock.now() < endsMs - 60_000; seen++) {
      await api.clock.advance(60_000);
      const again = await get(known.etag);
      if (again.status === 200) known = again;
      // whatever the client goes by, its link works, and does so for the next ten minutes or until the end
      const link = new URL(JSON.parse(known.text).outputs.video.url);
      expect((await api.app.fetch(new Request(link))).status, `minute ${seen}`).toBe(200);
    }
    await api.clock.advance(60_000);
    expect(await get(known.etag)).toMatchObject({ status: 200, text: expect.stringContaining('"status":"expired"') });
  });

  it("compares the ETag after the wait", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    const path = `http://localhost:8000/v1/jobs/${id}`;
    const etag = (await api.app.fetch(new Request(path))).headers.get("etag")!;
    const held = api.app.fetch(new Request(path, { headers: { Prefer: "wait=30", "If-None-Match": etag } }));
    while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.worker.claim(job(id));
    expect((await held).status).toBe(200);
  });

  it("is found by its id with dashes, too, and replies have the 32 digits", async () => {
    const id = newId(api.clock.now());
    const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    const body = await ask();
    const put = await call("PUT", `/v1/jobs/${dashed}`, body);
    expect(put).toMatchObject({ status: 202, body: { id } });
    expect((await call("PUT", `/v1/jobs/${id}`, body)).body.id).toBe(id);
    expect((await call("GET", `/v1/jobs/${dashed.toUpperCase()}`)).body.id).toBe(id);
    expect((await call("GET", `/job/${dashed}`)).status).toBe(200);
    expect((await call("GET", `/download/${dashed}`)).status).toBe(409);
    const from = { ...(await ask()), inputs: { image: { job: dashed, input: "image" } } };
    expect((await call("POST", "/v1/jobs", from)).body).toMatchObject({
      inputs: { image: { source: `job:${id}/image` } },
    });
    expect((await call("GET", `/v1/jobs/${dashed}/outputs/video`)).status).toBe(409);
    expect((await call("POST", `/v1/jobs/${dashed}/cancel`)).body).toMatchObject({ id, status: "canceled" });
    expect((await call("DELETE", `/v1/jobs/${dashed}`)).status).toBe(204);
    expect((await call("GET", `/v1/jobs/${id}`)).status).toBe(410);
    const v4 = await call("PUT", "/v1/jobs/3f2504e0-4f89-41d3-9a0c-0305e82c3301", body);
    expect(v4).toMatchObject({ status: 422, body: { detail: expect.stringContaining("version 4") } });
  });

  it("goes with its upload when the server says so, and says how long it was kept", async () => {
    api = testApi({}, { lifeMs: 10 * 60_000 });
    const target = (await call("POST", "/v1/uploads", { content_type: "image/jpeg", size: 5 })).body;
    expect(Date.parse(target.expires_at!) - api.clock.now()).toBe(10 * 60_000);
    const request = await ask();
    const { id } = (await call("POST", "/v1/jobs", request)).body;
    await run(id);
    const done = (await call("GET", `/v1/jobs/${id}`)).body;
    expect(Date.parse(done.expires_at!) - Date.parse(done.finished_at!)).toBe(10 * 60_000);
    await api.clock.advance(10 * 60_000);
    const [output, again] = [
      await call("GET", `/v1/jobs/${id}/outputs/video`),
      await call("POST", "/v1/jobs", request),
    ];
    expect([output.status, again.status]).toEqual([410, 410]);
    expect(output.body.detail).toBe("Results are kept for 10 minutes and this one is gone; create the job again.");
    expect(again.body.detail).toContain("kept for 10 minutes");
    const document = (await call("GET", "/openapi.json")).body as unknown as { info: { description: string } };
    expect(document.info.description).toContain("Results are kept for 10 minutes");
  });

  it("tells what went wrong", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await api.worker.fail(job(id), await api.worker.claim(job(id)), { code: "no_face", detail: "No face was found." });
    expect((await call("GET", `/v1/jobs/${id}`)).body).toMatchObject({
      ...{ status: "failed", error: { code: "no_face", detail: "No face was found.", retryable: false } },
    });
    expect(await call("GET", `/v1/jobs/${id}/outputs/video`)).toMatchObject({ status: 409 });
  });

  it("holds a GET until the status changes", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    const held = call("GET", `/v1/jobs/${id}`, undefined, { Prefer: "wait=30" });
    while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.worker.claim(job(id));
    expect(await held).toMatchObject({ status: 200, body: { status: "running" } });
    expect(api.clock.sleepers).toBe(0);
  });

  it("shows an output that is ready early, with a link that works, and takes it back when the attempt fails", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    const token = await api.worker.claim(job(id));
    const held = call("GET", `/v1/jobs/${id}`, undefined, { Prefer: "wait=30" });
    while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.worker.publish(job(id), token, "wink", new Uint8Array(300));
    const { body } = await held;
    expect(body).toMatchObject({ status: "running", expires_at: null, outputs: { wink: { bytes: 300, frames: 75 } } });
    const fetchLink = () => api.app.fetch(new Request(body.outputs.wink!.url));
    expect((await (await fetchLink()).arrayBuffer()).byteLength).toBe(300);
    const named = (name: string) => api.app.fetch(new Request(`http://localhost:8000/v1/jobs/${id}/outputs/${name}`));
    expect((await (await named("wink")).arrayBuffer()).byteLength).toBe(300);
    expect((await named("video")).status).toBe(409);
    await api.clock.advance(15 * 60_000);
    expect((await fetchLink()).status).toBe(403);
    await api.worker.fail(job(id), token, { code: "engine_crashed", detail: "The engine crashed." });
    expect(await call("GET", `/v1/jobs/${id}`)).toMatchObject({ body: { status: "queued", outputs: {} } });
    expect((await named("wink")).status).toBe(409);
  });

  it("does not hold a GET of a job that has ended", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await api.worker.fail(job(id), await api.worker.claim(job(id)), { code: "no_face", detail: "No face was found." });
    const reply = await call("GET", `/v1/jobs/${id}`, undefined, { Prefer: "wait=30" });
    expect(reply).toMatchObject({ status: 200, body: { status: "failed" } });
  });

  it("can be canceled while it waits and while it runs, and not once it has ended", async () => {
    const queued = (await call("POST", "/v1/jobs", await ask())).body.id;
    expect(await call("POST", `/v1/jobs/${queued}/cancel`)).toMatchObject({
      status: 200,
      body: { status: "canceled" },
    });
    expect(await call("POST", `/v1/jobs/${queued}/cancel`)).toMatchObject({ status: 409, body: { code: "conflict" } });
    const running = (await call("POST", "/v1/jobs", await ask())).body.id;
    const token = await api.worker.claim(job(running));
    for (let i = 0; i < 2; i++) {
      expect(await call("POST", `/v1/jobs/${running}/cancel`)).toMatchObject({
        status: 202,
        body: { status: "canceling" },
      });
    }
    await api.worker.cancelDone(job(running), token);
    expect((await call("GET", `/v1/jobs/${running}`)).body.status).toBe("canceled");
  });

  it("shows a plan, but not its children, which are canceled and deleted with it", async () => {
    const job = { owner: "local", params: {}, metadata: {}, estimateSeconds: 1, storeInputs: async () => ({}) };
    const plan = await createJob(api.deps, { ...job, kind: "draw_all", queue: "plans", engine: null });
    const { id } = plan.record;
    await api.worker.claim(plan.record);
    const claimed = (await api.deps.records.get("local", id))!.record;
    const part = { ...job, kind: "draw", queue: "pens", engine: "pencil" };
    const child = (await createChild(api.deps, claimed, 0, part)).record;
    expect((await call("GET", `/v1/jobs/${id}`)).body).toMatchObject({ id, kind: "draw_all", engine: null });
    expect((await call("GET", "/v1/jobs")).body).toMatchObject({ jobs: [{ id }], next_cursor: null });
    for (const [method, rest] of ABOUT_A_JOB) {
      expect((await call(method, `/v1/jobs/${child.id}${rest}`)).status, rest).toBe(404);
    }
    expect((await call("PUT", `/v1/jobs/${child.id}`, await ask())).status).toBe(422);
    const source = { inputs: { image: { job: child.id, input: "image" } } };
    expect((await call("POST", "/v1/jobs", await ask(source))).body.code).toBe("not_found");

    expect((await call("POST", `/v1/jobs/${id}/cancel`)).body.status).toBe("canceling");
    expect((await api.deps.records.get("local", child.id))?.record.state).toBe("canceled");
    expect((await call("DELETE", `/v1/jobs/${id}`)).status).toBe(204);
    expect(await api.deps.records.get("local", child.id)).toBeNull();
  });

  it("is deleted with all its files, and is then 410 for a day and after", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await run(id);
    expect((await call("DELETE", `/v1/jobs/${id}`)).status).toBe(204);
    expect((await api.stored()).filter((key) => key.includes(id))).toEqual([]);
    for (const [method, rest] of ABOUT_A_JOB)
      expect((await call(method, `/v1/jobs/${id}${rest}`)).status, rest).toBe(410);
    await api.deps.records.remove("local", id);
    expect((await call("GET", `/v1/jobs/${id}`)).status).toBe(404);
    await api.clock.advance(86_400_001);
    expect((await call("GET", `/v1/jobs/${id}`)).status).toBe(410);
  });

  it("is listed newest first, by pages and by status, without the deleted", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      await api.clock.advance(10);
      ids.unshift((await call("POST", "/v1/jobs", await ask())).body.id);
    }
    await call("DELETE", `/v1/jobs/${ids[1]}`);
    await run(ids[3]!);
    type Page = { jobs: JobView[]; next_cursor: string | null };
    const list = async (query: string) => (await call("GET", `/v1/jobs?${query}`)).body as unknown as Page;
    const first = await list("limit=2");
    const second = await list(`limit=2&cursor=${first.next_cursor}`);
    expect([...first.jobs, ...second.jobs].map(({ id }) => id)).toEqual([ids[0], ids[2], ids[3], ids[4]]);
    expect((await list("status=succeeded")).jobs.map(({ id }) => id)).toEqual([ids[3]]);
    expect((await call("GET", "/v1/jobs?limit=0")).status).toBe(422);
    expect((await call("GET", "/v1/jobs?status=deleted")).status).toBe(422);
    expect((await call("GET", "/v1/jobs?cursor=zzz")).status).toBe(422);
    await api.clock.advance(3_600_000);
    expect((await list("status=expired")).jobs.map(({ id }) => id)).toEqual([ids[3]]);
  });
});

describe("outputs", () => {
  const video = new Uint8Array(5000).map((_, i) => i % 251);
  const get = async (id: string, headers: Record<string, string> = {}, method = "GET", query = "") =>
    api.app.fetch(new Request(`http://localhost/v1/jobs/${id}/outputs/video${query}`, { method, headers }));
  const bytesOf = async (reply: Response) => new Uint8Array(await reply.arrayBuffer());

  it("are served whole, in ranges and by condition", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await run(id, video);
    const whole = await get(id);
    const etag = whole.headers.get("etag")!;
    expect(await bytesOf(whole)).toEqual(video);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      ...{ "content-type": "video/mp4", "content-length": "5000", "accept-ranges": "bytes" },
      "content-disposition": `attachment; filename="smileloop_${id.slice(0, 8)}.mp4"`,
    });
    expect((await get(id, {}, "GET", "?disposition=inline")).headers.get("content-disposition")).toMatch(/^inline;/);
    const ranges: [string, number, string | null, Uint8Array | null][] = [
      ["bytes=0-0", 206, "bytes 0-0/5000", video.subarray(0, 1)],
      ["bytes=100-199", 206, "bytes 100-199/5000", video.subarray(100, 200)],
      ["bytes=4990-9999", 206, "bytes 4990-4999/5000", video.subarray(4990)],
      ["bytes=4990-", 206, "bytes 4990-4999/5000", video.subarray(4990)],
      ["bytes=-10", 206, "bytes 4990-4999/5000", video.subarray(4990)],
      ["bytes=-9999", 206, "bytes 0-4999/5000", video],
      ["bytes=5000-", 416, "bytes */5000", null],
      ["bytes=-0", 416, "bytes */5000", null],
      ["bytes=9-3", 200, null, video],
      ["bytes=0-1,5-6", 200, null, video],
      ["lines=1-2", 200, null, video],
    ];
    for (const [range, status, contentRange, bytes] of ranges) {
      const reply = await get(id, { Range: range });
      expect([reply.status, reply.headers.get("content-range")], range).toEqual([status, contentRange]);
      if (bytes) expect(await bytesOf(reply), range).toEqual(bytes);
    }
    expect((await get(id, { Range: "bytes=0-9", "If-Range": etag })).status).toBe(206);
    expect((await get(id, { Range: "bytes=0-9", "If-Range": '"other"' })).status).toBe(200);
    expect((await get(id, { Range: "bytes=9999-", "If-Range": '"other"' })).status).toBe(200);
    expect((await get(id, { "If-None-Match": `"x", ${etag}` })).status).toBe(304);
    const head = await get(id, { Range: "bytes=0-9" }, "HEAD");
    expect([head.status, head.headers.get("content-length"), head.body]).toEqual([200, "5000", null]);
  });

  it("are sent from the storage where that can be asked and the file is large", async () => {
    const files = { ...api.deps.files, link: async () => "https://bucket.example/x?signed" };
    const cloud = testApi({}, { ...api.deps, files, localLinks: null });
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await run(id, new Uint8Array(4 * 1024 * 1024 + 1));
    const reply = await cloud.app.fetch(new Request(`http://localhost/v1/jobs/${id}/outputs/video`));
    expect([reply.status, reply.headers.get("location")]).toEqual([302, "https://bucket.example/x?signed"]);
    expect((await get(id, {}, "GET", "")).status).toBe(200);
  });

  it("has no other names", async () => {
    const { id } = (await call("POST", "/v1/jobs", await ask())).body;
    await run(id);
    for (const name of ["audio", "constructor", "__proto__"]) {
      expect((await call("GET", `/v1/jobs/${id}/outputs/${name}`)).status, name).toBe(404);
    }
  });
});

it("keeps the record's rules when two cancel at once", async () => {
  const { id } = (await call("POST", "/v1/jobs", await ask())).body;
  const replies = await Promise.all([call("POST", `/v1/jobs/${id}/cancel`), call("POST", `/v1/jobs/${id}/cancel`)]);
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect((await updateJob(api.deps, "local", id, () => ({ by: "api", do: "cancel" }))).refused).toBe("ended");
});
