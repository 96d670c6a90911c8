/** The API of Sync.so as its clients send it: what they get. */

import { describe, expect, it } from "vitest";
import { recordOf, sync, VIDEO } from "../../../../../test/support/lipsync.ts";
import type { Part } from "../../../../../test/support/multipart.ts";
import { ASKED, audio, local, MP4, syncSo, text, video } from "../../../../../test/support/sync-so.ts";
import { wavBytes } from "../../../../../test/support/talking-avatar.ts";

const here = syncSo();
const { call, create, sendForm } = here;

describe("a generation", () => {
  it("is created as the documents have it, and comes to its end", async () => {
    const asked = { ...ASKED, options: { sync_mode: "loop", temperature: 0.8 }, outputFileName: "my_video-1" };
    const { status, body } = await create(asked);
    const nothing = { error: null, error_code: null, errorCode: null, webhookUrl: null };
    const common = {
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      createdAt: new Date(here.api.clock.now()).toISOString(),
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
    expect((await recordOf(here.api, local(body))).params).toMatchObject({ sync_mode: "loop", intensity: 1.3 });
    await sync(here.api, local(body));
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
    expect((await recordOf(here.api, local(body))).params).toMatchObject({ text: "Good morning!", voice: "rms" });
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
    await sync(here.api, local(body));
    expect(JSON.stringify([await recordOf(here.api, local(body)), here.api.lines])).not.toMatch(/hidden|sk-secret/);
  });

  it("that comes to nothing is FAILED, so that its clients ask no more", async () => {
    const failed = (await create(ASKED)).body;
    const error = { code: "no_face" as const, detail: "No face was found in the video.", input: "video" };
    await here.api.worker.fail(local(failed), await here.api.worker.claim(local(failed)), error);
    const found = {
      status: "FAILED",
      error: error.detail,
      error_code: "no_face",
      errorCode: "no_face",
      outputUrl: null,
    };
    expect((await call(`/v2/generate/${failed.id}`)).body).toMatchObject(found);
    const canceled = (await create(ASKED)).body;
    await fetch(`${here.api.url}/v1/jobs/${canceled.id}/cancel`, { method: "POST" });
    const gone = { status: "FAILED", error: "The job was canceled.", error_code: "canceled" };
    expect((await call(`/v2/generate/${canceled.id}`)).body).toMatchObject(gone);
    const old = (await create(ASKED)).body;
    await sync(here.api, local(old));
    await here.api.clock.advance(3_601_000);
    const over = { status: "FAILED", error: expect.stringContaining("kept for an hour"), error_code: "gone" };
    expect((await call(`/v2/generate/${old.id}`)).body).toMatchObject(over);
  });

  it("is waited for, if that is asked, until it has ended or the time is over", async () => {
    const { body } = await create(ASKED);
    const path = `/v2/generate/${body.id}`;
    const waiting = call(`${path}?wait=true&timeout=10`);
    await expect.poll(() => here.api.clock.sleepers).toBeGreaterThan(0);
    await sync(here.api, local(body));
    expect((await waiting).body).toMatchObject({ status: "COMPLETED" });
    const other = (await create(ASKED)).body;
    const late = call(`/v2/generate/${other.id}?wait=true`);
    await expect.poll(() => here.api.clock.sleepers).toBeGreaterThan(0);
    await here.api.clock.advance(5000);
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
    const { inputs } = await recordOf(here.api, local(body));
    expect(inputs).toMatchObject({ video: [{ type: "video/mp4" }], audio: [{ type: "audio/wav", source: "form" }] });
    const urls = [video, audio].map((input) => ({ name: "input", body: json(input) }));
    const mixed = await sendForm([model, ...urls, sound]);
    expect(mixed.body.input).toEqual([video, { type: "audio" }]);
    // a list in one part, as curl sends it
    expect((await sendForm([model, { name: "input", body: json([video, text]) }])).body.input).toEqual([video, text]);
    expect((await here.api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
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
    expect(await here.api.stored()).toEqual([]);
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
