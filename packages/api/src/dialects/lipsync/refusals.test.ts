/** What the lip sync API refuses, and in which words. */
import { newId } from "@smileloop/core/job/ids.ts";
import { describe, expect, it } from "vitest";
import { loggedIn } from "../../../../../test/support/lipsync.ts";
import { ASKED, lipsyncClients } from "../../../../../test/support/lipsync-clients.ts";

const here = lipsyncClients();
const { post, json, get, created, outcome } = here;

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
    expect(await here.api.stored()).toEqual([]);
    expect(JSON.stringify(here.api.lines)).not.toContain("secret");
  });

  it("may have a name that is unknown now, or private and allowed: those are the job's to fetch", async () => {
    const lookup = async () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }));
    const rules = { hosts: [{ host: "media.internal", port: null }], places: [] };
    await here.start({ fetch: rules }, { lookup });
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
    const bob = await loggedIn(here.api, "bob");
    const unknown = newId(here.api.clock.now());
    for (const [id, by] of [
      [unknown, here.headers],
      [job.id, bob],
      ["nonsense", here.headers],
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
    await here.start({}, { kinds: new Map() });
    expect(await outcome(json(ASKED))).toMatchObject([503, { detail: expect.stringContaining("no engine here") }]);
  });
});
