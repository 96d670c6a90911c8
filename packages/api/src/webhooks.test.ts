/** Webhooks over the API: asked for, refused, tested, verified and replayed. The receiver is on loopback. */
import { deliverEvent } from "@smileloop/core/webhooks/deliver.ts";
import { createSigning } from "@smileloop/core/webhooks/signing.ts";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";
import { jobCalls } from "../../../test/support/job-calls.ts";
import { isSignedBy, openReceiver, type Receiver } from "../../../test/support/receiver.ts";

const signing = createSigning([Buffer.alloc(32, 3)]);
let receiver: Receiver;
let api: TestApi;
beforeEach(async () => {
  receiver = await openReceiver();
  const fetch = { hosts: [{ host: "127.0.0.1", port: receiver.port }], places: [] };
  api = testApi({ fetch }, { webhooks: { signing } });
});
afterEach(async () => {
  await receiver.close();
  await api.close();
});
const { call, ask } = jobCalls(() => api);

/** The message of the one event that is due, seen through. */
async function deliver(): Promise<void> {
  const { config, log, ...deps } = api.deps;
  const signal = new AbortController().signal;
  const message = await deps.queue.receive("webhooks", { leaseMs: 1000, waitMs: 0, signal });
  if (!message) throw new Error("no event is due");
  await deliverEvent({ ...deps, log, policy: config.fetch, signing }, message, signal);
  await message.ack();
}

/** A job that reports to the receiver, and has ended. */
async function ended(webhook: unknown = { url: receiver.url("/hook?secret=1") }) {
  const made = await call("POST", "/v1/jobs", await ask({ webhook }));
  const job = { owner: "local", id: made.body.id };
  const token = await api.worker.claim(job);
  await api.worker.succeed(job, token, Buffer.from("video"));
  return { made, ...job };
}

describe("a webhook", () => {
  it("is told of the end, and each try is listed at the job", async () => {
    const { made, id } = await ended();
    const url = receiver.url("/hook");
    expect(made).toMatchObject({
      status: 202,
      body: { webhook: { url, state: "waiting", event: null, next_at: null, attempts: [] } },
    });
    await deliver();
    const { body } = await call("GET", `/v1/jobs/${id}`);
    expect(body.webhook).toEqual({
      ...{ url, state: "delivered", event: "job.succeeded", next_at: null },
      attempts: [{ at: "2026-01-02T03:04:05.000Z", status: 204, ms: expect.any(Number), error: null }],
    });
    expect(receiver.received[0]!.path).toBe("/hook?secret=1");
    const { data } = JSON.parse(receiver.received[0]!.body);
    expect(data.outputs.video.url).toMatch(new RegExp(`^http://[^/]+/v1/jobs/${id}/outputs/video$`));
  });

  it("is a URL or an object; both with one Idempotency-Key are two requests", async () => {
    await ended(receiver.url());
    await deliver();
    expect(receiver.received).toHaveLength(1);
    const request = await ask({ webhook: receiver.url() });
    expect(await call("POST", "/v1/jobs", request, { "Idempotency-Key": "k" })).toMatchObject({ status: 202 });
    const other = { ...request, webhook: receiver.url("/other") };
    expect(await call("POST", "/v1/jobs", other, { "Idempotency-Key": "k" })).toMatchObject({ status: 422 });
    expect(await call("POST", "/v1/jobs", await ask({ webhook: 7 }))).toMatchObject({
      status: 422,
      body: { detail: 'webhook: must be {"url": "https://…"} or the URL, got 7' },
    });
  });

  it.each([
    ["http://127.0.0.1:1/", "Port 1 of 127.0.0.1:1 is not fetched from"],
    ["http://10.0.0.5/", "Give a public address, or leave the webhook out and ask for the job; the operator"],
    ["http://169.254.169.254/latest", "a cloud's metadata service"],
    ["ftp://example.org/", "A URL has to begin with https:// or http://"],
    ["https://user:pass@example.org/", "a user or a password in it"],
  ])("may not lead to %s", async (url, told) => {
    const { status, body } = await call("POST", "/v1/jobs", await ask({ webhook: { url } }));
    expect([status, body.code, body.detail]).toEqual([422, "fetch_refused", expect.stringContaining(told)]);
    expect(body.errors).toMatchObject([{ loc: ["body", "webhook", "url"] }]);
    expect((await api.stored()).filter((key) => key.startsWith("jobs/"))).toEqual([]);
  });

  it("is refused where none are sent, with what is missing", async () => {
    api = testApi({}, { webhooks: { missing: "WEBHOOK_SECRET is not set" } });
    const asked = await call("POST", "/v1/jobs", await ask({ webhook: "https://example.org/" }));
    expect(asked).toMatchObject({ status: 422, body: { code: "not_supported" } });
    expect(asked.body.detail).toBe("No webhooks are sent here: WEBHOOK_SECRET is not set.");
    for (const [method, path] of [["GET", "/v1/webhooks/secret"]] as const) {
      expect(await call(method, path)).toMatchObject({ status: 422, body: { code: "not_supported" } });
    }
    expect(await call("GET", "/.well-known/jwks.json")).toMatchObject({ status: 200, body: { keys: [] } });
  });
});

describe("events are verified", () => {
  it("with the owner's secret by the library, and with the public key", async () => {
    await ended();
    await deliver();
    const [event] = receiver.received;
    const secret = await call("GET", "/v1/webhooks/secret");
    const { secrets, jwks_url } = secret.body as unknown as { secrets: [string]; jwks_url: string };
    expect(secret.headers.get("cache-control")).toBe("no-store");
    // the clock of this test stands still in the past, which the library would refuse
    const hash = new Webhook(secrets[0]).sign(
      String(event!.headers["webhook-id"]),
      new Date(Number(event!.headers["webhook-timestamp"]) * 1000),
      event!.body,
    );
    expect(String(event!.headers["webhook-signature"]).split(" ")).toContain(hash);
    const jwks = await call("GET", new URL(jwks_url).pathname);
    expect(isSignedBy((jwks.body as unknown as { keys: object[] }).keys, event!)).toBe(true);
  });
});

describe("a test event", () => {
  it("is sent at once and tells what came back", async () => {
    const { status, body } = await call("POST", "/v1/webhooks/test", { url: receiver.url() });
    expect([status, body]).toEqual([200, { at: expect.any(String), status: 204, ms: expect.any(Number), error: null }]);
    const [event] = receiver.received;
    expect(JSON.parse(event!.body)).toEqual({ type: "webhook.test", timestamp: expect.any(String), data: {} });
    expect(isSignedBy(signing.publicKeys(), event!)).toBe(true);
  });

  it("goes nowhere private, and not more than ten times a minute", async () => {
    expect(await call("POST", "/v1/webhooks/test", { url: "http://192.168.0.1/" })).toMatchObject({
      status: 422,
      body: { code: "fetch_refused", errors: [{ loc: ["body", "url"] }] },
    });
    const test = () => call("POST", "/v1/webhooks/test", { url: receiver.url() });
    for (let nth = 0; nth < 10; nth++) expect(await test()).toMatchObject({ status: 200 });
    const refused = await test();
    expect(refused).toMatchObject({ status: 429, body: { code: "too_many_requests" } });
    expect(refused.headers.get("retry-after")).toBe("60");
    expect(receiver.received).toHaveLength(10);
    await api.clock.advance(60_000);
    expect(await test()).toMatchObject({ status: 200 });
  });
});

describe("callers without a key", () => {
  it("share the tests of their network, however many tokens they have", async () => {
    const fetchPolicy = { hosts: [{ host: "127.0.0.1", port: receiver.port }], places: [] };
    const here = testApi(
      { access: { keys: new Map(), anonymous: true }, fetch: fetchPolicy },
      { webhooks: { signing } },
    );
    await here.listen();
    const statuses = [];
    for (let nth = 0; nth <= 10; nth++) {
      const headers = {
        "Content-Type": "application/json",
        "X-Anonymous-Token": `f3a9c05d7e1b48266a0d94c7b18e52${10 + nth}`,
      };
      const body = JSON.stringify({ url: receiver.url() });
      statuses.push((await fetch(`${here.url}/v1/webhooks/test`, { method: "POST", headers, body })).status);
    }
    expect(statuses).toEqual([...Array(10).fill(200), 429]);
    await here.close();
  });
});

describe("a replay", () => {
  it("sends the event again under the same id", async () => {
    const { id } = await ended();
    await deliver();
    expect(await call("POST", `/v1/jobs/${id}/webhook/replay`)).toMatchObject({
      status: 202,
      body: { webhook: { state: "pending", next_at: "2026-01-02T03:04:05.000Z" } },
    });
    await deliver();
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(ids).toEqual([`msg_${id}_succeeded`, `msg_${id}_succeeded`]);
  });

  it("is refused where there is nothing to send", async () => {
    const { body: job } = await call("POST", "/v1/jobs", await ask());
    expect(await call("POST", `/v1/jobs/${job.id}/webhook/replay`)).toMatchObject({ status: 409 });
    const { id } = await ended();
    await call("DELETE", `/v1/jobs/${id}`);
    expect(await call("POST", `/v1/jobs/${id}/webhook/replay`)).toMatchObject({ status: 410 });
  });
});
