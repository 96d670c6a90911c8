/** Rates of requests, as clients are told of them. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { afterEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";

const [ANN, BOB] = [makeApiKey("ann"), makeApiKey("bob")];
const { keys } = parseApiKeys(`${ANN.entry},${BOB.entry}`);
let api: TestApi;
afterEach(() => api.close());

const open = (perMinute = 3, byNetwork = true) => {
  api = testApi({ access: { keys, anonymous: true }, requests: { perMinute, byNetwork } });
};
/** From an address, as Lambda passes it. */
const send = async (method: string, path: string, headers: Record<string, string>, sourceIp = "203.0.113.7") => {
  const body = method === "GET" ? {} : { body: JSON.stringify({ content_type: "image/jpeg", size: 10 }) };
  const all = { "Content-Type": "application/json", ...headers };
  const request = new Request(`http://localhost:8000${path}`, { method, headers: all, ...body });
  return api.app.fetch(request, { event: { requestContext: { http: { sourceIp } } } });
};
const upload = (headers: Record<string, string>, ip?: string) => send("POST", "/v1/uploads", headers, ip);
const bearer = ({ key }: { key: string }) => ({ Authorization: `Bearer ${key}` });
const token = (letter: string) => ({ "X-Anonymous-Token": `${"0123456789abcdefghijklmnopqrstuv"}${letter}` });

describe("a rate", () => {
  it("is told with each request that makes something, and the one too many says when to come back", async () => {
    open();
    const replies = [];
    for (let n = 0; n < 4; n++) {
      replies.push(await upload(bearer(ANN)));
      await api.clock.advance(1000);
    }
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 429]);
    expect(replies.map(({ headers }) => headers.get("ratelimit"))).toEqual([
      '"owner";r=2;t=60',
      '"owner";r=1;t=59',
      '"owner";r=0;t=58',
      '"owner";r=0;t=57',
    ]);
    expect(replies[0]!.headers.get("ratelimit-policy")).toBe('"owner";q=3;w=60');
    expect(replies[3]!.headers.get("retry-after")).toBe("57");
    expect(await replies[3]!.json()).toMatchObject({ code: "too_many_requests", retryable: true });
    expect((await upload(bearer(BOB))).status).toBe(201);
    await api.clock.advance(57_000);
    expect((await upload(bearer(ANN))).status).toBe(201);
  });

  it("does not count what only reads, and what is open", async () => {
    open(1);
    for (let n = 0; n < 5; n++) {
      const reply = await send("GET", "/v1/jobs", bearer(ANN));
      expect([reply.status, reply.headers.get("ratelimit")]).toEqual([200, null]);
      expect((await send("GET", "/v1/kinds", {})).status).toBe(200);
    }
  });

  it("counts what asks the payment provider", async () => {
    open(1);
    const ask = (query: string) => send("GET", `/v1/jobs/${"0".repeat(32)}?${query}`, bearer(ANN));
    const statuses = [];
    for (const query of ["cs=cs_test_1", "cs=cs_test_1", "%63s=cs_test_1"]) statuses.push((await ask(query)).status);
    expect(statuses).toEqual([404, 429, 429]);
  });

  it("is that of the network, too, for those who make up who they are", async () => {
    open(1);
    // /24, and /64
    for (const ips of [
      ["198.51.100.1", "198.51.100.2"],
      ["2001:db8:1:2::1", "2001:db8:1:2:ffff::1"],
    ]) {
      const statuses = [];
      for (const letter of "abcdef") {
        statuses.push((await upload(token(letter), ips[statuses.length % 2])).status);
      }
      expect(statuses).toEqual([201, 201, 201, 201, 429, 429]);
      await api.clock.advance(60_000);
    }
    const first = await upload(token("x"), "192.0.2.9");
    expect(first.headers.get("ratelimit")).toBe('"owner";r=0;t=60, "network";r=3;t=60');
    expect((await upload(bearer(ANN), "192.0.2.9")).headers.get("ratelimit")).toBe('"owner";r=0;t=60');
  });

  it("of dialects without keys is that of the network alone, in their own form", async () => {
    open(1);
    const process = () => send("POST", "/process/image", {}, "198.51.100.9");
    const replies = [];
    for (let n = 0; n < 5; n++) replies.push(await process());
    expect(replies.map(({ status }) => status)).toEqual([422, 422, 422, 422, 429]);
    expect(await replies[4]!.json()).toEqual({ detail: expect.stringMatching(/^At most 4 requests a minute/) });
    expect(replies[4]!.headers.get("retry-after")).toBe("60");
  });

  it("of networks is not counted behind a proxy that hides them", async () => {
    open(1, false);
    const statuses = [];
    for (const letter of "abcdef") statuses.push((await upload(token(letter))).status);
    expect(statuses).toEqual(Array(6).fill(201));
  });

  it("of what is rare is the same however its path is encoded", async () => {
    open(20);
    const rates = [];
    for (const path of ["/v1/verify", "/v1/%76erify", "/v1/verif%79"]) {
      const reply = await send("POST", path, bearer(ANN));
      rates.push([reply.status, reply.headers.get("ratelimit")?.split(", ").at(-1)]);
    }
    expect(rates).toEqual([
      [expect.any(Number), '"verify";r=0;t=60'],
      [429, '"verify";r=0;t=60'],
      [429, '"verify";r=0;t=60'],
    ]);
  });
});
