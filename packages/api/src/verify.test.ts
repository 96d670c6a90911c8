/** `POST /v1/verify`, with a verifier that answers as it is told. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { StoredPicture } from "@smileloop/core/inspector.ts";
import { childId, newId } from "@smileloop/core/job/ids.ts";
import { outputKey, uploadKey } from "@smileloop/core/job/keys.ts";
import { newJobRecord } from "@smileloop/core/job/record.ts";
import type { FoundMarks, Verifier } from "@smileloop/core/verifier.ts";
import { afterEach, expect, test } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";

let api: TestApi;
afterEach(() => api.close());

const NOTHING: FoundMarks = { signature: "none", instance: null, watermark: { found: false } };
const [ANN, BOB] = [makeApiKey("ann"), makeApiKey("bob")];
const { keys } = parseApiKeys(`${ANN.entry},${BOB.entry}`);
const INSTANCE = "urn:c2pa:0b7e0a5c-0000-4000-8000-000000000001";

function verifierOf(answer: () => Promise<FoundMarks>) {
  const asked: StoredPicture[] = [];
  const verifier: Verifier = {
    verify: (file) => {
      asked.push(file);
      return answer();
    },
  };
  return { asked, verifier };
}

async function post(body: string | Buffer<ArrayBuffer> | FormData, headers: Record<string, string>) {
  const reply = await api.app.fetch(new Request("http://localhost/v1/verify", { method: "POST", headers, body }));
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Record<string, unknown> };
}
const postJson = (body: unknown, headers = {}) =>
  post(JSON.stringify(body), { "Content-Type": "application/json", ...headers });

async function put(owner: string, bytes: Uint8Array): Promise<string> {
  const upload = newId(api.clock.now());
  async function* body() {
    yield bytes;
  }
  await api.deps.files.put(uploadKey(owner, upload), body(), { type: "image/jpeg" });
  return upload;
}

test("an upload, a body and a form are looked at alike, and what was sent with the question does not stay", async () => {
  const { asked, verifier } = verifierOf(async () => NOTHING);
  api = testApi({}, { verifier });
  const picture = jpegBytes();
  const upload = await put("local", picture);
  const told = {
    ...{ type: "image/jpeg", bytes: picture.byteLength, signature: "none" },
    ...{ watermark: { found: false }, made_by_us: "not_found" },
  };
  expect(await postJson({ upload })).toMatchObject({ status: 200, body: told });
  expect(await post(Buffer.from(picture), { "Content-Type": "image/jpeg" })).toMatchObject({ status: 200, body: told });
  expect(await post(Buffer.from(picture), {})).toMatchObject({ status: 200, body: told });
  const form = new FormData();
  form.set("file", new Blob([Buffer.from(picture)]), "mine.jpg");
  expect(await post(form, {})).toMatchObject({ status: 200, body: told });
  expect(asked.map(({ type, bytes }) => [type, bytes])).toEqual(Array(4).fill(["image/jpeg", picture.byteLength]));
  expect(await api.stored()).toEqual([uploadKey("local", upload)]);
});

test("a signature of ours says yes, a mark alone probably, whatever became of the signature", async () => {
  let found: FoundMarks = NOTHING;
  api = testApi({}, { verifier: verifierOf(async () => found).verifier });
  const upload = await put("local", jpegBytes());
  const marked = { found: true, payload: 7 };
  for (const [signature, watermark, made] of [
    ["ours", null, "yes"],
    ["ours", { found: false }, "yes"],
    ["broken", marked, "probably"],
    ["other", marked, "probably"],
    ["none", marked, "probably"],
    ["broken", { found: false }, "not_found"],
    ["other", null, "not_found"],
  ] as const) {
    found = { signature, instance: null, watermark };
    expect((await postJson({ upload })).body).toMatchObject({ signature, watermark, made_by_us: made });
  }
});

test("the job is told to its owner alone, and nobody without a key is told what the mark says", async () => {
  const found: FoundMarks = { signature: "ours", instance: INSTANCE, watermark: { found: true, payload: 7 } };
  api = testApi({ access: { keys, anonymous: true } }, { verifier: verifierOf(async () => found).verifier });
  const id = newId(api.clock.now());
  const job = { id, owner: "ann", kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {} };
  const made = newJobRecord({ ...job, metadata: {}, inputs: {} }, api.clock.now());
  const mark = { c2pa: { instance: INSTANCE, leaf: "f".repeat(64) } };
  const key = outputKey("ann", id, 1, "video.mp4");
  const video = { key, attempt: 1, type: "video/mp4", bytes: 1, sha256: "0", mark };
  await api.deps.records.create({
    ...made,
    state: "succeeded",
    outputs: { video },
    expires_at: api.clock.now() + 60_000,
  });
  const askAs = async (owner: string, key: string) => {
    const upload = await put(owner, jpegBytes());
    return (await postJson({ upload }, { Authorization: `Bearer ${key}` })).body;
  };
  expect(await askAs("ann", ANN.key)).toMatchObject({ job: job.id, watermark: { found: true, payload: 7 } });
  const bob = await askAs("bob", BOB.key);
  expect(bob).toMatchObject({ made_by_us: "yes", watermark: { found: true, payload: 7 } });
  expect(bob).not.toHaveProperty("job");
});

test("what cannot be verified is refused with the reason", async () => {
  const { asked, verifier } = verifierOf(async () => NOTHING);
  api = testApi({}, { verifier });
  const text = await put("local", Buffer.from("Once upon a time."));
  for (const [reply, status, code] of [
    [postJson({ upload: newId(api.clock.now()) }), 404, "not_found"],
    [postJson({ upload: newId(api.clock.now() - 2 * 3_600_000) }), 410, "gone"],
    [postJson({ upload: text }), 415, "unsupported_type"],
    [postJson({}), 422, "invalid_request"],
    [postJson({ upload: text, job: text }), 422, "invalid_request"],
    [post("{", { "Content-Type": "application/json" }), 400, "malformed"],
    [post("", { "Content-Type": "image/jpeg" }), 400, "empty_file"],
  ] as const) {
    expect(await reply).toMatchObject({ status, body: { code } });
  }
  const form = new FormData();
  form.set("picture", new Blob([Buffer.from(jpegBytes())]), "mine.jpg");
  expect(await post(form, {})).toMatchObject({ status: 422, body: { code: "invalid_request" } });
  expect(asked).toEqual([]);
  expect(await api.stored()).toEqual([uploadKey("local", text)]);
});

test("callers are told when nothing here can verify, and when to come back", async () => {
  api = testApi({}, { verifier: undefined });
  const upload = async () => ({ upload: await put("local", jpegBytes()) });
  expect(await postJson(await upload())).toMatchObject({ status: 503, body: { code: "engine_not_configured" } });
  const busy = new AppError("unavailable", "Too many files are being verified.", { retryAfterSeconds: 5 });
  api = testApi({}, { verifier: verifierOf(() => Promise.reject(busy)).verifier });
  const reply = await postJson(await upload());
  expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "5"]);
});

test("questions are counted: a caller who may ask without an end could take a mark away little by little", async () => {
  const config = { access: { keys, anonymous: false }, requests: { perMinute: 60, byNetwork: false } };
  api = testApi(config, { verifier: verifierOf(async () => NOTHING).verifier });
  const upload = await put("ann", jpegBytes());
  const ask = () => postJson({ upload }, { Authorization: `Bearer ${ANN.key}` });
  const replies = [await ask(), await ask(), await ask(), await ask()];
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(replies[0]!.headers.get("RateLimit-Policy")).toBe('"owner";q=60;w=60, "verify";q=3;w=60');
  expect(replies[3]!.headers.get("RateLimit")).toMatch(/"verify";r=0;t=\d+/);
});

test("a file out of a batch leads to the batch, and only its owner is told", async () => {
  const { verifier } = verifierOf(async () => ({ signature: "ours", instance: INSTANCE, watermark: null }));
  api = testApi({ access: { keys, anonymous: false } }, { verifier });
  const id = newId(api.clock.now());
  const bare = { owner: "ann", queue: "plans", estimateSeconds: 1, params: {}, metadata: {}, inputs: {} };
  const root = newJobRecord({ ...bare, id, kind: "personalize", engine: null }, api.clock.now());
  await api.deps.records.create({ ...root, children: 2 });
  for (const index of [0, 1]) {
    const part = { ...bare, id: childId(id, index), kind: "insert", engine: "warp", root: id, index };
    const key = outputKey("ann", part.id, 1, "video.mp4");
    const c2pa = { instance: index === 1 ? INSTANCE : `${INSTANCE}9`, leaf: "0".repeat(64) };
    const video = { key, attempt: 1, type: "video/mp4", bytes: 1, sha256: "0".repeat(64), mark: { c2pa } };
    const made = newJobRecord(part, api.clock.now());
    await api.deps.records.create({ ...made, state: "succeeded", ended_at: 1, outputs: { video } });
  }
  const askAs = async (owner: string, key: string) =>
    (await postJson({ upload: await put(owner, jpegBytes()) }, { "X-API-Key": key })).body;
  expect(await askAs("ann", ANN.key)).toMatchObject({ job: id });
  expect(await askAs("bob", BOB.key)).not.toHaveProperty("job");
});
