/** Texts that are said, in all shapes that clients send. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import { lipsyncApi, loggedIn, SOUND, working } from "../../../../../test/support/lipsync.ts";

let api: TestApi;
let stop: () => Promise<void>;
let headers: Record<string, string>;
beforeEach(async () => {
  api = lipsyncApi();
  await api.listen();
  stop = working(api, "narrator");
  headers = await loggedIn(api);
});
afterEach(async () => {
  await stop();
  await api.close();
});

type Sound = { first_audio_url: string; audio_files: string[]; voice: string; message: string; warnings: object[] };
const post = (path: string, init: RequestInit = {}) =>
  fetch(`${api.url}/api/v1/tts${path}`, { method: "POST", ...init, headers: { ...headers, ...init.headers } });
const json = (value: object, path = "/generate") =>
  post(path, { body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });
const get = (path: string, by = headers) => fetch(`${api.url}${path}`, { headers: by });

describe("a text", () => {
  it("asked in the query is said by the voice nearest to the one of the original, and the reply says so", async () => {
    const reply = await post("/generate-simple?text=Hello%20world!&voice=af_heart");
    expect(reply.status).toBe(200);
    const sound = (await reply.json()) as Sound;
    expect(sound).toMatchObject({
      first_audio_url: expect.stringMatching(/^\/static\/audio\/[0-9a-f]{32}\/segment_000\.wav$/),
      total_segments: 1,
      text: "Hello world!",
      requested_voice: "af_heart",
      voice: "slt",
      duration: 1,
      warnings: [{ code: "voice_mapped", detail: expect.stringContaining("There is no voice af_heart here; slt") }],
    });
    expect(sound.audio_files).toEqual([sound.first_audio_url]);
    const file = await get(sound.first_audio_url);
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(SOUND);
  });

  it("may come as a form or as JSON, with a voice that is here", async () => {
    const form = await post("/generate", { body: new URLSearchParams({ text: "Hi", voice: "rms", speed: "1.5" }) });
    expect(await form.json()).toMatchObject({
      voice: "rms",
      speed: 1.5,
      message: "Audio generated successfully",
      warnings: [],
    });
    const reply = await json({ text: "Hi", language_code: "b", voice: "bm_george" });
    expect(await reply.json()).toMatchObject({ voice: "awb", language_code: "en-GB" });
  });

  it("is refused with the field that is wrong", async () => {
    const fault = async (reply: Promise<Response>) => [(await reply).status, await (await reply).json()];
    expect(await fault(post("/generate-simple?voice=af_heart"))).toEqual([
      422,
      { detail: [{ loc: ["query", "text"], msg: "Field required", type: "missing" }] },
    ]);
    expect(await fault(json({ text: "Hi", voice: "nobody" }))).toMatchObject([
      422,
      { detail: [{ loc: ["body", "voice"] }] },
    ]);
    expect(await fault(json({ text: "Hi", speed: 9 }))).toMatchObject([422, { detail: [{ loc: ["body", "speed"] }] }]);
    expect(await fault(json({ text: "🙂" }))).toMatchObject([422, { detail: [{ loc: ["body", "text"] }] }]);
    expect(await fault(json({ text: "Hi", language_code: "?" }))).toMatchObject([422, {}]);
    expect(await fault(json({ text: "こんにちは", voice: "jf_alpha" }))).toMatchObject([422, {}]);
    const none = lipsyncApi({}, { kinds: new Map() });
    await none.listen();
    const by = { ...(await loggedIn(none)), "Content-Type": "application/json" };
    const url = `${none.url}/api/v1/tts/generate`;
    const refused = await fetch(url, { method: "POST", body: '{"text":"Hi"}', headers: by });
    expect([refused.status, await refused.json()]).toEqual([503, { detail: "There is no engine here that speaks." }]);
    await none.close();
  });

  it("that takes too long is given up", async () => {
    await stop();
    await api.close();
    api = lipsyncApi({ dialectWaitMs: 0 });
    await api.listen();
    headers = await loggedIn(api);
    stop = async () => {};
    const reply = await json({ text: "Hi" });
    expect([reply.status, await reply.json()]).toMatchObject([
      504,
      { detail: expect.stringContaining("was canceled") },
    ]);
  });
});

describe("who is let in", () => {
  it("is who has logged in", async () => {
    for (const path of ["/api/v1/tts/voices", "/api/v1/tts/languages", "/static/audio/x/segment_000.wav"]) {
      const none = await get(path, {});
      expect([none.status, none.headers.get("www-authenticate"), await none.json()]).toEqual([
        ...[401, "Bearer"],
        { detail: "Not authenticated" },
      ]);
      const wrong = await get(path, { Authorization: "Bearer nonsense" });
      expect([wrong.status, await wrong.json()]).toEqual([401, { detail: "Invalid authentication credentials" }]);
    }
  });

  it("gets one's own sounds, and no other file by their path", async () => {
    const sound = (await (await json({ text: "Hi" })).json()) as Sound;
    const bob = await loggedIn(api, "bob");
    const [id] = /[0-9a-f]{32}/.exec(sound.first_audio_url)!;
    const missing = [404, { detail: "Audio not found" }];
    const others: [string, Record<string, string>][] = [
      [sound.first_audio_url, bob],
      [`/static/audio/${id}/segment_001.wav`, headers],
      [`/static/audio/${id}/spoken`, headers],
      ["/static/audio/..%2f..%2fsecret/segment_000.wav", headers],
    ];
    for (const [path, by] of others) {
      const reply = await get(path, by);
      expect([reply.status, await reply.json()], path).toEqual(missing);
    }
    await api.clock.advance(3_601_000);
    expect((await get(sound.first_audio_url)).status).toBe(404);
  });
});

it("voices and languages are listed, with what the names of the original stand for", async () => {
  const { voices, total_count } = (await (await get("/api/v1/tts/voices")).json()) as {
    voices: { name: string; stands_for: string | null }[];
    total_count: number;
  };
  expect(voices).toHaveLength(total_count);
  expect(voices.find(({ name }) => name === "rms")).toMatchObject({ stands_for: null });
  expect(voices.find(({ name }) => name === "af_heart")).toMatchObject({ stands_for: "slt" });
  expect(voices.find(({ name }) => name === "am_adam")).toMatchObject({ stands_for: "rms" });
  // no voice here speaks it
  expect(voices.find(({ name }) => name === "jf_alpha")).toBeUndefined();
  const { languages } = (await (await get("/api/v1/tts/languages")).json()) as { languages: object[] };
  expect(languages).toContainEqual({ code: "en-US", name: "American English", letter: "a", voices: 2 });
});
