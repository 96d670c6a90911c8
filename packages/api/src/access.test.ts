import { connect } from "node:net";
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";
import { multipart } from "../../../test/support/multipart.ts";

const alice = makeApiKey("alice");
const second = makeApiKey("alice");
const bob = makeApiKey("bob");
const { keys } = parseApiKeys([alice, second, bob].map(({ entry }) => entry).join(","));
const TOKENS = ["f3a9c05d7e1b48266a0d94c7b18e52f0", "0b7_Qd-x9mZk4TgLr2VwYs8NhJcUeA6iPf1oKbXtE3a"] as const;

let closed: TestApi;
let anonymous: TestApi;
beforeAll(async () => {
  const access = { keys, anonymous: false };
  closed = testApi({ access, corsOrigins: ["https://app.example"] });
  anonymous = testApi({ access: { keys, anonymous: true }, dialectWaitMs: 0 });
  await closed.listen();
});
afterAll(() => closed.close());

type Headers = Record<string, string>;
type Reply = { status: number; body: Record<string, never> & { detail?: string; id?: string; jobs?: object[] } };

async function call(api: TestApi, method: string, path: string, headers: Headers, body?: unknown): Promise<Reply> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const all = { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  const reply = await api.app.fetch(new Request(`http://localhost${path}`, { method, headers: all, ...json }));
  const text = await reply.text();
  return { status: reply.status, body: text === "" ? {} : JSON.parse(text) };
}

/** A job of the caller who sends these headers; `owner`: whose upload it is made of. */
async function newJob(api: TestApi, owner: string, headers: Headers): Promise<string> {
  const upload = newId(api.clock.now());
  await api.deps.files.put(uploadKey(owner, upload), only(jpegBytes()), { type: "image/jpeg" });
  const body = { kind: "animate", inputs: { image: { upload } }, params: { preset: "blink" } };
  const reply = await call(api, "POST", "/v1/jobs", headers, body);
  expect(reply).toMatchObject({ status: 202 });
  return reply.body.id!;
}

async function* only(bytes: Uint8Array) {
  yield bytes;
}

describe("a key", () => {
  const list = (headers: Headers) => call(closed, "GET", "/v1/jobs", headers);

  it.each([
    ["Bearer", { Authorization: `Bearer ${alice.key}` }],
    ["bearer", { authorization: `bearer ${alice.key}` }],
    ["BEARER and spaces", { AUTHORIZATION: `BEARER   ${alice.key}  ` }],
    ["X-API-Key", { "X-API-Key": alice.key }],
    ["both", { Authorization: `Bearer ${alice.key}`, "x-api-key": alice.key }],
    ["another key of the owner", { Authorization: `Bearer ${second.key}` }],
    ["X-API-Key beside a password for a proxy", { Authorization: "Basic dTpw", "X-API-Key": alice.key }],
  ])("is taken: %s", async (_, headers) => {
    expect((await list(headers as Headers)).status).toBe(200);
  });

  it.each<[string, Headers, RegExp]>([
    ["none", {}, /key required.*Authorization: Bearer sl_.*X-API-Key/],
    ["nothing behind Bearer", { Authorization: "Bearer " }, /not a key/],
    ["an empty header", { "X-API-Key": "" }, /not a key/],
    ["no Bearer before it", { Authorization: alice.key }, /not a key/],
    ["Bearer without a space", { Authorization: `Bearer${alice.key}` }, /not a key/],
    ["another scheme", { Authorization: `Basic ${alice.key}` }, /key required/],
    ["two that differ", { Authorization: `Bearer ${alice.key}`, "X-API-Key": bob.key }, /different keys/],
    ["a right and a wrong one", { Authorization: `Bearer ${alice.key}`, "X-API-Key": "sl_x" }, /different keys/],
    ["two of the same owner", { Authorization: `Bearer ${alice.key}`, "X-API-Key": second.key }, /different keys/],
    ["two in one", { "X-API-Key": `${alice.key}, ${bob.key}` }, /not a key/],
    ["a comma", { Authorization: `Bearer ${alice.key},` }, /not a key/],
    ["a space in it", { Authorization: `Bearer ${alice.key.slice(0, 20)} ${alice.key.slice(20)}` }, /not a key/],
    ["its hash", { Authorization: `Bearer ${alice.entry.split(":")[1]}` }, /not a key/],
    ["its entry", { "X-API-Key": alice.entry }, /not a key/],
    ["one character more", { "X-API-Key": `${alice.key}A` }, /not a key/],
    ["one that nobody has", { "X-API-Key": makeApiKey("alice").key }, /Unknown API key/],
    ["upper case", { "X-API-Key": alice.key.toUpperCase() }, /not a key/],
    ["with a browser's token", { "X-API-Key": alice.key, "X-Anonymous-Token": TOKENS[0] }, /not both/],
    ["a browser's token where those are not let in", { "X-Anonymous-Token": TOKENS[0] }, /not let in here.*key/],
    ["in the query", {}, /key required/],
  ])("is not taken: %s", async (name, headers, is) => {
    const path = name === "in the query" ? `/v1/jobs?api_key=${alice.key}` : "/v1/jobs";
    const { status, body } = await call(closed, "GET", path, headers);
    expect([status, body]).toMatchObject([401, { code: "unauthorized", retryable: false }]);
    expect(body.detail).toMatch(is);
    const log = JSON.stringify(closed.lines);
    for (const { key } of [alice, bob]) expect(log + body.detail).not.toContain(key.slice(10));
  });

  it("is not asked for by a preflight, which lets pages of configured origins send it", async () => {
    const reply = await fetch(`${closed.url}/v1/jobs`, {
      method: "OPTIONS",
      headers: { Origin: "https://app.example", "Access-Control-Request-Headers": "x-api-key" },
    });
    expect(reply.status).toBe(204);
    for (const name of ["Authorization", "X-API-Key", "X-Anonymous-Token"]) {
      expect(reply.headers.get("access-control-allow-headers")?.split(/, ?/)).toContain(name);
    }
    const refused = await fetch(`${closed.url}/v1/jobs`, { headers: { Origin: "https://app.example" } });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, "https://app.example"]);
    expect(refused.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
  });

  it("is asked for by this machine too", async () => {
    expect((await fetch(`${closed.url}/v1/jobs`)).status).toBe(401);
  });
});

it("a server without keys asks nobody: everything belongs to one owner, credentials or not", async () => {
  const open = testApi();
  const id = await newJob(open, "local", {});
  for (const headers of [{}, { "X-API-Key": "sl_x" }, { "X-Anonymous-Token": "short" }] as Headers[]) {
    expect((await call(open, "GET", `/v1/jobs/${id}`, headers)).status).toBe(200);
  }
});

/** The status line's number; `head` goes out as it stands, which fetch does not allow. */
function raw(head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(closed.url).port), "127.0.0.1", () => {
      socket.write(`${head}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => resolve(Number(text.split(" ")[1])));
    socket.on("error", reject);
  });
}

describe("requests that clients do not send by themselves", () => {
  const auth = (key: string) => `Authorization: Bearer ${key}`;

  it("a header that comes twice is none", async () => {
    const twice = (name: string, one: string, two: string) =>
      raw(`GET /v1/jobs HTTP/1.1\r\n${name}: ${one}\r\n${name}: ${two}`);
    expect(await raw(`GET /v1/jobs HTTP/1.1\r\n${auth(alice.key)}`)).toBe(200);
    expect(await twice("Authorization", `Bearer ${alice.key}`, `Bearer ${bob.key}`)).toBe(401);
    expect(await twice("Authorization", "Bearer x", `Bearer ${bob.key}`)).toBe(401);
    expect(await twice("X-API-Key", alice.key, bob.key)).toBe(401);
  });

  it("no way of writing a path leads around the check", async () => {
    const paths = [
      ...[
        "/v1/%6Aobs",
        "/v1/jobs/",
        "//v1/jobs",
        "/v1//jobs",
        "/V1/jobs",
        "/v1/jobs?",
        "/v1/jobs#/health",
        "/v1/jobs;/docs",
      ],
      ...[
        "/docs/../v1/jobs",
        "/docs/%2e%2e/v1/jobs",
        "/v1/presets/../jobs",
        "/v1/presets/%2e%2e/jobs",
        "/job/../v1/jobs",
      ],
      ...[
        "/docs/..%2fv1/jobs",
        "/v1/files/../jobs",
        "/v1/files/%2e%2e/jobs",
        "/health/../v1/jobs",
        "/v1/presets\\..\\jobs",
      ],
      ...["/%76%31/jobs", "/v1/jobs%00", "http://localhost/v1/jobs", "/health?/v1/jobs/../..", "/./v1/jobs"],
    ];
    for (const path of paths) {
      const open = path.startsWith("/health?");
      expect(open ? [200] : [400, 401, 403, 404], path).toContain(await raw(`GET ${path} HTTP/1.1`));
    }
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "SEARCH", "get"]) {
      for (const path of ["/health", "/docs", "/v1/presets/blink", "/v1/jobs", "/nothing"]) {
        expect([400, 401], `${method} ${path}`).toContain(await raw(`${method} ${path} HTTP/1.1\r\nContent-Length: 0`));
      }
    }
  });

  it("the address of a signed link is permission enough, and a wrong one is refused for its signature", async () => {
    for (const method of ["GET", "PUT"]) {
      const refusal = await call(closed, method, "/v1/files/uploads/x?grant=a&signature=b", {});
      expect(refusal, method).toMatchObject({ status: 403, body: { code: "bad_signature" } });
    }
  });

  it("what is not there looks like what is closed", async () => {
    expect((await call(closed, "GET", "/nothing", {})).status).toBe(401);
    expect((await call(closed, "GET", "/nothing", { "X-API-Key": alice.key })).status).toBe(404);
  });
});

describe("a browser's own token", () => {
  const mine: Headers = { "X-Anonymous-Token": TOKENS[0] };
  const other: Headers = { "X-Anonymous-Token": TOKENS[1] };
  const ownerOf = async (headers: Headers) => {
    await call(anonymous, "GET", "/v1/jobs", headers);
    return String(anonymous.lines.at(-1)?.owner);
  };

  it("is an owner, and two never see one another's", async () => {
    const owners = [await ownerOf(mine), await ownerOf(other)];
    expect(new Set(owners).size).toBe(2);
    const id = await newJob(anonymous, owners[0]!, mine);
    await newJob(anonymous, owners[1]!, other);
    expect((await call(anonymous, "GET", "/v1/jobs", mine)).body.jobs).toMatchObject([{ id }]);
    expect((await call(anonymous, "GET", `/v1/jobs/${id}`, mine)).status).toBe(200);
    for (const headers of [other, { "X-API-Key": alice.key }]) {
      for (const [method, path] of [
        ...[["GET", `/v1/jobs/${id}`] as const, ["DELETE", `/v1/jobs/${id}`] as const, ["GET", `/job/${id}`] as const],
        ...[["POST", `/v1/jobs/${id}/cancel`] as const, ["GET", `/v1/jobs/${id}/outputs/video`] as const],
      ]) {
        expect((await call(anonymous, method, path, headers)).status, `${method} ${path}`).toBe(404);
      }
      expect(JSON.stringify((await call(anonymous, "GET", "/v1/jobs", headers)).body)).not.toContain(id);
    }
  });

  it("is asked for, and has to be random", async () => {
    expect(await call(anonymous, "GET", "/v1/jobs", {})).toMatchObject({ status: 401 });
    const weak = ["", "short", TOKENS[0].slice(1), "0".repeat(40), `${TOKENS[0]}, ${TOKENS[1]}`, "ä".repeat(40)];
    for (const token of weak) {
      const { status, body } = await call(anonymous, "GET", "/v1/jobs", { "X-Anonymous-Token": token });
      expect([status, body.detail], token).toEqual([401, expect.stringMatching(/32 to 128 random characters/)]);
    }
    expect(JSON.stringify(anonymous.lines)).not.toContain(TOKENS[0].slice(1));
  });

  it("is described, with what needs none", () => {
    const document = anonymous.app.document() as {
      components: { securitySchemes: Record<string, object> };
      paths: Record<string, Record<string, { security: object[] }>>;
    };
    const schemes = document.components.securitySchemes;
    expect(Object.keys(schemes)).toEqual(["bearer", "apiKey", "anonymous", "api_key", "operator"]);
    expect(schemes.api_key).toMatchObject({ type: "apiKey", in: "query", name: "api_key" });
    expect(document.paths["/v1/jobs"]?.get?.security).toEqual([{ bearer: [] }, { apiKey: [] }, { anonymous: [] }]);
    expect(document.paths["/animate"]?.post?.security).toContainEqual({});
    const everybody = testApi().app.document() as { components: object; paths: typeof document.paths };
    expect(Object.keys(everybody.components)).toContain("securitySchemes");
    expect(everybody.paths["/v1/jobs"]?.get).not.toHaveProperty("security");
  });
});

describe("the simple API where anonymous callers are let in", () => {
  async function animate(headers: Headers): Promise<{ status: number; id: string }> {
    const parts = [
      { name: "source_image", filename: "a.jpg", body: jpegBytes() },
      { name: "preset", body: "blink" },
    ];
    const { type, body } = multipart(parts);
    const init = { method: "POST", headers: { ...headers, "Content-Type": type }, body: Buffer.from(body) };
    const reply = await anonymous.app.fetch(new Request("http://localhost/animate", init));
    return { status: reply.status, id: ((await reply.json()) as { job_id: string }).job_id };
  }

  it("needs nothing: who knows the id may read, and nobody can list", async () => {
    const { status, id } = await animate({});
    expect(status).toBe(202);
    expect(await call(anonymous, "GET", `/job/${id}`, {})).toMatchObject({ status: 200, body: { status: "queued" } });
    expect((await call(anonymous, "GET", `/download/${id}`, {})).status).toBe(409);
    for (const headers of [{ "X-API-Key": alice.key }, { "X-Anonymous-Token": TOKENS[0] }] as Headers[]) {
      expect((await call(anonymous, "GET", `/v1/jobs/${id}`, headers)).status).toBe(404);
      expect(JSON.stringify((await call(anonymous, "GET", "/v1/jobs", headers)).body)).not.toContain(id);
    }
    for (const [method, path] of [
      ...[["GET", `/v1/jobs/${id}`] as const, ["DELETE", `/v1/jobs/${id}`] as const],
      ...[["GET", "/v1/jobs"] as const, ["POST", `/v1/jobs/${id}/cancel`] as const],
    ]) {
      expect((await call(anonymous, method, path, {})).status, `${method} ${path}`).toBe(401);
    }
  });

  it("keeps what came with a key for its owner, and takes no wrong one", async () => {
    const { id } = await animate({ "X-API-Key": alice.key });
    expect((await call(anonymous, "GET", `/job/${id}`, { "X-API-Key": alice.key })).status).toBe(200);
    expect((await call(anonymous, "GET", `/v1/jobs/${id}`, { "X-API-Key": second.key })).status).toBe(200);
    for (const headers of [{}, { "X-API-Key": bob.key }] as Headers[]) {
      expect(await call(anonymous, "GET", `/job/${id}`, headers)).toEqual({
        ...{ status: 404, body: { detail: "Job not found or expired." } },
      });
    }
    const wrong: Headers[] = [{ "X-API-Key": "sl_x" }, { Authorization: "Bearer" }, { "X-Anonymous-Token": "short" }];
    for (const headers of wrong) expect((await animate(headers)).status, JSON.stringify(headers)).toBe(401);
    // as its clients read errors
    expect(await call(anonymous, "GET", `/job/${id}`, { "X-API-Key": "sl_x" })).toEqual({
      ...{ status: 401, body: { detail: expect.stringMatching(/not a key/) } },
    });
  });
});
