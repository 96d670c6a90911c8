/** Whose pictures get a label that says "AI" where the request does not say. */
import { makeApiKey, ownerOfToken, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";

const ANN = makeApiKey("ann");
const TOKEN = "a-token-that-a-browser-has-made-up-0123456789";
const KNOWN = { owner: "ann", headers: { "X-API-Key": ANN.key } };
const UNKNOWN = { owner: ownerOfToken(TOKEN)!, headers: { "X-Anonymous-Token": TOKEN } };

let api: TestApi;
beforeEach(() => {
  const { keys } = parseApiKeys(ANN.entry);
  api = testApi({ access: { keys, anonymous: true } });
});
afterEach(() => api.close());

/** The job's params, as its record has them. */
async function paramsOf({ owner, headers }: typeof KNOWN | typeof UNKNOWN, params: object): Promise<object> {
  const upload = newId(api.clock.now());
  async function* body() {
    yield jpegBytes();
  }
  await api.deps.files.put(uploadKey(owner, upload), body(), { type: "image/jpeg" });
  const asked = { kind: "animate", inputs: { image: { upload } }, params: { preset: "blink", ...params } };
  const json = { ...headers, "Content-Type": "application/json" };
  const sent = { method: "POST", headers: json, body: JSON.stringify(asked) };
  const reply = await api.app.fetch(new Request("http://localhost/v1/jobs", sent));
  expect(reply.status, await reply.clone().text()).toBe(202);
  const { id } = (await reply.json()) as { id: string };
  return (await api.deps.records.get(owner, id))!.record.params;
}

test("a caller whom nobody knows gets one, unless the request says otherwise", async () => {
  expect(await paramsOf(UNKNOWN, {})).toMatchObject({ label: true });
  expect(await paramsOf(UNKNOWN, { label: false })).toMatchObject({ label: false });
});

test("a caller with a key gets one on request", async () => {
  expect(await paramsOf(KNOWN, {})).not.toHaveProperty("label");
  expect(await paramsOf(KNOWN, { label: true })).toMatchObject({ label: true });
});
