/** The lip sync API in all shapes that clients send. */

import { createSeals } from "@smileloop/core/seals.ts";
import { describe, expect, it } from "vitest";
import { kindsWithService, loggedIn, recordOf, say, sync, VIDEO } from "../../../../../test/support/lipsync.ts";
import { ASKED, lipsyncClients } from "../../../../../test/support/lipsync-clients.ts";

const here = lipsyncClients();
const { post, json, get, created, outcome } = here;

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
      submitted_at: here.api.clock.now() / 1000,
      output_filename: "my_synced_video",
    });
    const job = { owner: "alice", id: body.job_id };
    const common = { job_id: job.id, created_at: body.submitted_at, error_message: null };
    const path = `/status/${job.id}?api_key=sk-your_key`;
    expect((await get(path)).body).toEqual({
      ...{ ...common, status: "PENDING", output_url: null, progress: 0, completed_at: null },
    });
    await sync(here.api, job);
    const { body: done } = await get(path);
    expect(done).toEqual({
      ...common,
      status: "COMPLETED",
      output_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\/files\//),
      progress: 100,
      completed_at: here.api.clock.now() / 1000,
    });
    // as Sync.so's: the link needs no token
    const video = await fetch(done.output_url as string);
    expect(video.headers.get("content-disposition")).toContain('filename="my_synced_video.mp4"');
    expect(new Uint8Array(await video.arrayBuffer())).toEqual(VIDEO);
    await here.api.clock.advance(3_601_000);
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
    const record = await recordOf(here.api, job);
    expect(JSON.stringify([record, here.api.lines])).not.toContain("sk-your");
    expect(record.metadata).toMatchObject({ video_url: ASKED.video_url });
    await sync(here.api, job);
    expect(JSON.stringify([await recordOf(here.api, job), here.api.lines])).not.toContain("hidden");
  });

  it("goes to Sync.so with the client's key, which is sealed, where the operator has set that up", async () => {
    await here.start({}, { kinds: kindsWithService(), seals: createSeals([Buffer.alloc(32, 3)]) });
    const replies = [
      json({ ...ASKED, model: "lipsync-1" }),
      post(`/create?${new URLSearchParams({ ...ASKED, model: "lipsync-1" })}`),
      json({ video_url: ASKED.video_url, tts_audio_url: ASKED.audio_url, api_key: ASKED.api_key }, "/create-from-tts"),
    ];
    for (const reply of replies) {
      const record = await recordOf(here.api, await created(reply));
      expect(record).toMatchObject({ engine: { name: "far" }, queue: "far", sealed: { api_key: expect.any(String) } });
      expect(record.params).not.toHaveProperty("api_key");
      expect(record.params.model).toMatch(/^lipsync-/);
      await get(`/status/${record.id}?api_key=${ASKED.api_key}`);
      const native = await fetch(`${here.api.url}/v1/jobs/${record.id}`, { headers: here.headers });
      expect(JSON.stringify([record, here.api.lines, await native.json()])).not.toContain("sk-your");
    }
    for (const api_key of ["", undefined]) {
      const record = await recordOf(here.api, await created(json({ ...ASKED, api_key })));
      expect([record.engine!.name, record.sealed]).toEqual(["warp", undefined]);
    }
    const wrong = await json({ ...ASKED, api_key: "sk-with a space" });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).not.toContain("sk-with");
    expect(JSON.stringify(here.api.lines)).not.toContain("sk-with");
  });

  it("takes a sound of this server by its path, for its owner only", async () => {
    const reply = await fetch(`${here.api.url}/v1/jobs`, {
      method: "POST",
      headers: { ...here.headers, "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "speak", inputs: {}, params: { text: "Hello" } }),
    });
    const { id } = (await reply.json()) as { id: string };
    const path = `/static/audio/${id}/segment_000.wav`;
    const asked = { video_url: ASKED.video_url, tts_audio_url: path };
    const invalid = [400, { detail: "Invalid video URL or audio URL", reason: expect.any(String) }];
    expect(await outcome(json(asked, "/create-from-tts"))).toEqual(invalid);
    await say(here.api, { owner: "alice", id });
    for (const url of [path, `${here.api.url}${path}`, here.api.url.replace("127.0.0.1", "localhost") + path]) {
      const job = await created(json({ ...asked, tts_audio_url: url }, "/create-from-tts"));
      expect((await recordOf(here.api, job)).inputs.audio).toMatchObject([
        { type: "audio/wav", source: `job:${id}/audio` },
      ]);
    }
    expect(await outcome(json(asked, "/create-from-tts", await loggedIn(here.api, "bob")))).toEqual(invalid);
    const foreign = `https://example.com${path}`;
    const job = await created(json({ ...asked, tts_audio_url: foreign }, "/create-from-tts"));
    expect((await recordOf(here.api, job)).fetches).toMatchObject([{}, { slot: "audio", url: foreign }]);
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
    await sync(here.api, job);
    for (const wait of waits) {
      expect(await outcome(wait)).toMatchObject([200, { status: "COMPLETED", output_url: expect.any(String) }]);
    }
    expect((await post(`/wait/${job.id}?timeout=-1`)).status).toBe(422);
  });

  it("tells why a job has failed", async () => {
    const job = await created(json(ASKED));
    const error = { code: "input_unreadable", detail: "The video could not be decoded.", input: "video" } as const;
    await here.api.worker.fail(job, await here.api.worker.claim(job), error);
    expect(await outcome(post(`/wait/${job.id}?api_key=x`))).toMatchObject([
      200,
      { status: "FAILED", error_message: "The video could not be decoded.", output_url: null },
    ]);
    const second = await created(json(ASKED));
    await fetch(`${here.api.url}/v1/jobs/${second.id}/cancel`, { method: "POST", headers: here.headers });
    expect((await get(`/status/${second.id}`)).body).toMatchObject({ error_message: "The job was canceled." });
  });
});
