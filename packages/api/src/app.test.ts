import { request as rawRequest } from "node:http";
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";

/** One preset has a picture, the others have none. */
const assets = {
  names: new Set(["previews/blink.webp"]),
  read: async () => Buffer.from("RIFF....WEBP of a blink"),
};

const operator = makeApiKey("operator");
const operators = parseApiKeys(operator.entry).keys;

let api: TestApi;
beforeAll(async () => {
  api = testApi({ corsOrigins: ["https://app.example"], allowedHosts: ["Studio.local"], operators }, { assets });
  await api.listen();
});
afterAll(() => api.close());

/** fetch does not let a client set Host. */
function send(
  path: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = rawRequest(`${api.url}${path}`, { method, headers }, (reply) => {
      let body = "";
      reply.on("data", (chunk) => {
        body += chunk;
      });
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, body }));
    });
    request.on("error", reject);
    request.end();
  });
}

describe("every reply", () => {
  it("carries a request id: the client's if it is sane, else a new one", async () => {
    const own = await fetch(`${api.url}/health`, { headers: { "X-Request-Id": "abc-123" } });
    expect(own.headers.get("x-request-id")).toBe("abc-123");
    const bad = await fetch(`${api.url}/health`, { headers: { "X-Request-Id": `x y ${"z".repeat(300)}` } });
    const made = await fetch(`${api.url}/nothing/here`);
    const ids = [bad.headers.get("x-request-id"), made.headers.get("x-request-id")];
    expect(ids[0]).toMatch(/^[\w-]{8,40}$/);
    expect(ids[1]).toMatch(/^[\w-]{8,40}$/);
    expect(ids[0]).not.toBe(ids[1]);
    expect(await made.json()).toMatchObject({ code: "not_found", status: 404, request_id: ids[1], retryable: false });
    expect(made.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("is a line in the log, without what stood in the query", async () => {
    await fetch(`${api.url}/health?signature=secret`, { headers: { "X-Request-Id": "logged-1" } });
    const line = api.lines.find(({ requestId }) => requestId === "logged-1");
    expect(line).toMatchObject({ event: "request", method: "GET", path: "/health", status: 200 });
    expect(typeof line?.ms).toBe("number");
    expect(JSON.stringify(api.lines)).not.toContain("secret");
  });
});

describe("errors are problem documents", () => {
  it("for an address that is not there, and a method that is not offered", async () => {
    const missing = await fetch(`${api.url}/v1/nope`);
    expect([missing.status, missing.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    const wrong = await fetch(`${api.url}/v1/uploads`, { method: "DELETE" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
    expect(await wrong.json()).toMatchObject({ code: "method_not_allowed", instance: "/v1/uploads" });
    const job = await fetch(`${api.url}/v1/jobs/0199a1b2c3d47e5f8a9b0c1d2e3f4a5b`, { method: "PATCH" });
    expect([job.status, job.headers.get("allow")]).toEqual([405, "GET, PUT, DELETE, HEAD, OPTIONS"]);
  });

  it("for bodies that cannot be read", async () => {
    const post = (body: string, type = "application/json") =>
      fetch(`${api.url}/v1/jobs`, { method: "POST", body, headers: { "Content-Type": type } });
    expect(await (await post('{"kind": ')).json()).toMatchObject({ status: 400, code: "malformed" });
    expect(await (await post("kind=animate", "application/x-www-form-urlencoded")).json()).toMatchObject({
      status: 415,
      code: "unsupported_type",
    });
    expect(await (await post(`{"kind":"${"x".repeat(300_000)}"}`)).json()).toMatchObject({
      status: 413,
      code: "too_large",
    });
    expect(
      (await post(`{"kind":"animate","inputs":{},"params":{"a":${"[".repeat(9000)}${"]".repeat(9000)}}}`)).status,
    ).toBe(422);
  });

  it("for what went wrong with us: hidden from the client, with its stack in the log", async () => {
    const broken = testApi({}, { ready: () => Promise.reject(new Error("disk /srv/data is on fire")) });
    const reply = await broken.app.fetch(new Request("http://localhost/ready"));
    const text = await reply.text();
    expect(reply.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: "internal", retryable: true });
    expect(text).not.toContain("fire");
    const line = broken.lines.find(({ event }) => event === "request_failed");
    expect(JSON.stringify(line)).toContain("app.test.ts");
    expect(line).toMatchObject({
      requestId: reply.headers.get("x-request-id"),
      err: { message: expect.stringContaining("fire") },
    });
  });
});

describe("queries", () => {
  it.each([
    ["/v1/jobs?page=2", "query: unknown name 'page'; allowed: cursor, limit, status"],
    [
      "/v1/jobs?limit=5&Status=failed",
      "query: unknown name 'Status' (did you mean status?); allowed: cursor, limit, status",
    ],
    ["/v1/presets?limit=5", "query: unknown name 'limit'"],
    ["/v1/kinds?kind=animate&a=1", "query: unknown names 'kind', 'a'"],
    ["/v1/presets/nod/preview?size=64", "query: unknown name 'size'"],
    [`/v1/jobs/${"0".repeat(32)}?wait=5`, "query: unknown name 'wait'; allowed: cs"],
    [`/v1/jobs/${"0".repeat(32)}/outputs/video?inline=1`, "query: unknown name 'inline'; allowed: disposition"],
  ])("%s is refused by the name that is not known", async (path, detail) => {
    const reply = await fetch(api.url + path);
    expect([reply.status, await reply.json()]).toMatchObject([422, { code: "invalid_request", detail }]);
  });

  it("are refused on every route of the native API, before anything is done", async () => {
    const { paths } = api.app.document() as { paths: Record<string, Record<string, unknown>> };
    // links are to be used as they stand, and what the payment provider sends is its own
    const others = /^\/v1\/(files\/|payments\/events$)/;
    const routes = Object.entries(paths).filter(([path]) => path.startsWith("/v1/") && !others.test(path));
    expect(routes.length).toBeGreaterThan(8);
    for (const [path, item] of routes) {
      for (const method of Object.keys(item)) {
        const headers = { Authorization: `Bearer ${operator.key}`, "Content-Type": "application/json" };
        const body = ["post", "put"].includes(method) ? { body: "{}" } : {};
        const url = `${api.url}${path.replaceAll(/\{\w+\}/g, "0".repeat(32))}?colour=red`;
        const reply = await fetch(url, { method: method.toUpperCase(), headers, ...body });
        const { status, errors } = (await reply.json()) as { status: number; errors?: { loc: string[] }[] };
        expect(status, `${method} ${path}`).toBe(422);
        expect(
          errors?.map(({ loc }) => loc),
          `${method} ${path}`,
        ).toContainEqual(["query"]);
      }
    }
  });

  it("are ignored elsewhere, as the originals of the dialects did", async () => {
    for (const path of ["/health?x=1", "/ready?x=1", "/docs?x=1"])
      expect((await fetch(api.url + path)).status).toBe(200);
  });
});

describe("who may call", () => {
  it("serves the machine's own names and those that were allowed, and no others", async () => {
    const port = new URL(api.url).port;
    for (const host of ["localhost", `127.0.0.1:${port}`, `[::1]:${port}`, "studio.local:9", "LOCALHOST"]) {
      expect((await send("/health", { Host: host })).status, host).toBe(200);
    }
    for (const host of ["evil.example", "localhost.evil.example", `127.0.0.1.evil.example:${port}`, "10.0.0.1"]) {
      const { status, body } = await send("/health", { Host: host });
      expect([status, JSON.parse(body).code], host).toEqual([403, "host_not_allowed"]);
    }
  });

  it("lets any host in when the server is meant for others, too", async () => {
    const open = testApi({ hostsChecked: false, publicUrl: "https://smile.example" });
    expect((await open.app.fetch(new Request("http://whatever/health"))).status).toBe(200);
  });

  it("refuses to change anything for pages of other sites", async () => {
    const post = (origin: string) => send("/v1/jobs", { Origin: origin, Host: "localhost:8080" }, "POST");
    expect(JSON.parse((await post("https://evil.example")).body)).toMatchObject({
      status: 403,
      code: "origin_not_allowed",
    });
    expect((await post("null")).status).toBe(403);
    expect((await post("http://localhost:8081")).status).toBe(403);
    expect((await post("https://app.example")).status).toBe(422);
    expect((await post("http://localhost:8080")).status).toBe(422);
    expect((await send("/health", { Origin: "https://evil.example", Host: "localhost" })).status).toBe(200);
  });

  it("lets apps call whose web views have an origin of their own scheme", async () => {
    const origin = "capacitor://localhost";
    const apps = testApi({ corsOrigins: [origin] }).app;
    const send = async (from: string, method: string) =>
      apps.fetch(new Request("http://localhost/v1/uploads", { method, headers: { Origin: from } }));
    const preflight = await send(origin, "OPTIONS");
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
    expect((await send(origin, "POST")).status).not.toBe(403);
    for (const other of ["capacitor://evil", "ionic://localhost", "http://localhost:9"]) {
      expect((await send(other, "POST")).status, other).toBe(403);
    }
  });

  it("answers preflights of configured origins, also for the upload's headers, and of no others", async () => {
    const ask = (origin: string) =>
      fetch(`${api.url}/v1/files/uploads/x`, {
        method: "OPTIONS",
        headers: {
          Origin: origin,
          "Access-Control-Request-Method": "PUT",
          "Access-Control-Request-Headers": "content-type",
        },
      });
    const allowed = await ask("https://app.example");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(allowed.headers.get("access-control-allow-methods")).toContain("PUT");
    expect(allowed.headers.get("access-control-allow-headers")).toContain("Content-Type");
    expect(allowed.headers.get("vary")).toContain("Origin");
    expect((await ask("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    const got = await fetch(`${api.url}/health`, { headers: { Origin: "https://app.example" } });
    expect(got.headers.get("access-control-expose-headers")).toContain("ETag");
    expect((await fetch(`${api.url}/health`)).headers.get("access-control-allow-origin")).toBeNull();
  });
});

it("shows a preset as a moving picture, to be kept for a day", async () => {
  const preset = (await (await fetch(`${api.url}/v1/presets/blink`)).json()) as { preview_url: string };
  expect(preset.preview_url).toBe(`${api.url}/v1/presets/blink/preview`);
  const reply = await fetch(preset.preview_url);
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "image/webp"]);
  expect(reply.headers.get("cache-control")).toBe("public, max-age=86400");
  expect(await reply.text()).toMatch(/WEBP of a blink$/);
  const etag = reply.headers.get("etag")!;
  const again = await fetch(preset.preview_url, { headers: { "If-None-Match": `"other", ${etag}` } });
  expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
  const head = await fetch(preset.preview_url, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), head.headers.get("etag")]).toEqual([200, "23", etag]);
  for (const name of ["nod", "dance"]) {
    const missing = await fetch(`${api.url}/v1/presets/${name}/preview`);
    expect([missing.status, missing.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    expect(await missing.json()).toMatchObject({ code: "not_found" });
  }
});

describe("hostile ids and names", () => {
  const hostile = [
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a%00b",
    "%5c..%5c",
    "x".repeat(3000),
    "%ff%fe",
    "__proto__",
    "*",
  ];
  const id = "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b";
  const routes: [string, (bad: string) => string][] = [
    ["GET", (bad) => `/v1/jobs/${bad}`],
    ["PUT", (bad) => `/v1/jobs/${bad}`],
    ["DELETE", (bad) => `/v1/jobs/${bad}`],
    ["POST", (bad) => `/v1/jobs/${bad}/cancel`],
    ["GET", (bad) => `/v1/jobs/${bad}/events`],
    ["GET", (bad) => `/v1/jobs/${bad}/outputs/video`],
    ["GET", (bad) => `/v1/jobs/${id}/outputs/${bad}`],
    ["GET", (bad) => `/v1/presets/${bad}`],
    ["GET", (bad) => `/v1/presets/${bad}/preview`],
    ["GET", (bad) => `/v1/files/${bad}?grant=a&signature=b`],
    ["PUT", (bad) => `/v1/files/${bad}?grant=a&signature=b`],
    ["GET", (bad) => `/v1/jobs?cursor=${bad}`],
  ];
  it.each(routes)("%s %s", async (method, path) => {
    const job = { kind: "animate", inputs: { image: { upload: id } }, params: { preset: "blink" } };
    const extra =
      method === "PUT" ? { body: JSON.stringify(job), headers: { "Content-Type": "application/json" } } : {};
    for (const bad of hostile) {
      const reply = await api.app.fetch(new Request(`http://localhost${path(bad)}`, { method, ...extra }));
      const { code } = (await reply.json()) as { code: string };
      expect(reply.status, `${bad}: ${code}`).toBeGreaterThanOrEqual(400);
      expect(reply.status, `${bad}: ${code}`).toBeLessThan(500);
    }
    expect(await api.stored()).toEqual([]);
  });
});

it("says what it can in its document", () => {
  const document = api.app.document() as { openapi: string; paths: Record<string, Record<string, unknown>> };
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/health", "/ready", "/v1/uploads", "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/events"]),
  );
});

it("asks its parts once for all who want to know at the same time, and again a second later", async () => {
  let asked = 0;
  const counted = testApi(
    {},
    {
      clock: api.clock,
      ready: async () => {
        asked++;
        return { ok: true, parts: {} };
      },
    },
  );
  const ask = () => counted.app.fetch(new Request("http://localhost/ready"));
  await Promise.all([ask(), ask()]);
  await ask();
  expect(asked).toBe(1);
  await api.clock.advance(1000);
  await ask();
  expect(asked).toBe(2);
});

it("is ready when its parts are", async () => {
  expect(await (await fetch(`${api.url}/ready`)).json()).toMatchObject({ ready: true, parts: { engine: "ok" } });
  const not = testApi({}, { ready: async () => ({ ok: false, parts: { engine: "it does not start" } }) });
  expect((await not.app.fetch(new Request("http://localhost/ready"))).status).toBe(503);
});

it("tells what is here", async () => {
  const health = await (await fetch(`${api.url}/health`)).json();
  expect(health).toMatchObject({ status: "ok", liveportrait_found: false, engines: ["warp"], version: "1.2.3" });
  expect(health).toMatchObject({ queue: { warp: { waiting: 0, held: 0 } } });
  expect((health as { presets_available: string[] }).presets_available).toContain("gentle_smile");
  const presets = (await (await fetch(`${api.url}/v1/presets`)).json()) as { presets: { name: string }[] };
  expect(presets.presets.map(({ name }) => name)).toEqual(
    (health as { presets_available: string[] }).presets_available,
  );
  expect(await (await fetch(`${api.url}/v1/presets/nod`)).json()).toMatchObject({ name: "nod", preview_url: null });
  const kinds = (await (await fetch(`${api.url}/v1/kinds`)).json()) as { kinds: Record<string, unknown>[] };
  expect(kinds.kinds[0]).toMatchObject({
    name: "animate",
    engines: ["warp"],
    inputs: {
      image: {
        content_types: [
          ...["image/jpeg", "image/png", "image/heic", "image/avif"],
          ...["image/webp", "image/gif", "image/bmp", "image/tiff"],
        ],
        max_bytes: 20971520,
        required: true,
      },
    },
    params: { type: "object", properties: { fps: { minimum: 10, maximum: 60, default: 25 } } },
  });
});
