/** What Sync.so's API refuses, and in which words. */

import { describe, expect, it } from "vitest";
import { lipsyncApi } from "../../../../../test/support/lipsync.ts";
import { ASKED, audio, syncSo, text, video } from "../../../../../test/support/sync-so.ts";

const here = syncSo();
const { create } = here;

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
    [
      { ...ASKED, sync_mode: "loop" },
      /unknown name 'sync_mode'; allowed: input, label, model, options, outputFileName/,
    ],
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
    expect(await here.api.stored()).toEqual([]);
  });

  it("tells all its faults", async () => {
    const { body } = await create({ ...ASKED, options: { temperature: -1, sync_mode: "no" }, webhookUrl: undefined });
    expect(body.message).toHaveLength(2);
    const off = await create({ ...ASKED, webhookUrl: "https://a.example", segments: [] });
    expect(off.body).toMatchObject({ message: [/^webhookUrl/, /^segments/].map((is) => expect.stringMatching(is)) });
  });

  it("is no JSON, is too large, or comes where no engine is", async () => {
    const init = { method: "POST", headers: { "x-api-key": "sk-any" } };
    const cut = await fetch(`${here.api.url}/v2/generate`, { ...init, body: "{" });
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
