/** Jobs that change somebody's face, asked for natively and through dialects. */
import { SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import { afterEach, expect, test } from "vitest";
import type { TestApi } from "../../../test/support/api.ts";
import { lipsyncApi, loggedIn } from "../../../test/support/lipsync.ts";

const URLS = { video_url: "https://example.com/video.mp4", audio_url: "https://example.com/audio.wav" };
let api: TestApi;
afterEach(() => api.close());

async function start(attested = SAFEGUARDS.attested): Promise<void> {
  api = lipsyncApi({}, { safeguards: { ...SAFEGUARDS, attested } });
  await api.listen();
}

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(api.url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  });

const native = (params: object) =>
  post("/v1/jobs", { kind: "lipsync", inputs: { video: { url: URLS.video_url } }, params: { text: "Hi", ...params } });
const dialect = async () => post("/api/v1/lipsync/create", { ...URLS, api_key: "sk-any" }, await loggedIn(api));

const records = async (owner: string) => (await api.deps.records.list(owner, { limit: 9, cursor: undefined })).records;

test("the native API wants it on every server, and says so by the name of the field", async () => {
  await start("all");
  const reply = await native({});
  expect([reply.status, await reply.json()]).toMatchObject([
    422,
    { code: "invalid_request", errors: [{ loc: ["body", "params", "consent"], type: "missing" }] },
  ]);
  expect(await records("local")).toEqual([]);
});

test("what the caller has said is kept with the time and the owner", async () => {
  await start();
  expect((await native({ consent: { subject: "permission" } })).status).toBe(202);
  const consent = { subject: "permission", by: "caller", owner: "local", at: api.clock.now() };
  expect(await records("local")).toMatchObject([{ consent }]);
});

test("for a dialect whose clients cannot send it the operator answers, unless the operator says otherwise", async () => {
  await start();
  expect((await dialect()).status).toBe(200);
  expect(await records("alice")).toMatchObject([{ consent: { by: "operator", owner: "alice" } }]);
  await api.close();
  await start({ dialects: new Set(), usual: false });
  const reply = await dialect();
  expect([reply.status, await reply.text()]).toEqual([422, expect.stringMatching(/consent.*ATTEST/)]);
  expect(await records("alice")).toEqual([]);
});
