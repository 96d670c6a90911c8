/** The lip sync API in all shapes that clients send, and its errors. */
import { newId } from "@smileloop/core/job/ids.ts";
import { createSeals } from "@smileloop/core/seals.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import {
  kindsWithService,
  lipsyncApi,
  loggedIn,
  recordOf,
  say,
  sync,
  VIDEO,
} from "../../../../../test/support/lipsync.ts";

const BASE = "/api/v1/lipsync";
const ASKED = {
  video_url: "https://example.com/video.mp4",
  audio_url: "https://example.com/audio.wav",
  api_key: "sk-your_sync_api_key_here",
};

let api: TestApi;
let headers: Record<string, string>;
beforeEach(async () => {
  api = lipsyncApi();
  await api.listen();
  headers = await loggedIn(api);
});
afterEach(() => api.close());

const post = (path: string, init: RequestInit = {}, by = headers) =>
  fetch(`${api.url}${BASE}${path}`, { method: "POST", ...init, headers: { ...by, ...init.headers } });
const json = (value: object, path = "/create", by = headers) =>
  post(path, { body: JSON.stringify(value), headers: { "Content-Type": "application/json" } }, by);
const get = async (path: string, by = headers) => {
  const reply = await fetch(`${api.url}${BASE}${path}`, { headers: by });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
};
const created = async (reply: Promise<Response>) => {
  const body = (await (await reply).json()) as { job_id: string };
  return { owner: "alice", id: body.job_id };
};
const outcome = async (reply: Promise<Response>) => [(await reply).status, await (await reply).json()];

describe("a job", () => {
  it("is created as the document has it, and comes to its end", async () => {
    const reply = await json({
      ...ASKED,
      model: "lipsync-2",
      sync_mode: "cut_off",
      output_filename: "my_synced_video",
    });
    expect(reply.status).toBe(200);
    const body = (await reply.json()) as { job_id: string; submitted_at: number };
    expect(body).toEqual({
      message: "Lipsync job created successfully",
      job_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      status: "PENDING",
      video_url: ASKED.video_url,
      audio_url: ASKED.audio_url,
      model: "lipsync-2",
      sync_mode: "cut_off",
      submitted_at: api.clock.now() / 1000,
      output_filename: "my_synced_video",
    });
    const job = { owner: "alice", id: body.job_id };
    const common = { job_id: job.id, created_at: body.submitted_at, error_message: null };
    const path = `/status/${job.id}?api_key=sk-your_key`;
    expect((await get(path)).body).toEqual({
      ...{ ...common, status: "PENDING", output_url: null, progress: 0, completed_at: null },
    });
    await sync(api, job);
    const { body: done } = await get(path);
    expect(done).toEqual({
      ...common,
      status: "COMPLETED",
      output_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\/files\//),
      progress: 100,
      completed_at: api.clock.now() / 1000,
    });
    // as Sync.so's: whoever has the link needs no token
    const video = await fetch(done.output_url as string);
    expect(video.headers.get("content-disposition")).toContain('filename="my_synced_video.mp4"');
    expect(new Uint8Array(await video.arrayBuffer())).toEqual(VIDEO);
    await api.clock.advance(3_601_000);
    expect((await get(path)).body).toMatchObject({ status: "FAILED", output_url: null });
  });

  it("may be asked for by a form, by the query, and with Sync.so's own values", async () => {
    const { audio_url, ...rest } = ASKED;
    const tts = { ...rest, tts_audio_url: audio_url };
    const replies = [
      post("/create", { body: new URLSearchParams(ASKED) }),
      post(`/create?${new URLSearchParams(ASKED)}`),
      post("/create-from-tts", { body: new URLSearchParams(tts) }),
      post(`/create-from-tts?${new URLSearchParams({ ...tts, sync_mode: "fade", model: "lipsync-1" })}`),
      json({ ...tts, sync_mode: "bounce", model: "lipsync-2-pro" }, "/create-from-tts"),
    ];
    for (const reply of replies) expect(await outcome(reply)).toMatchObject([200, { status: "PENDING" }]);
    const modes = ((await get("/jobs/my")).body.jobs as { sync_mode: string }[]).map(({ sync_mode }) => sync_mode);
    expect(modes.sort()).toEqual(["bounce", "cut_off", "cut_off", "cut_off", "fade"]);
  });

  it("never has the key of Sync.so, nor what is secret in a URL once it has ended", async () => {
    const secret = { ...ASKED, video_url: `${ASKED.video_url}?signature=hidden#part` };
    const job = await created(json(secret));
    await post(`/wait/${job.id}?api_key=sk-your_sync_api_key_here&timeout=0`);
    await get(`/debug/status/${job.id}?api_key=sk-your_sync_api_key_here`);
    const record = await recordOf(api, job);
    expect(JSON.stringify([record, api.lines])).not.toContain("sk-your");
    expect(record.metadata).toMatchObject({ video_url: ASKED.video_url });
    await sync(api, job);
    expect(JSON.stringify([await recordOf(api, job), api.lines])).not.toContain("hidden");
  });

  it("goes to Sync.so with the client's key, which is sealed, where the operator has set that up", async () => {
    await api.close();
    api = lipsyncApi({}, { kinds: kindsWithService(), seals: createSeals([Buffer.alloc(32, 3)]) });
    await api.listen();
    headers = await loggedIn(api);
    const replies = [
      json({ ...ASKED, model: "lipsync-1" }),
      post(`/create?${new URLSearchParams({ ...ASKED, model: "lipsync-1" })}`),
      json({ video_url: ASKED.video_url, tts_audio_url: ASKED.audio_url, api_key: ASKED.api_key }, "/create-from-tts"),
    ];
    for (const reply of replies) {
      const record = await recordOf(api, await created(reply));
      expect(record).toMatchObject({ engine: { name: "far" }, queue: "far", sealed: { api_key: expect.any(String) } });
      expect(record.params).not.toHaveProperty("api_key");
      expect(record.params.model).toMatch(/^lipsync-/);
      await get(`/status/${record.id}?api_key=${ASKED.api_key}`);
      const native = await fetch(`${api.url}/v1/jobs/${record.id}`, { headers });
      expect(JSON.stringify([record, api.lines, await native.json()])).not.toContain("sk-your");
    }
    for (const api_key of ["", undefined]) {
      const record = await recordOf(api, await created(json({ ...ASKED, api_key })));
      expect([record.engine!.name, record.sealed]).toEqual(["warp", undefined]);
    }
    const wrong = await json({ ...ASKED, api_key: "sk-with a space" });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).not.toContain("sk-with");
    expect(JSON.stringify(api.lines)).not.toContain("sk-with");
  });

  it("takes a sound of this server by its path, for its owner only", async () => {
    const reply = await fetch(`${api.url}/v1/jobs`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "speak", inputs: {}, params: { text: "Hello" } }),
    });
    const { id } = (await reply.json()) as { id: string };
    const path = `/static/audio/${id}/segment_000.wav`;
    const asked = { video_url: ASKED.video_url, tts_audio_url: path };
    const invalid = [400, { detail: "Invalid video URL or audio URL", reason: expect.any(String) }];
    expect(await outcome(json(asked, "/create-from-tts"))).toEqual(invalid);
    await say(api, { owner: "alice", id });
    for (const url of [path, `${api.url}${path}`, api.url.replace("127.0.0.1", "localhost") + path]) {
      const job = await created(json({ ...asked, tts_audio_url: url }, "/create-from-tts"));
      expect((await recordOf(api, job)).inputs.audio).toMatchObject([{ type: "audio/wav", source: `job:${id}/audio` }]);
    }
    expect(await outcome(json(asked, "/create-from-tts", await loggedIn(api, "bob")))).toEqual(invalid);
    const foreign = `https://example.com${path}`;
    const job = await created(json({ ...asked, tts_audio_url: foreign }, "/create-from-tts"));
    expect((await recordOf(api, job)).fetches).toMatchObject([{}, { slot: "audio", url: foreign }]);
  });
});

describe("an invalid request", () => {
  it.each([
    ["ftp://example.com/video.mp4", "http:// and a host"],
    ["video1.mp4", "http:// and a host"],
    ["//example.com/video.mp4", "http:// and a host"],
    ["https://user:secret@example.com/video.mp4", "a user or a password"],
    ["http://127.0.0.1/video.mp4", "loopback"],
    ["http://169.254.169.254/latest/meta-data/", "metadata"],
    ["http://[::1]/video.mp4", "loopback"],
    ["http://2130706433/video.mp4", "unusual way"],
    ["https://media.internal/video.mp4", "private"],
    ["/v1/jobs/0199a1b2c3d47e5f8a9b0c1d2e3f4a5b/outputs/video", "There is no job|over a day old"],
  ])("has the URL %s", async (url, reason) => {
    for (const asked of [
      { ...ASKED, video_url: url },
      { ...ASKED, audio_url: url },
    ]) {
      const [status, body] = await outcome(json(asked));
      expect([status, body]).toEqual([400, { detail: "Invalid video URL or audio URL", reason: expect.any(String) }]);
      expect((body as { reason: string }).reason).toMatch(new RegExp(reason));
    }
    expect(await api.stored()).toEqual([]);
    expect(JSON.stringify(api.lines)).not.toContain("secret");
  });

  it("may have a name that is unknown now, or private and allowed: those are the job's to fetch", async () => {
    await api.close();
    const lookup = async () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }));
    const rules = { hosts: [{ host: "media.internal", port: null }], places: [] };
    api = lipsyncApi({ fetch: rules }, { lookup });
    await api.listen();
    headers = await loggedIn(api);
    expect((await json(ASKED)).status).toBe(200);
    expect((await json({ ...ASKED, video_url: "https://media.internal/a.mp4" })).status).toBe(200);
  });

  it("lacks a field, or has a wrong one", async () => {
    const missing = (place: string, name: string) => ({ loc: [place, name], msg: "Field required", type: "missing" });
    expect(await outcome(json({ video_url: ASKED.video_url }))).toEqual([
      422,
      { detail: [missing("body", "audio_url")] },
    ]);
    expect(await outcome(post("/create-from-tts?video_url=https://example.com/v.mp4"))).toEqual([
      422,
      { detail: [missing("query", "tts_audio_url")] },
    ]);
    for (const wrong of [
      { sync_mode: "shrink" },
      { model: "gpt-4" },
      { output_filename: "../x" },
      { output_filename: 'a"b' },
    ]) {
      expect(await outcome(json({ ...ASKED, ...wrong }))).toMatchObject([
        422,
        { detail: [{ loc: ["body", Object.keys(wrong)[0]] }] },
      ]);
    }
    expect((await post("/cleanup?hours_old=-1")).status).toBe(422);
    expect((await post("/create", { body: "{", headers: { "Content-Type": "application/json" } })).status).toBe(422);
  });

  it("is about a job that is not there, or another's", async () => {
    const job = await created(json(ASKED));
    const bob = await loggedIn(api, "bob");
    const unknown = newId(api.clock.now());
    for (const [id, by] of [
      [unknown, headers],
      [job.id, bob],
      ["nonsense", headers],
    ] as const) {
      const missing = { status: 404, body: { detail: "Job not found" } };
      expect(await get(`/status/${id}?api_key=x`, by)).toEqual(missing);
      expect(await get(`/debug/status/${id}?api_key=x`, by)).toEqual(missing);
      expect((await post(`/wait/${id}?api_key=x&timeout=1`, {}, by)).status).toBe(404);
    }
  });

  it("comes without a token, or with a wrong one, or where no engine does the work", async () => {
    const none = await json(ASKED, "/create", {});
    expect([none.headers.get("www-authenticate"), ...(await outcome(Promise.resolve(none)))]).toEqual([
      ...["Bearer", 401],
      { detail: "Not authenticated" },
    ]);
    const wrong = [401, { detail: "Invalid authentication credentials" }];
    expect(await outcome(json(ASKED, "/create", { Authorization: "Bearer YOUR_TOKEN" }))).toEqual(wrong);
    for (const path of ["/models", "/sync-modes", "/jobs/my"]) expect((await get(path, {})).status).toBe(401);
    await api.close();
    api = lipsyncApi({}, { kinds: new Map() });
    await api.listen();
    headers = await loggedIn(api);
    expect(await outcome(json(ASKED))).toMatchObject([503, { detail: expect.stringContaining("no engine here") }]);
  });
});

describe("waiting", () => {
  it("ends with the job, holds nobody else up, and says how the job is when the time is over", async () => {
    const job = await created(json(ASKED));
    const waits = [
      post(`/wait/${job.id}?api_key=sk-your_key&timeout=300`),
      post(`/wait/${job.id}`, { body: new URLSearchParams({ api_key: "x", timeout: "300", poll_interval: "10" }) }),
    ];
    expect((await get("/models")).status).toBe(200);
    expect(await outcome(post(`/wait/${job.id}?timeout=0`))).toMatchObject([200, { status: "PENDING" }]);
    await sync(api, job);
    for (const wait of waits) {
      expect(await outcome(wait)).toMatchObject([200, { status: "COMPLETED", output_url: expect.any(String) }]);
    }
    expect((await post(`/wait/${job.id}?timeout=-1`)).status).toBe(422);
  });

  it("tells why a job has failed", async () => {
    const job = await created(json(ASKED));
    const error = { code: "input_unreadable", detail: "The video could not be decoded.", input: "video" } as const;
    await api.worker.fail(job, await api.worker.claim(job), error);
    expect(await outcome(post(`/wait/${job.id}?api_key=x`))).toMatchObject([
      200,
      { status: "FAILED", error_message: "The video could not be decoded.", output_url: null },
    ]);
    const second = await created(json(ASKED));
    await fetch(`${api.url}/v1/jobs/${second.id}/cancel`, { method: "POST", headers });
    expect((await get(`/status/${second.id}`)).body).toMatchObject({ error_message: "The job was canceled." });
  });
});

describe("one's jobs", () => {
  it("are listed, also after a restart, and nobody else's", async () => {
    const job = await created(json({ ...ASKED, sync_mode: "loop" }));
    await sync(api, job);
    const bob = await loggedIn(api, "bob");
    await json(ASKED, "/create", bob);
    const again = lipsyncApi({}, { ...api.deps, config: { ...api.deps.config } });
    await again.listen();
    const reply = await fetch(`${again.url}${BASE}/jobs/my`, { headers: await loggedIn(again) });
    await again.close();
    expect(await reply.json()).toEqual({
      jobs: [
        {
          ...{ job_id: job.id, status: "COMPLETED", model: "lipsync-2", sync_mode: "loop", error_message: null },
          video_url: ASKED.video_url,
          audio_url: ASKED.audio_url,
          output_url: expect.stringContaining("/v1/files/"),
          submitted_at: expect.any(Number),
          completed_at: expect.any(Number),
          user_id: expect.any(Number),
        },
      ],
      total_count: 1,
    });
    const ids = await Promise.all([headers, bob].map(async (by) => (await get("/jobs/my", by)).body.jobs));
    const [mine, bobs] = ids as { user_id: number }[][];
    expect(mine![0]!.user_id).not.toBe(bobs![0]!.user_id);
  });

  it("go when they are old and have ended", async () => {
    const old = await created(json(ASKED));
    await sync(api, old);
    const running = await created(json(ASKED));
    await json(ASKED, "/create", await loggedIn(api, "bob"));
    expect(await outcome(post("/cleanup"))).toEqual([
      200,
      { message: "Cleaned up 0 old lipsync jobs", cleaned_jobs: 0 },
    ]);
    expect(await outcome(json({ hours_old: 0 }, "/cleanup"))).toMatchObject([200, { cleaned_jobs: 1 }]);
    expect((await get(`/status/${old.id}`)).status).toBe(404);
    expect((await get(`/status/${running.id}`)).body).toMatchObject({ status: "PENDING" });
    expect((await api.stored()).filter((key) => key.includes(old.id))).toEqual([]);
  });
});

it("models, modes and the debugging reply are as the document has them", async () => {
  expect((await get("/models")).body).toEqual({
    models: ["lipsync-1", "lipsync-2"],
    total_count: 2,
    descriptions: { "lipsync-1": "Basic lipsync model", "lipsync-2": "Advanced lipsync model with better quality" },
  });
  expect((await get("/sync-modes")).body).toMatchObject({ sync_modes: ["cut_off", "loop", "fade"], total_count: 3 });
  const job = await created(json(ASKED));
  await sync(api, job);
  const { body } = await get(`/debug/status/${job.id}?api_key=sk-your_key`);
  expect(body).toMatchObject({
    message: "Raw status data for debugging",
    job_id: job.id,
    raw_result: { job_id: job.id, status: "COMPLETED" },
    data_types: {
      ...{ created_at: "<class 'float'>", completed_at: "<class 'float'>", status: "<class 'str'>" },
      error_message: "<class 'NoneType'>",
    },
  });
});
