/** Inputs by URL, as far as the API goes: it checks what the address tells, connects to nobody, and looks up what is its own. */

import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";
import { jobCalls, only } from "../../../test/support/job-calls.ts";

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());
const { call, upload, run } = jobCalls(() => api);

const asking = (url: string, more: object = {}) => ({
  kind: "animate",
  inputs: { image: { url } },
  params: { preset: "blink" },
  ...more,
});
const post = (url: string, more?: object, headers?: Record<string, string>) =>
  call("POST", "/v1/jobs", asking(url, more), headers);
const record = async (id: string) => (await api.deps.records.get("local", id))!.record;
const URL_OF = "https://files.example/a/photo.jpg?X-Amz-Signature=secret#x";
const SOURCE = "url:https://files.example/a/photo.jpg";

/** An ended job with a picture as its result, so that it can be an input. */
async function madePicture(): Promise<{ id: string; url: string }> {
  const { body } = await call("POST", "/v1/jobs", {
    kind: "animate",
    inputs: { image: { upload: await upload() } },
    params: { preset: "blink" },
  });
  await run(body.id, Uint8Array.from(jpegBytes()));
  return { id: body.id, url: (await call("GET", `/v1/jobs/${body.id}`)).body.outputs.video!.url };
}

describe("a URL of somebody else", () => {
  it("is accepted without a look, and told without what makes it secret", async () => {
    const { status, body } = await post(URL_OF);
    expect(status).toBe(202);
    expect(body.inputs).toEqual({ image: { content_type: null, bytes: null, source: SOURCE } });
    const url = "https://files.example/a/photo.jpg?X-Amz-Signature=secret";
    expect(await record(body.id)).toMatchObject({
      inputs: { image: [] },
      fetches: [{ slot: "image", nth: 0, source: SOURCE, url }],
    });
    expect((await api.stored()).filter((key) => key.includes(body.id))).toEqual([]);
    const told = [await call("GET", `/v1/jobs/${body.id}`), await call("GET", "/v1/jobs"), api.lines];
    expect(JSON.stringify(told)).not.toMatch(/secret|Signature/);
  });

  it("is the same job when it is asked for again with its key, and another where the URL is another", async () => {
    const headers = { "Idempotency-Key": "k" };
    const [first, second] = [await post(URL_OF, {}, headers), await post(URL_OF, {}, headers)];
    expect([second.status, second.body.id]).toEqual([202, first.body.id]);
    expect(await post("https://files.example/b", {}, headers)).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    });
  });

  it("is forgotten when the job is canceled, and the job still says where it was to come from", async () => {
    const { body } = await post(URL_OF);
    await call("POST", `/v1/jobs/${body.id}/cancel`);
    expect((await call("GET", `/v1/jobs/${body.id}`)).body.inputs).toMatchObject({ image: { source: SOURCE } });
    expect(JSON.stringify(await record(body.id))).not.toContain("secret");
    await call("DELETE", `/v1/jobs/${body.id}`);
    expect(JSON.stringify(await record(body.id))).not.toContain("files.example");
  });

  it("cannot be the input of another job before it was fetched", async () => {
    const { body } = await post(URL_OF);
    const again = await call("POST", "/v1/jobs", {
      kind: "animate",
      inputs: { image: { job: body.id, input: "image" } },
      params: { preset: "blink" },
    });
    expect(again).toMatchObject({
      status: 409,
      body: { code: "conflict", errors: [{ loc: ["body", "inputs", "image"] }] },
    });
  });

  it("is not inspected", async () => {
    const reply = await call("POST", "/v1/inspect", { input: { url: URL_OF } });
    expect(reply).toMatchObject({
      status: 422,
      body: { code: "not_supported", errors: [{ loc: ["body", "input", "url"] }] },
    });
  });

  it.each([
    ["ftp://files.example/a", "A URL has to begin with https:// or http:// and a host."],
    ["https://me:secret@files.example/a", "The URL has a user or a password in it; give a link that works without."],
    [
      "http://127.0.0.1/a",
      /^The address of 127\.0\.0\.1 is not public \(loopback\)\. Give a public address, or upload/,
    ],
    ["http://169.254.169.254/latest/meta-data/", /not public \(a cloud's metadata service\)/],
    ["http://[::ffff:10.0.0.1]/", /not public \(an IPv4 address inside an IPv6 one\)/],
    ["http://2130706433/", /written in an unusual way/],
    ["http://localhost:8000/health", /^Port 8000 of localhost:8000 is not fetched from/],
    ["http://localhost/health", /^The address of localhost is not public \(this server itself\)/],
    [
      "http://files.example:6379/",
      /^Port 6379 of files.example:6379 is not fetched from; allowed are 80, 443, 8080, 8443\./,
    ],
  ])("%s is refused by its text, naming the field", async (url, sentence) => {
    const { status, body } = await post(url);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: "fetch_refused", errors: [{ loc: ["body", "inputs", "image", "url"] }] });
    expect(body.detail).toMatch(sentence);
    expect(JSON.stringify([body, api.lines])).not.toMatch(/secret|meta-data/);
    expect(await api.stored()).toEqual([]);
  });

  it("may be private where the operator allows it", async () => {
    api = testApi({ fetch: { hosts: [{ host: "10.0.0.5", port: 9000 }], places: ["http://10.0.0.7:9000/bucket/"] } });
    expect((await post("http://10.0.0.5:9000/a.jpg")).status).toBe(202);
    expect((await post("http://10.0.0.7:9000/bucket/jobs/a?X-Amz-Signature=1")).status).toBe(202);
    expect((await post("http://10.0.0.5:9001/a.jpg")).status).toBe(422);
    expect((await post("http://10.0.0.7:9000/other/a")).status).toBe(422);
  });

  it("has one way to be given", async () => {
    const both = { image: { url: URL_OF, upload: await upload() } };
    expect((await call("POST", "/v1/jobs", { ...asking(""), inputs: both })).status).toBe(422);
    expect((await post(`https://files.example/${"a".repeat(4096)}`)).status).toBe(422);
  });
});

describe("a URL of this server", () => {
  it.each([
    ["a signed link", ({ url }: { url: string }) => url, "link"],
    ["the address of an output", ({ id }: { id: string }) => `http://localhost:8000/v1/jobs/${id}/outputs/video`, null],
    [
      "the same, by another name of this machine",
      ({ id }: { id: string }) => `http://127.0.0.1:8000/v1/jobs/${id}/outputs/video`,
      null,
    ],
  ])("is looked up, not fetched: %s", async (_, urlOf, source) => {
    const made = await madePicture();
    const { status, body } = await post(urlOf(made));
    expect([status, body.inputs]).toEqual([
      202,
      { image: { content_type: "image/jpeg", bytes: 2000, source: source ?? `job:${made.id}/video` } },
    ]);
    expect((await record(body.id)).fetches).toBeUndefined();
    expect(await api.stored()).toContainEqual(expect.stringMatching(new RegExp(`${body.id}/in/image/0$`)));
  });

  it("is checked like an upload", async () => {
    const { body } = await call("POST", "/v1/jobs", { ...asking(""), inputs: { image: { upload: await upload() } } });
    const address = `http://localhost:8000/v1/jobs/${body.id}/outputs/video`;
    expect(await post(address)).toMatchObject({ status: 409, body: { code: "not_ready" } });
    await run(body.id);
    const loc = ["body", "inputs", "image", "url"];
    expect(await post(address)).toMatchObject({ status: 415, body: { code: "unsupported_type", errors: [{ loc }] } });
    await api.clock.advance(3_600_000);
    expect(await post(address)).toMatchObject({ status: 410, body: { code: "gone" } });
    const nobodys = `http://localhost:8000/v1/jobs/${newId(api.clock.now())}/outputs/video`;
    expect(await post(nobodys)).toMatchObject({ status: 404, body: { code: "not_found", errors: [{ loc }] } });
  });

  it("does nothing for a link that was altered or has ended, or that stores", async () => {
    const { url } = await madePicture();
    expect(await post(url.replace(/signature=../, "signature=AA"))).toMatchObject({
      status: 403,
      body: { code: "bad_signature" },
    });
    const target = await api.deps.files.uploadLink(uploadKey("local", newId(api.clock.now())), {
      ...{ type: "image/jpeg", bytes: 9, expiresAtMs: api.clock.now() + 1000 },
    });
    expect(await post(`http://localhost:8000${target.url}`)).toMatchObject({
      status: 403,
      body: { code: "bad_signature" },
    });
    await api.clock.advance(15 * 60_000);
    expect(await post(url)).toMatchObject({ status: 403, body: { code: "link_expired" } });
  });

  it("opens nobody else's output, but a signed link to it", async () => {
    const [ann, bob] = [makeApiKey("ann"), makeApiKey("bob")];
    const keys = new Map([ann, bob].map(({ owner, entry }) => [entry.split(":")[1]!, owner]));
    api = testApi({ access: { keys, anonymous: false } });
    const id = newId(api.clock.now());
    await api.deps.files.put(uploadKey("ann", id), only(jpegBytes()), { type: "image/jpeg" });
    const as = (key: string) => ({ Authorization: `Bearer ${key}` });
    const { body } = await call("POST", "/v1/jobs", { ...asking(""), inputs: { image: { upload: id } } }, as(ann.key));
    const his = { owner: "ann", id: body.id };
    await api.worker.succeed(his, await api.worker.claim(his), jpegBytes());
    const { url } = (await call("GET", `/v1/jobs/${body.id}`, undefined, as(ann.key))).body.outputs.video!;
    const address = `http://localhost:8000/v1/jobs/${body.id}/outputs/video`;
    expect(await post(address, {}, as(bob.key))).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect((await post(address, {}, as(ann.key))).status).toBe(202);
    expect((await post(url, {}, as(bob.key))).status).toBe(202);
  });

  it("is known by its public address, and below its path", async () => {
    api = testApi({ publicUrl: "https://example.org/smile" });
    const made = await madePicture();
    expect(made.url).toMatch(/^https:\/\/example\.org\/smile\/v1\/files\//);
    expect((await post(made.url)).body.inputs).toMatchObject({ image: { bytes: 2000 } });
    const elsewhere = await post(`https://example.org/v1/jobs/${made.id}/outputs/video`);
    expect(elsewhere.body.inputs).toMatchObject({ image: { bytes: null } });
  });

  it("has no other files, and no user", async () => {
    const { url } = await madePicture();
    expect(await post(url.replace("//", "//me:secret@"))).toMatchObject({
      status: 422,
      body: { code: "fetch_refused" },
    });
    expect(await post("http://localhost:8000/v1/jobs")).toMatchObject({ status: 422, body: { code: "fetch_refused" } });
  });
});
