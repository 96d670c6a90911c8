import { z } from "@hono/zod-openapi";
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { describe, expect, it } from "vitest";
import { testApi } from "../../../../test/support/api.ts";
import { ownerOf } from "../owner.ts";
import { newApi } from "../problem.ts";
import type { Dialect } from "./dialect.ts";
import { DIALECTS } from "./index.ts";
import { createPathIndex, type DialectPath } from "./paths.ts";

const ID = "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b";
const alice = makeApiKey("alice");
const { keys } = parseApiKeys(alice.entry);

/** Known to this test only: it repeats a word, and serves files under a prefix that another dialect has for ids. */
const parrot: Dialect = {
  name: "parrot",
  paths: [
    { path: "/parrot", methods: ["POST"] },
    { path: "/parrot/{word}" },
    { path: "/download/{name}", shape: "file" },
  ],
  open: ["/parrot/nest"],
  keyInQuery: "seed",
  tag: { name: "Parrot", description: "It repeats.", about: "it repeats what it hears." },
  headers: { request: ["X-Perch"], response: ["X-Feathers"] },
  errors: { schema: "Squawk", body: ({ code }) => ({ squawk: code }) },
  waitMs: 5000,
  routes(deps) {
    const api = newApi();
    api.get("/parrot/nest", (c) => c.json({ eggs: 3 }));
    api.get("/parrot/:word", (c) => c.json({ word: c.req.param("word"), for: ownerOf(c), waitMs: deps.waitMs }));
    api.get("/download/:name{[a-z]+\\.wav}", (c) => c.json({ file: c.req.param("name") }));
    return api;
  },
  describe(registry) {
    const squawk = z.object({ squawk: z.string() }).openapi("Squawk");
    const content = { "application/json": { schema: squawk } };
    for (const path of ["/parrot/{word}", "/download/{name}"]) {
      const responses = { 200: { description: "Said" }, 404: { description: "Forgotten", content } };
      registry.registerPath({ method: "get", path, tags: ["Parrot"], summary: "Repeat", responses });
    }
  },
  health: { schema: { awake: z.boolean() }, fields: () => ({ awake: true }) },
};
/** In the place of the dialect that serves such files. */
const WITH_PARROT = [...DIALECTS.filter(({ name }) => name !== "facefusion"), parrot];

/** Paths that a client may send for one that is written with parameters. */
function samplesOf({ path, shape = "any" }: DialectPath): string[] {
  const values = { any: [ID, "clip.mp4", "x"], id: [ID], file: ["clip.mp4"] }[shape];
  return values.map((value) => path.replaceAll(/\{\w+\}/g, value));
}

/** `name: path` of what another dialect answers, too. */
function sharedPaths(dialects: readonly Dialect[]): string[] {
  return dialects.flatMap((dialect) => {
    const ownerAmongOthers = createPathIndex(dialects.filter((other) => other !== dialect));
    const methodsOf = ({ methods }: DialectPath) => methods ?? ["GET", "HEAD", "POST", "PUT", "DELETE"];
    return dialect.paths
      .filter((path) =>
        methodsOf(path).some((method) => samplesOf(path).some((sample) => ownerAmongOthers(method, sample) !== null)),
      )
      .map(({ path }) => `${dialect.name}: ${path}`);
  });
}

/** A path that Hono routes as it routes `path`. */
const sampleOf = (path: string) =>
  path
    .replace(/:\w+\{\[0-9A-Fa-f-\]\{32,36\}\}/, ID)
    .replace(/:\w+\{.*\}/, "polly.wav")
    .replaceAll(/:\w+|\*/g, "x");

describe("the list of dialects", () => {
  it("gives no path to two of them", () => {
    expect(sharedPaths(DIALECTS)).toEqual([]);
    expect(sharedPaths(WITH_PARROT)).toEqual([]);
    const thief = { ...parrot, name: "thief", paths: [{ path: "/parrot/loud", methods: ["GET"] }] };
    expect(sharedPaths([parrot, thief])).toEqual(["thief: /parrot/loud"]);
    const greedy = { ...parrot, name: "greedy", paths: [{ path: "/download/{any}" }] };
    expect(sharedPaths([...DIALECTS, greedy])).toContain("greedy: /download/{any}");
  });

  it("gives no path of the native API to a dialect, and every route of a dialect is among its paths", () => {
    const routesOf = (dialects: readonly Dialect[]) => testApi({}, {}, dialects).app.routes();
    const native = routesOf([]);
    const names = new Set(native.map(({ method, path }) => `${method} ${path}`));
    for (const dialects of [DIALECTS, WITH_PARROT]) {
      const ownerOfPath = createPathIndex(dialects);
      for (const { method, path } of native) expect(ownerOfPath(method, sampleOf(path)), path).toBeNull();
      for (const dialect of dialects) {
        const own = routesOf([dialect]).filter(({ method, path }) => !names.has(`${method} ${path}`));
        expect(own.length, dialect.name).toBeGreaterThan(0);
        for (const { method, path } of own) {
          expect(ownerOfPath(method, sampleOf(path))?.name, `${method} ${path}`).toBe(dialect.name);
        }
      }
    }
  });

  it("has every name once, and prefixes that end at a slash", () => {
    const all = [...DIALECTS, parrot];
    for (const list of [
      all.map(({ name }) => name),
      all.map(({ tag }) => tag.name),
      all.map(({ errors }) => errors.schema),
    ]) {
      expect(new Set(list).size).toBe(list.length);
    }
    const paths = all.flatMap((dialect) => dialect.paths.map(({ path }) => path));
    for (const path of paths) expect(path).toMatch(/^\/[^{}]*[^{}/]$|^\/([^{}]+\/)?\{\w+\}$/);
  });
});

describe("which dialect a path belongs to", () => {
  const ownerOfPath = createPathIndex(WITH_PARROT);
  it.each<[string, string, string | null]>([
    ["POST", "/parrot", "parrot"],
    ["GET", "/parrot", null],
    ["GET", "/parrot/x", "parrot"],
    ["HEAD", "/parrot/x/y", "parrot"],
    ["GET", "/parrots", null],
    ["GET", `/download/${ID}`, "smileloop"],
    ["HEAD", `/download/${ID}`, "smileloop"],
    ["GET", "/download/polly.wav", "parrot"],
    ["GET", "/download/a/polly.wav", null],
    ["GET", "/download/", null],
    ["GET", "/download", null],
    ["GET", "/download/{job_id}", "smileloop"],
    ["GET", "/download/{name}", "parrot"],
    ["GET", "/", null],
    ["GET", "", null],
  ])("%s %s", (method, path, name) => {
    expect(ownerOfPath(method, path)?.name ?? null).toBe(name);
  });

  it("is the one with the longer prefix", () => {
    const paths = (name: string, path: string) => ({ name, paths: [{ path }] });
    const index = createPathIndex([paths("all", "/a/{x}"), paths("deep", "/a/b/{x}"), paths("exact", "/a/b/c")]);
    const names = ["/a/x", "/a/b", "/a/b/x", "/a/b/c"].map((path) => index("GET", path)?.name);
    expect(names).toEqual(["all", "all", "deep", "exact"]);
  });

  it("takes GET to include HEAD", () => {
    const index = createPathIndex([{ name: "read", paths: [{ path: "/r/{x}", methods: ["GET"] }] }]);
    expect(["GET", "HEAD", "POST"].map((method) => index(method, "/r/x")?.name ?? null)).toEqual([
      ...["read", "read"],
      null,
    ]);
  });
});

describe("a dialect that is only in the list", () => {
  const origin = "https://app.example";
  const open = (config = {}) => testApi({ corsOrigins: [origin], ...config }, {}, WITH_PARROT).app;
  const get = async (app: { fetch(request: Request): Response | Promise<Response> }, path: string, headers = {}) =>
    app.fetch(new Request(`http://localhost${path}`, { headers }));

  it("is served, and waits as long as it wants to and may", async () => {
    const reply = await get(open(), "/parrot/hello");
    expect(await reply.json()).toEqual({ word: "hello", for: "local", waitMs: 5000 });
    expect(await (await get(open({ dialectWaitMs: 700 }), "/parrot/hello")).json()).toMatchObject({ waitMs: 700 });
    expect(await (await get(open(), "/download/polly.wav")).json()).toEqual({ file: "polly.wav" });
  });

  it("is behind the gate, which refuses in its manner", async () => {
    const closed = open({ access: { keys, anonymous: false } });
    for (const path of ["/parrot/hello", "/download/polly.wav"]) {
      const refused = await get(closed, path);
      expect([refused.status, refused.headers.get("content-type")]).toEqual([401, "application/json"]);
      expect(await refused.json()).toEqual({ squawk: "unauthorized" });
    }
    const reply = await get(closed, "/parrot/hello", { "X-API-Key": alice.key });
    expect(await reply.json()).toMatchObject({ for: "alice" });
    expect(await (await get(closed, `/parrot/hello?seed=${alice.key}`)).json()).toMatchObject({ for: "alice" });
    expect((await get(closed, `/parrot/hello?api_key=${alice.key}`)).status).toBe(401);
    expect((await get(closed, `/v1/jobs?seed=${alice.key}`)).status).toBe(401);
    expect(await (await get(closed, "/parrot/nest")).json()).toEqual({ eggs: 3 });
    expect((await closed.fetch(new Request("http://localhost/parrot/nest", { method: "DELETE" }))).status).toBe(401);
    const anonymous = open({ access: { keys, anonymous: true } });
    expect(await (await get(anonymous, "/parrot/hello")).json()).toMatchObject({ for: "public" });
    const other = await get(testApi({ access: { keys, anonymous: true } }).app, "/parrot/hello");
    expect([other.status, await other.json()]).toMatchObject([401, { code: "unauthorized" }]);
  });

  it("is in the document with its tag, its access and its errors", () => {
    type Operation = { security: object[]; responses: Record<string, { content?: object }> };
    const document = open({ access: { keys, anonymous: true } }).document() as {
      info: { description: string };
      tags: object[];
      paths: Record<string, Record<string, Operation>>;
    };
    expect(document.info.description).toContain("- **Parrot**: it repeats what it hears.\n");
    expect(document.tags).toContainEqual({ name: "Parrot", description: "It repeats." });
    for (const path of ["/parrot/{word}", "/download/{name}"]) {
      const { security, responses } = document.paths[path]!.get!;
      expect(security).toEqual([{ bearer: [] }, { apiKey: [] }, { anonymous: [] }, { seed: [] }, {}]);
      const schema = { $ref: "#/components/schemas/Squawk" };
      expect(responses[401]?.content).toEqual({ "application/json": { schema } });
    }
    expect(JSON.stringify(testApi().app.document())).not.toMatch(/parrot|squawk/i);
  });

  it("has its headers let through to pages of configured origins", async () => {
    const headers = { Origin: origin };
    const reply = await get(open(), "/parrot/hello", headers);
    expect(reply.headers.get("access-control-expose-headers")?.split(", ")).toEqual(
      expect.arrayContaining(["X-Feathers", "ETag"]),
    );
    const preflight = await open().fetch(new Request("http://localhost/parrot", { method: "OPTIONS", headers }));
    expect(preflight.headers.get("access-control-allow-headers")?.split(", ")).toEqual(
      expect.arrayContaining(["X-Perch", "Content-Type"]),
    );
  });

  it("adds its fields to /health, after the status and before what all have", async () => {
    const reply = (await (await get(open(), "/health")).json()) as object;
    expect(reply).toMatchObject({ awake: true });
    expect(Object.keys(reply)).toEqual([
      ...["status", "liveportrait_found", "presets_available", "awake"],
      ...["engines", "capabilities", "content_check", "queue", "version"],
    ]);
    const { components } = open().document() as { components: { schemas: { Health: { properties: object } } } };
    expect(Object.keys(components.schemas.Health.properties)).toEqual(Object.keys(reply));
    const native = (await (await get(testApi({}, {}, []).app, "/health")).json()) as object;
    expect(Object.keys(native)).toEqual(["status", "engines", "capabilities", "content_check", "queue", "version"]);
  });
});
