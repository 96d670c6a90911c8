/** The API of Sync.so as its clients send it: what they get, what is refused, and whose it is. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import { lipsyncApi, loggedIn, recordOf, say, sync, VIDEO } from "../../../../../test/support/lipsync.ts";
import { multipart, type Part } from "../../../../../test/support/multipart.ts";
import { wavBytes } from "../../../../../test/support/talking-avatar.ts";

const video = { type: "video", url: "https://example.com/video.mp4" };
const audio = { type: "audio", url: "https://example.com/audio.wav" };
const text = { type: "text", provider: { name: "elevenlabs", voiceId: "rms", script: "Good morning!" } };
const ASKED = { model: "lipsync-2", input: [video, audio] };
const MP4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]);

let api: TestApi;
beforeEach(async () => {
  api = lipsyncApi();
  await api.listen();
});
afterEach(() => api.close());

type Body = Record<string, never> & { id: string; message?: string | string[] };
type Sent = { method?: string; body?: unknown; key?: string; headers?: Record<string, string> };

async function call(path: string, { method, body, key = "sk-any", headers = {} }: Sent = {}) {
  const json = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const all = { "x-api-key": key, "Content-Type": "application/json", ...headers };
  const reply = await fetch(`${api.url}${path}`, {
    ...(method === undefined ? {} : { method }),
    ...json,
    headers: all,
  });
  return { status: reply.status, body: (await reply.json()) as Body, headers: reply.headers };
}
const create = (body: unknown, more: Sent = {}) => call("/v2/generate", { body, ...more });
async function sendForm(parts: Part[]) {
  const { type, body } = multipart(parts);
  const init = { method: "POST", headers: { "x-api-key": "sk-any", "Content-Type": type }, body: Buffer.from(body) };
  const reply = await fetch(`${api.url}/v2/generate`, init);
  return { status: reply.status, body: (await reply.json()) as Body };
}
const local = ({ id }: { id: string }) => ({ owner: "local", id });

describe("a generation", () => {
  it("is created as the documents have it, and comes to its end", async () => {
    const asked = { ...ASKED, options: { sync_mode: "loop", temperature: 0.8 }, outputFileName: "my_video-1" };
    const { status, body } = await create(asked);
    const nothing = { error: null, error_code: null, errorCode: null, webhookUrl: null };
    const common = {
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      createdAt: new Date(api.clock.now()).toISOString(),
      model: "lipsync-2",
      input: [video, audio],
      options: { sync_mode: "loop", temperature: 0.8 },
      outputFileName: "my_video-1",
      ...nothing,
    };
    const waiting = { ...common, status: "PENDING", outputUrl: null, outputDuration: null };
    expect([status, body]).toEqual([201, waiting]);
    const path = `/v2/generate/${body.id}`;
    const polled = await call(path);
    expect([polled.status, polled.body, polled.headers.get("retry-after")]).toEqual([200, waiting, "2"]);
    expect((await recordOf(api, local(body))).params).toMatchObject({ sync_mode: "loop", intensity: 1.3 });
    await sync(api, local(body));
    const done = await call(path);
    expect(done.body).toEqual({ ...common, status: "COMPLETED", outputUrl: expect.any(String), outputDuration: 3 });
    expect(done.headers.has("retry-after")).toBe(false);
    const made = await fetch(done.body.outputUrl as unknown as string);
    expect(made.headers.get("content-disposition")).toContain('filename="my_video-1.mp4"');
    expect(new Uint8Array(await made.arrayBuffer())).toEqual(VIDEO);
    // as other UUIDs are written
    const dashed = body.id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-").toUpperCase();
    expect((await call(`/v2/generate/${dashed}`)).body).toMatchObject({ id: body.id, status: "COMPLETED" });
  });

  it("may be of a text, which a voice says", async () => {
    const { status, body } = await create({ ...ASKED, input: [text, video] });
    expect([status, body]).toMatchObject([201, { input: [video, text], options: { sync_mode: "cut_off" } }]);
    expect((await recordOf(api, local(body))).params).toMatchObject({ text: "Good morning!", voice: "rms" });
  });

  it("takes members that are null for absent, and options that ask for nothing", async () => {
    const options = { occlusion_detection_enabled: false, active_speaker_detection: { auto_detect: false } };
    const nulls = { webhookUrl: null, segments: null, outputFileName: null };
    const input = [video, { ...audio, assetId: null, refId: null }];
    expect((await create({ ...ASKED, input, options, ...nulls })).status).toBe(201);
  });

  it("has no secret of a URL, nor the key, once it has ended", async () => {
    const input = [{ ...video, url: `${video.url}?signature=hidden#part` }, audio];
    const { body } = await create({ ...ASKED, input }, { key: "sk-secret-key" });
    expect(body.input).toEqual([video, audio]);
    await sync(api, local(body));
    expect(JSON.stringify([await recordOf(api, local(body)), api.lines])).not.toMatch(/hidden|sk-secret/);
  });

  it("that comes to nothing is FAILED, so that its clients ask no more", async () => {
    const failed = (await create(ASKED)).body;
    const error = { code: "no_face" as const, detail: "No face was found in the video.", input: "video" };
    await api.worker.fail(local(failed), await api.worker.claim(local(failed)), error);
    const found = {
      status: "FAILED",
      error: error.detail,
      error_code: "no_face",
      errorCode: "no_face",
      outputUrl: null,
    };
    expect((await call(`/v2/generate/${failed.id}`)).body).toMatchObject(found);
    const canceled = (await create(ASKED)).body;
    await fetch(`${api.url}/v1/jobs/${canceled.id}/cancel`, { method: "POST" });
    const gone = { status: "FAILED", error: "The job was canceled.", error_code: "canceled" };
    expect((await call(`/v2/generate/${canceled.id}`)).body).toMatchObject(gone);
    const old = (await create(ASKED)).body;
    await sync(api, local(old));
    await api.clock.advance(3_601_000);
    const over = { status: "FAILED", error: expect.stringContaining("kept for an hour"), error_code: "gone" };
    expect((await call(`/v2/generate/${old.id}`)).body).toMatchObject(over);
  });

  it("is waited for, if that is asked, until it has ended or the time is over", async () => {
    const { body } = await create(ASKED);
    const path = `/v2/generate/${body.id}`;
    const waiting = call(`${path}?wait=true&timeout=10`);
    await expect.poll(() => api.clock.sleepers).toBeGreaterThan(0);
    await sync(api, local(body));
    expect((await waiting).body).toMatchObject({ status: "COMPLETED" });
    const other = (await create(ASKED)).body;
    const late = call(`/v2/generate/${other.id}?wait=true`);
    await expect.poll(() => api.clock.sleepers).toBeGreaterThan(0);
    await api.clock.advance(5000);
    expect((await late).body).toMatchObject({ status: "PENDING" });
    for (const query of ["wait=yes", "wait=true&timeout=11", "timeout=0x5", "include=progress"]) {
      expect(await call(`${path}?${query}`), query).toMatchObject({ status: 400, body: { statusCode: 400 } });
    }
  });
});

describe("files in a form", () => {
  const json = (value: object) => JSON.stringify(value);
  const model = { name: "model", body: "lipsync-2" };
  const film = { name: "video", filename: "a.mp4", body: MP4 };
  const sound = { name: "audio", filename: "a.wav", body: wavBytes(1) };

  it("become the inputs, before URLs of the same type, and nothing else of them stays", async () => {
    const options = { name: "options", body: json({ sync_mode: "bounce" }) };
    const { status, body } = await sendForm([film, sound, model, options]);
    expect([status, body]).toMatchObject([
      201,
      { input: [{ type: "video" }, { type: "audio" }], options: { sync_mode: "bounce" } },
    ]);
    const { inputs } = await recordOf(api, local(body));
    expect(inputs).toMatchObject({ video: [{ type: "video/mp4" }], audio: [{ type: "audio/wav", source: "form" }] });
    const urls = [video, audio].map((input) => ({ name: "input", body: json(input) }));
    const mixed = await sendForm([model, ...urls, sound]);
    expect(mixed.body.input).toEqual([video, { type: "audio" }]);
    // a list in one part, as curl sends it
    expect((await sendForm([model, { name: "input", body: json([video, text]) }])).body.input).toEqual([video, text]);
    expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
  });

  it.each<[string, Part[], RegExp]>([
    ["no sound", [film, model], /^input: needs one of the type "audio" or "text"/],
    ["no model", [film, sound], /^model: is required/],
    ["another type", [{ ...film, body: "%PDF-1.7 not a video" }, sound, model], /^video: /],
    ["an empty file", [{ ...film, body: "" }, sound, model], /^video: The file is empty/],
    ["an unknown part", [film, sound, model, { name: "image", body: "x" }], /^image: This part is not known/],
    ["a part twice", [film, sound, model, model], /^model: .*twice/],
    ["no JSON", [film, sound, model, { name: "options", body: "{" }], /^options: is not valid JSON/],
    ["a webhook", [film, sound, model, { name: "webhookUrl", body: "https://a.example" }], /^webhookUrl: webhooks/],
  ])("are refused with %s, and nothing is left", async (_name, parts, is) => {
    const { status, body } = await sendForm(parts);
    expect([status, body]).toMatchObject([400, { statusCode: 400, error: "Bad Request" }]);
    expect([body.message].flat()[0]).toMatch(is);
    expect(await api.stored()).toEqual([]);
  });
});

describe("a request that is not valid", () => {
  const only = (input: object[]) => ({ ...ASKED, input });
  const withOptions = (options: object) => ({ ...ASKED, options });
  it.each<[unknown, RegExp]>([
    [{ input: [video, audio] }, /^model: /],
    [{ ...ASKED, model: "react-1" }, /^model: must be a model such as lipsync-2/],
    [only([audio]), /^input: needs one of the type "video"/],
    [only([video]), /^input: needs one of the type "audio" or "text"/],
    [only([video, video, audio]), /^input: has 2 of the type "video"/],
    [only([video, audio, text]), /^input: has 2 of the type "audio" or "text"/],
    [only([{ type: "image", url: "https://example.com/a.png" }, audio]), /^input\.0.*"video", "audio" or "text"/],
    [only([{ type: "video" }, audio]), /^input\.0\.url: is required/],
    [only([{ type: "video", assetId: "550e8400" }, audio]), /^input\.0\.assetId: there is no media library/],
    [only([video, { ...audio, refId: "a" }]), /^input\.1\.refId: only whole videos/],
    [only([{ ...video, url: "http://127.0.0.1/v.mp4" }, audio]), /^input\.0\.url: .*loopback/],
    [only([audio, { ...video, url: "ftp://example.com/v.mp4" }]), /^input\.1\.url: .*http/],
    [
      only([video, { ...text, provider: { ...text.provider, voiceId: "rachel" } }]),
      /^input\.1\.provider\.voiceId: there is no voice 'rachel'.*\/v1\/voices/,
    ],
    [
      only([video, { ...text, provider: { ...text.provider, stability: 0.5 } }]),
      /^input\.1\.provider\.stability: .*leave it out/,
    ],
    [
      only([video, { ...text, provider: { ...text.provider, script: "…" } }]),
      /^input\.1\.provider\.script: has neither letters/,
    ],
    [{ ...ASKED, webhookUrl: "https://example.com/hook" }, /^webhookUrl: webhooks are not sent here/],
    [{ ...ASKED, segments: [] }, /^segments: only whole videos/],
    [{ ...ASKED, outputFileName: "../a" }, /^outputFileName: must be 1 to 255/],
    [{ ...ASKED, sync_mode: "loop" }, /unknown name 'sync_mode'; allowed: input, model, options, outputFileName/],
    [withOptions({ sync_mode: "stretch" }), /^options\.sync_mode: must be one of cut_off, loop, bounce/],
    [withOptions({ temperature: 2 }), /^options\.temperature: at most 1, got 2/],
    [withOptions({ prompt: "happy" }), /^options\.prompt: is for react-1/],
    [
      withOptions({ active_speaker_detection: { auto_detect: true } }),
      /auto_detect: is not done here; the largest face/,
    ],
    [withOptions({ active_speaker_detection: { frame_number: 0 } }), /frame_number: the largest face/],
    [withOptions({ occlusion_detection_enabled: true }), /occlusion_detection_enabled: is not done here/],
    [[], /must be an object/],
  ])("%j", async (body, is) => {
    const reply = await create(body);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ statusCode: 400, error: "Bad Request", errorCode: expect.any(String) });
    expect([reply.body.message].flat().join("\n")).toMatch(is);
    expect(await api.stored()).toEqual([]);
  });

  it("tells all its faults", async () => {
    const { body } = await create({ ...ASKED, options: { temperature: -1, sync_mode: "no" }, webhookUrl: undefined });
    expect(body.message).toHaveLength(2);
    const off = await create({ ...ASKED, webhookUrl: "https://a.example", segments: [] });
    expect(off.body).toMatchObject({ message: [/^webhookUrl/, /^segments/].map((is) => expect.stringMatching(is)) });
  });

  it("is no JSON, is too large, or comes where no engine is", async () => {
    const init = { method: "POST", headers: { "x-api-key": "sk-any" } };
    const cut = await fetch(`${api.url}/v2/generate`, { ...init, body: "{" });
    expect([cut.status, await cut.json()]).toMatchObject([400, { message: "The body is not valid JSON." }]);
    const large = await create({ ...ASKED, model: "x".repeat(300_000) });
    expect([large.status, large.body]).toMatchObject([413, { error: "Payload Too Large", errorCode: "too_large" }]);
    const none = lipsyncApi({}, { kinds: new Map() });
    const reply = await none.app.fetch(
      new Request("http://localhost/v2/generate", { ...init, body: JSON.stringify(ASKED) }),
    );
    expect([reply.status, await reply.json()]).toMatchObject([503, { errorCode: "engine_not_configured" }]);
  });
});

describe("an Idempotency-Key", () => {
  const headers = { "Idempotency-Key": "d9bc7a6e-73cd" };
  it("makes a request safe to repeat", async () => {
    const first = await create(ASKED, { headers });
    const again = await create({ input: ASKED.input, model: ASKED.model }, { headers });
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    const other = await create({ ...ASKED, model: "sync-3" }, { headers });
    expect([other.status, other.body]).toMatchObject([400, { errorCode: "idempotency_key_reused" }]);
    expect((await create(ASKED, { headers: { "Idempotency-Key": "a b" } })).status).toBe(400);
    expect((await call("/v2/generations")).body).toHaveLength(1);
  });
});

describe("lists", () => {
  it("have one's own, the newest first, by status and id, in pages", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      ids.unshift((await create(ASKED)).body.id);
      await api.clock.advance(1000);
    }
    await sync(api, { owner: "local", id: ids[1]! });
    const listed = async (query: string) =>
      ((await call(`/v2/generations${query}`)).body as unknown as { id: string }[]).map(({ id }) => id);
    expect(await listed("")).toEqual(ids);
    // commas, a list in JSON as the SDK sends it, and the name twice
    const completed = encodeURIComponent('["COMPLETED"]');
    expect(await listed(`?status=${completed}`)).toEqual([ids[1]]);
    expect(await listed("?status=PENDING,PROCESSING")).toEqual([ids[0], ids[2]]);
    expect(await listed("?status=COMPLETED&status=FAILED")).toEqual([ids[1]]);
    expect(await listed(`?ids=${ids[2]},${newId(api.clock.now())}`)).toEqual([ids[2]]);
    expect(await listed("?limit=2")).toEqual(ids.slice(0, 2));
    expect(await listed(`?limit=2&cursor=${ids[1]}`)).toEqual([ids[2]]);
    for (const query of [
      "?limit=0x10",
      "?limit=0",
      "?limit=101",
      "?cursor=x",
      "?limit=1&cursor=x",
      "?status=DONE",
      "?source=a",
    ]) {
      expect((await call(`/v2/generations${query}`)).status, query).toBe(400);
    }
  });

  it("lose what is deleted, which has to have ended", async () => {
    const { body } = await create(ASKED);
    const path = `/v2/generations/${body.id}`;
    const early = await call(path, { method: "DELETE" });
    expect([early.status, early.body]).toMatchObject([409, { errorCode: "conflict" }]);
    await sync(api, local(body));
    const deleted = await call(path, { method: "DELETE" });
    expect([deleted.status, deleted.body]).toMatchObject([200, { id: body.id, status: "COMPLETED", outputUrl: null }]);
    expect(await call(`/v2/generate/${body.id}`)).toMatchObject({
      status: 404,
      body: { message: "Generation not found" },
    });
    expect((await call("/v2/generations")).body).toEqual([]);
    expect(await api.stored()).toEqual([]);
  });

  it("of models name what may be asked for", async () => {
    for (const { id } of (await call("/v2/models")).body as unknown as { id: string }[]) {
      expect((await create({ ...ASKED, model: id })).status, id).toBe(201);
    }
  });
});

describe("whose generations they are", () => {
  const alice = makeApiKey("alice");
  const bob = makeApiKey("bob");
  const { keys } = parseApiKeys([alice, bob].map(({ entry }) => entry).join(","));
  const unauthorized = { status: 401, body: { statusCode: 401, error: "Unauthorized", errorCode: "unauthorized" } };

  it("those of the key in x-api-key, and nobody comes in without", async () => {
    for (const anonymous of [false, true]) {
      await api.close();
      api = lipsyncApi({ access: { keys, anonymous } });
      await api.listen();
      const { body } = await create(ASKED, { key: alice.key });
      expect(body).toMatchObject({ status: "PENDING" });
      const path = `/v2/generate/${body.id}`;
      expect((await call(path, { key: alice.key })).status).toBe(200);
      expect((await call(path, { key: bob.key })).status).toBe(404);
      expect((await call("/v2/generations", { key: bob.key })).body).toEqual([]);
      expect((await call(`/v2/generations/${body.id}`, { key: bob.key, method: "DELETE" })).status).toBe(404);
      expect(await call(path, { key: "sk-of-sync-so" })).toMatchObject(unauthorized);
      const nothing = await fetch(`${api.url}/v2/generations`);
      expect({ status: nothing.status, body: await nothing.json() }).toMatchObject(unauthorized);
    }
  });

  it("those of the user whose token it is, also where all others are let in", async () => {
    const { Authorization = "" } = await loggedIn(api, "alice");
    const token = Authorization.replace("Bearer ", "");
    const { body } = await create(ASKED, { key: token });
    expect((await recordOf(api, { owner: "alice", id: body.id })).dialect).toBe("sync-so");
    expect((await call(`/v2/generate/${body.id}`)).status).toBe(404);
    expect(await call(`/v2/generate/${body.id}`, { key: `${token}x` })).toMatchObject(unauthorized);
  });

  it("sounds of this server are inputs for their owner", async () => {
    const reply = await fetch(`${api.url}/v1/jobs`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "speak", inputs: {}, params: { text: "Hello" } }),
    });
    const { id } = (await reply.json()) as { id: string };
    const input = [video, { type: "audio", url: `${api.url}/v1/jobs/${id}/outputs/audio` }];
    const early = await create({ ...ASKED, input });
    expect([early.status, early.body.message]).toEqual([400, expect.stringMatching(/^input\.1\.url: .*no result yet/)]);
    await say(api, { owner: "local", id });
    const { body } = await create({ ...ASKED, input });
    expect((await recordOf(api, local(body))).inputs.audio).toMatchObject([{ source: `job:${id}/audio` }]);
  });
});
