/** From a request to a video: waiting for it, or asking how it goes. */
import type { JobError } from "@smileloop/core/job/record.ts";
import { afterEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../../../test/support/api.ts";
import {
  generate,
  next,
  outcome,
  send,
  stateOf,
  uploadBoth,
  VIDEO,
  work,
} from "../../../../../test/support/talking-avatar.ts";
import type { ApiConfig } from "../../deps.ts";

let api: TestApi;
let stopWorker: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stopWorker?.();
  stopWorker = null;
  await api.close();
});
async function start(config: Partial<ApiConfig> = {}): Promise<void> {
  api = testApi(config);
  await api.listen();
}

type Job = { job_id: string; status: string; progress: number; result: Record<string, unknown> | null };
const startJob = async (asked: object) => (await (await generate(api, asked, { how: "/async" })).json()) as Job;
const look = async (id: string) => (await (await send(api, `/status/${id}`)).json()) as Job;
const NOTHING = { video_url: null, video_filename: null, duration: null, frames_generated: null };

describe("POST /generate", () => {
  it("waits and answers with the video that can be fetched; the uploads stay for the next", async () => {
    await start();
    stopWorker = work(api);
    const names = await uploadBoth(api);
    const uploads = await api.stored();
    const reply = await generate(api, { ...names, output_fps: 30, output_resolution: 256 });
    const result = (await reply.json()) as Record<string, string>;
    expect([reply.status, result]).toEqual([
      200,
      {
        success: true,
        video_url: `/download/${result.video_filename}`,
        video_filename: expect.stringMatching(/^[0-9a-f]{32}\.mp4$/),
        duration: 3,
        frames_generated: 75,
        error_message: null,
      },
    ]);
    const video = await send(api, result.video_url!);
    expect(video.headers.get("content-type")).toBe("video/mp4");
    expect(new Uint8Array(await video.arrayBuffer())).toEqual(VIDEO);
    expect(await api.stored()).toEqual(expect.arrayContaining(uploads));
    const { record } = (await api.deps.records.get("local", result.video_filename!.slice(0, 32)))!;
    expect(record).toMatchObject({
      kind: "talk",
      dialect: "talking-avatar",
      params: { fps: 30, size: 256, exact_size: true },
    });
    expect(Object.keys(record.inputs).sort()).toEqual(["audio", "image"]);
  });

  it("is for 25 frames a second of 512 pixels where nothing else is said; numbers may be quoted", async () => {
    await start();
    const names = await uploadBoth(api);
    const paramsOf = async (asked: object) => {
      const { job_id } = await startJob({ ...names, ...asked });
      return (await api.deps.records.get("local", job_id))?.record.params;
    };
    expect(await paramsOf({})).toMatchObject({ fps: 25, size: 512 });
    expect(await paramsOf({ output_fps: "60", output_resolution: "1024" })).toMatchObject({ fps: 60, size: 1024 });
  });

  it("is canceled when it outlives the wait, whether it had begun or not", async () => {
    await start({ dialectWaitMs: 10_000 });
    for (const begun of [true, false]) {
      const pending = generate(api, await uploadBoth(api));
      await expect.poll(() => api.clock.sleepers).toBeGreaterThan(0);
      const job = begun ? (await next(api))! : (await api.deps.records.list("local", { limit: 1 })).records[0]!;
      const token = begun ? await api.worker.claim(job) : "";
      await api.clock.advance(10_000);
      expect(await outcome(pending)).toEqual([
        504,
        "The video was not ready within 10 seconds and was canceled. For long ones use POST /api/v1/generate/async, which does not wait.",
      ]);
      expect(await stateOf(api, job)).toBe(begun ? "canceling" : "canceled");
      if (begun) await api.worker.cancelDone(job, token);
      const result = { success: false, ...NOTHING, error_message: "The job was canceled." };
      expect(await look(job.id)).toMatchObject({ job_id: job.id, status: "failed", result });
    }
  });

  it("is canceled when its client leaves", async () => {
    await start();
    const client = new AbortController();
    const pending = generate(api, await uploadBoth(api), { signal: client.signal }).catch(() => null);
    const job = (await next(api))!;
    await api.worker.claim(job);
    client.abort();
    await pending;
    await expect.poll(() => stateOf(api, job)).toBe("canceling");
    await expect.poll(() => api.lines.find(({ path }) => path === "/api/v1/generate")).toMatchObject({ status: 504 });
  });

  it("leaves no job behind where too many requests wait", async () => {
    await start({ maxFollowers: 0 });
    const reply = generate(api, await uploadBoth(api));
    expect(await outcome(reply)).toEqual([429, expect.stringContaining("At most 0 event streams")]);
    const { records } = await api.deps.records.list("local", { limit: 1 });
    expect(records[0]?.state).toBe("canceled");
  });

  it("serves several at once, each its own", async () => {
    await start();
    stopWorker = work(api);
    const names = await Promise.all([uploadBoth(api), uploadBoth(api), uploadBoth(api)]);
    const asked = names.flatMap((each) => [each, each]);
    const replies = await Promise.all(asked.map(async (each) => (await generate(api, each)).json()));
    const videos = replies.map((reply) => (reply as { video_filename: string }).video_filename);
    expect(new Set(videos).size).toBe(6);
    for (const name of videos) expect((await send(api, `/download/${name}`)).status).toBe(200);
  });
});

describe("POST /generate/async and GET /status", () => {
  it("tell how it goes, from pending to the result", async () => {
    await start();
    const made = await startJob(await uploadBoth(api));
    expect(made).toEqual({
      job_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      status: "pending",
      progress: 0,
      result: null,
    });
    const id = made.job_id;
    const job = (await next(api))!;
    expect(job.id).toBe(id);
    const token = await api.worker.claim(job);
    expect(await look(id)).toMatchObject({ status: "processing", progress: 0 });
    await api.worker.beat(job, token, { stage: "render", done: 171, total: 383, percent: 45.4545 });
    expect(await look(id)).toEqual({ job_id: id, status: "processing", progress: 45.5, result: null });
    await api.worker.succeed(job, token, VIDEO);
    const video = `${id}.mp4`;
    const result = {
      success: true,
      video_url: `/download/${video}`,
      video_filename: video,
      duration: 3,
      frames_generated: 75,
    };
    expect(await look(id)).toEqual({
      job_id: id,
      status: "completed",
      progress: 100,
      result: { ...result, error_message: null },
    });
    const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    expect(await look(dashed)).toMatchObject({ job_id: id, status: "completed" });
  });

  it("a job that is tried again is still processing, and its progress stays", async () => {
    await start();
    const { job_id } = await startJob(await uploadBoth(api));
    const job = { owner: "local", id: job_id };
    const token = await api.worker.claim(job);
    await api.worker.beat(job, token, { stage: "render", done: 1, total: 2, percent: 50 });
    await api.worker.fail(job, token, { code: "engine_crashed", detail: "signal 11 in /opt/engine" });
    expect(await stateOf(api, job)).toBe("queued");
    expect(await look(job_id)).toEqual({ job_id, status: "processing", progress: 50, result: null });
  });

  it.each<[string, JobError, string]>([
    [
      "a picture without a face",
      { code: "no_face", detail: "No face was found.", input: "image" },
      "No face was found.",
    ],
    ["an engine that crashed", { code: "engine_crashed", detail: "signal 11 in /opt/engine" }, "The engine crashed."],
  ])("%s is said in the result", async (_name, error, error_message) => {
    await start();
    const { job_id } = await startJob(await uploadBoth(api));
    stopWorker = work(api, error);
    await expect.poll(() => look(job_id)).toMatchObject({ status: "failed" });
    expect(await look(job_id)).toMatchObject({ result: { success: false, ...NOTHING, error_message } });
  });
});
