/** Every route of the API without a key, with a wrong one, with somebody else's, and with the right one. */

import { DOCS_PATHS } from "@smileloop/api/docs.ts";
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jpegBytes, type TestApi } from "../support/api.ts";
import { draw, MP4 } from "../support/facefusion-clients.ts";
import { lipsyncApi, say, sync } from "../support/lipsync.ts";
import { multipart } from "../support/multipart.ts";
import { openBucket } from "../support/s3.ts";
import { wavBytes } from "../support/talking-avatar.ts";
import { CSV, finishBatch } from "../support/vidx.ts";

const [alice, bob, stranger] = ["alice", "bob", "carol"].map(makeApiKey) as [Key, Key, Key];
type Key = ReturnType<typeof makeApiKey>;
const { keys } = parseApiKeys(`${alice.entry},${bob.entry}`);
const operator = makeApiKey("operator");
const operators = parseApiKeys(operator.entry).keys;
const video = new Uint8Array(3000).fill(7);

/** What an owner has: an upload that has arrived, a job with a result, one that waits; and an id that nobody has. */
type Things = Record<
  "upload" | "sound" | "done" | "queued" | "spoken" | "said" | "synced" | "faces" | "other" | "batch" | "fresh",
  string
>;
/** `form`: the part that is a file; a picture, unless its name is that of a sound. */
type Ask = { path: string; body?: unknown; form?: string; fields?: Record<string, string> };

const spoken = ({ upload, sound }: Things) => ({ image_filename: `${upload}.jpg`, audio_filename: `${sound}.wav` });
const FILMED = { video_url: "https://example.com/video.mp4" };
const GENERATED = [
  { type: "video", url: FILMED.video_url },
  { type: "audio", url: "https://example.com/a.wav" },
];
const animate = (inputs: object) => ({ kind: "animate", inputs, params: { preset: "blink" } });

/**
 * What each route is asked for. `theirs`: there is something of its owner's in it, so for anybody else it must look as if it
 * were not there; `own`: it makes or lists something of the caller's; `operator`: no owner gets in.
 */
const ROUTES: Record<
  string,
  { door: "open" | "link" | "own" | "theirs" | "operator"; ask(things: Things): Ask; right: number }
> = {
  "GET /": open("/"),
  "GET /developers": open("/developers"),
  // of a server without the built page
  "GET /page/:file": { ...open("/page/index-abc.js"), right: 404 },
  "GET /service-worker.js": { ...open("/service-worker.js"), right: 404 },
  "GET /manifest.webmanifest": { ...open("/manifest.webmanifest"), right: 404 },
  "GET /icon-192.png": { ...open("/icon-192.png"), right: 404 },
  "GET /icon-512.png": { ...open("/icon-512.png"), right: 404 },
  "GET /app/jobs": { ...open("/app/jobs"), right: 404 },
  "GET /home.css": open("/home.css"),
  "GET /home/still.jpg": open("/home/still.jpg"),
  "GET /home/example.webp": open("/home/example.webp"),
  "GET /example.jpg": open("/example.jpg"),
  "GET /favicon.ico": open("/favicon.ico"),
  "GET /favicon.svg": open("/favicon.svg"),
  "GET /health": open("/health"),
  "GET /ready": open("/ready"),
  "GET /openapi.json": open("/openapi.json"),
  "GET /docs": open("/docs"),
  "GET /docs/start.js": open("/docs/start.js"),
  "GET /docs/icon.svg": open("/docs/icon.svg"),
  "GET /docs/swagger-ui.js": open("/docs/swagger-ui.js"),
  "GET /docs/swagger-ui.css": open("/docs/swagger-ui.css"),
  "GET /redoc": open("/redoc"),
  "GET /redoc/start.js": open("/redoc/start.js"),
  "GET /redoc/redoc.css": open("/redoc/redoc.css"),
  "GET /redoc/redoc.js": open("/redoc/redoc.js"),
  "GET /v1/presets": open("/v1/presets"),
  "GET /v1/presets/:name": open("/v1/presets/blink"),
  "GET /v1/presets/:name/preview": open("/v1/presets/blink/preview"),
  "GET /v1/kinds": open("/v1/kinds"),
  "GET /v1/voices": open("/v1/voices"),
  "GET /v1/voices/:name": open("/v1/voices/rms"),
  // without a signature; what signed links do is looked at below
  "GET /v1/files/*": { door: "link", ask: () => ({ path: "/v1/files/uploads/x" }), right: 403 },
  "PUT /v1/files/*": { door: "link", ask: () => ({ path: "/v1/files/uploads/x" }), right: 403 },
  "POST /v1/files/*": { door: "link", ask: () => ({ path: "/v1/files/uploads/x" }), right: 403 },
  "POST /v1/uploads": {
    ...{ door: "own", right: 201 },
    ask: () => ({ path: "/v1/uploads", body: { content_type: "image/jpeg", size: 2000 } }),
  },
  "POST /animate": { door: "own", ask: () => ({ path: "/animate", form: "source_image" }), right: 202 },
  "GET /v1/operator/overview": operated("/v1/operator/overview", 200),
  "GET /v1/operator/jobs": operated("/v1/operator/jobs?list=ended", 200),
  // it is queued
  "POST /v1/operator/jobs/:id/replay": {
    ...operated("", 409),
    ask: ({ queued }) => ({ path: `/v1/operator/jobs/${queued}/replay` }),
  },
  "GET /v1/jobs": { door: "own", ask: () => ({ path: "/v1/jobs" }), right: 200 },
  "POST /v1/jobs": theirs(({ upload }) => ({ path: "/v1/jobs", body: animate({ image: { upload } }) }), 202),
  "POST /v1/inspect": theirs(({ upload }) => ({ path: "/v1/inspect", body: { input: { upload } } })),
  "POST /v1/verify": theirs(({ upload }) => ({ path: "/v1/verify", body: { upload } })),
  "PUT /v1/jobs/:id": theirs(({ done, fresh }) => {
    return { path: `/v1/jobs/${fresh}`, body: animate({ image: { job: done, input: "image" } }) };
  }, 202),
  "GET /v1/jobs/:id": theirs(({ done }) => ({ path: `/v1/jobs/${done}` })),
  "GET /v1/jobs/:id/events": theirs(({ done }) => ({ path: `/v1/jobs/${done}/events` })),
  "GET /v1/jobs/:id/outputs/:name": theirs(({ done }) => ({ path: `/v1/jobs/${done}/outputs/video` })),
  // nothing is sold here
  "POST /v1/jobs/:id/checkout": theirs(({ done }) => {
    return { path: `/v1/jobs/${done}/checkout`, body: { waiver: true } };
  }, 422),
  "POST /v1/jobs/:id/delivery": theirs(({ done }) => ({ path: `/v1/jobs/${done}/delivery` }), 404),
  "GET /v1/jobs/:id/withdrawal": theirs(({ done }) => ({ path: `/v1/jobs/${done}/withdrawal` }), 422),
  "POST /v1/jobs/:id/withdrawal": theirs(({ done }) => {
    return { path: `/v1/jobs/${done}/withdrawal`, body: { confirm: true } };
  }, 422),
  "POST /v1/payments/events": { door: "link", ask: () => ({ path: "/v1/payments/events", body: {} }), right: 422 },
  "GET /job/:id": theirs(({ done }) => ({ path: `/job/${done}` })),
  "GET /download/:id{[0-9A-Fa-f-]{32,36}}": theirs(({ done }) => ({ path: `/download/${done}` })),
  "GET /api/v1/health": open("/api/v1/health"),
  "POST /api/v1/upload/image": { door: "own", ask: () => ({ path: "/api/v1/upload/image", form: "file" }), right: 200 },
  "POST /api/v1/upload/audio": { door: "own", ask: () => ({ path: "/api/v1/upload/audio", form: "file" }), right: 200 },
  // it may not wait here
  "POST /api/v1/generate": theirs((things) => ({ path: "/api/v1/generate", body: spoken(things) }), 504),
  "POST /api/v1/generate/async": theirs((things) => ({ path: "/api/v1/generate/async", body: spoken(things) })),
  "GET /api/v1/status/:id": theirs((things) => ({ path: `/api/v1/status/${things.spoken}` })),
  "GET /api/v1/download/:filename": theirs((things) => ({ path: `/api/v1/download/${things.spoken}.mp4` })),
  "DELETE /api/v1/cleanup/:filename": theirs((things) => ({ path: `/api/v1/cleanup/${things.spoken}.mp4` })),
  "POST /api/v1/auth/login": { door: "open", ask: () => ({ path: "/api/v1/auth/login", body: {} }), right: 422 },
  "POST /auth/login": { door: "open", ask: () => ({ path: "/auth/login", body: {} }), right: 422 },
  "GET /api/v1/tts/voices": own("/api/v1/tts/voices"),
  "GET /api/v1/tts/languages": own("/api/v1/tts/languages"),
  // they may not wait here
  "POST /api/v1/tts/generate": { ...own("/api/v1/tts/generate", { text: "Hi" }), right: 504 },
  "POST /api/v1/tts/generate-simple": { ...own("/api/v1/tts/generate-simple?text=Hi"), right: 504 },
  "GET /static/audio/:id/:file": theirs(({ said }) => ({ path: `/static/audio/${said}/segment_000.wav` })),
  "POST /api/v1/lipsync/create": own("/api/v1/lipsync/create", { ...FILMED, audio_url: "https://example.com/a.wav" }),
  "POST /api/v1/lipsync/create-from-tts": {
    ...{ door: "own", right: 200 },
    ask: ({ said }) => {
      const body = { ...FILMED, tts_audio_url: `/static/audio/${said}/segment_000.wav` };
      return { path: "/api/v1/lipsync/create-from-tts", body };
    },
  },
  "GET /api/v1/lipsync/status/:id": theirs(({ synced }) => ({ path: `/api/v1/lipsync/status/${synced}` })),
  "GET /api/v1/lipsync/debug/status/:id": theirs(({ synced }) => ({ path: `/api/v1/lipsync/debug/status/${synced}` })),
  "POST /api/v1/lipsync/wait/:id": theirs(({ synced }) => ({ path: `/api/v1/lipsync/wait/${synced}` })),
  "GET /api/v1/lipsync/jobs/my": own("/api/v1/lipsync/jobs/my"),
  "GET /api/v1/lipsync/models": own("/api/v1/lipsync/models"),
  "GET /api/v1/lipsync/sync-modes": own("/api/v1/lipsync/sync-modes"),
  "POST /api/v1/lipsync/cleanup": own("/api/v1/lipsync/cleanup"),
  "POST /v2/generate": {
    ...{ door: "own", right: 201 },
    ask: () => ({ path: "/v2/generate", body: { model: "lipsync-2", input: GENERATED } }),
  },
  "GET /v2/generate/:id": theirs(({ synced }) => ({ path: `/v2/generate/${synced}` })),
  "GET /v2/generations": own("/v2/generations"),
  "DELETE /v2/generations/:id": theirs(({ synced }) => ({ path: `/v2/generations/${synced}` })),
  "GET /v2/models": own("/v2/models"),
  ...facefusion(""),
  ...facefusion("/facefusion"),
  ...vidx(""),
  ...vidx("/vidx"),
  ...Object.fromEntries(
    ["/health", ...DOCS_PATHS].map((path) => [`GET /facefusion${path}`, open(`/facefusion${path}`)]),
  ),
  "POST /v1/jobs/:id/cancel": theirs(({ queued }) => ({ path: `/v1/jobs/${queued}/cancel` })),
  // none are sent here
  "POST /v1/jobs/:id/webhook/replay": theirs(({ done }) => ({ path: `/v1/jobs/${done}/webhook/replay` }), 422),
  "GET /v1/webhooks/secret": { ...own("/v1/webhooks/secret"), right: 422 },
  "POST /v1/webhooks/test": { ...own("/v1/webhooks/test", { url: "https://example.org/" }), right: 422 },
  "GET /.well-known/jwks.json": open("/.well-known/jwks.json"),
  "DELETE /v1/jobs/:id": theirs(({ done }) => ({ path: `/v1/jobs/${done}` }), 204),
  "DELETE /v1/uploads/:id": theirs(({ upload }) => ({ path: `/v1/uploads/${upload}` }), 204),
  "GET /takedown": open("/takedown"),
  "POST /v1/takedown": { door: "open", ask: () => ({ path: "/v1/takedown", body: {} }), right: 422 },
  "GET /v1/operator/takedowns": operated("/v1/operator/takedowns", 200),
  "POST /v1/operator/takedowns/:id": {
    ...operated("", 404),
    ask: () => ({ path: `/v1/operator/takedowns/${"0".repeat(32)}`, body: { accept: true, reason: "x" } }),
  },
  "GET /v1/operator/blocked": operated("/v1/operator/blocked", 200),
  "POST /v1/operator/blocked": {
    ...operated("", 201),
    ask: () => ({ path: "/v1/operator/blocked", body: { sha256: ["a".repeat(64)] } }),
  },
  "DELETE /v1/operator/blocked/:id": operated(`/v1/operator/blocked/${"0".repeat(32)}`, 404),
  // the last, as nothing of the caller is left after it
  "DELETE /v1/owner": own("/v1/owner"),
};

function facefusion(base: string): typeof ROUTES {
  const fileOf = (id: string) => `${id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}.jpg`;
  const named = ({ faces, other }: Things) => fileOf(base === "" ? faces : other);
  return {
    [`GET ${base}/processors`]: open(`${base}/processors`),
    // they may not wait here
    [`POST ${base}/process/image`]: {
      ...{ door: "own", right: 202 },
      ask: () => ({ path: `${base}/process/image`, form: "target", fields: { processors: "face_debugger" } }),
    },
    [`POST ${base}/process/video`]: {
      ...{ door: "own", right: 400 },
      ask: () => ({ path: `${base}/process/video`, form: "target", fields: { processors: "face_debugger" } }),
    },
    [`GET ${base}/download/:filename{[^/]+\\.[^/.]+}`]: theirs((things) => ({
      path: `${base}/download/${named(things)}`,
    })),
    [`DELETE ${base}/output/:filename`]: theirs((things) => ({ path: `${base}/output/${named(things)}` })),
  };
}

function vidx(base: string): typeof ROUTES {
  const clear = own(`${base}/cache/name-audio/clear`);
  return {
    // a picture is not a video
    [`POST ${base}/jobs`]: {
      ...own(`${base}/jobs`),
      ask: () => ({ path: `${base}/jobs`, form: "base_video" }),
      right: 422,
    },
    [`POST ${base}/convert`]: {
      ...own(`${base}/convert`),
      ask: () => ({ path: `${base}/convert`, form: "base_video", fields: { crf: "20" } }),
      right: 422,
    },
    [`GET ${base}/jobs/:id`]: theirs(({ batch }) => ({ path: `${base}/jobs/${batch}` })),
    [`GET ${base}/jobs/:id/download`]: theirs(({ batch }) => ({ path: `${base}/jobs/${batch}/download` })),
    [`POST ${base}/cache/name-audio/clear`]: clear,
  };
}

function open(path: string) {
  return { door: "open" as const, ask: () => ({ path }), right: 200 };
}

function operated(path: string, right: number) {
  return { door: "operator" as const, ask: (_: Things): Ask => ({ path }), right };
}

function own(path: string, body?: object) {
  return { door: "own" as const, ask: () => ({ path, body }), right: 200 };
}

function theirs(ask: (things: Things) => Ask, right = 200) {
  return { door: "theirs" as const, ask, right };
}

/** Routes whose clients know tokens, not keys. */
const SIGNED_IN = /\/(tts|lipsync|static)\//;

const HOMES = {
  memory: async () => ({ api: lipsyncApi(config), close: async () => {} }),
  s3: async () => {
    const bucket = await openBucket();
    const deps = { records: s3Records(bucket), files: s3Files(bucket), clock: bucket.clock, localLinks: null };
    return { api: lipsyncApi(config, deps), close: () => bucket.close() };
  },
};
const config = { access: { keys, anonymous: false }, operators, dialectWaitMs: 0 };

describe.each(Object.keys(HOMES) as (keyof typeof HOMES)[])("every route, with its files in %s", (home) => {
  let api: TestApi;
  let close: () => Promise<void>;
  let things: Things;
  beforeAll(async () => {
    ({ api, close } = await HOMES[home]());
    await api.listen();
    things = await thingsOf("alice");
  });
  afterAll(async () => {
    await api.close();
    await close();
  });

  async function thingsOf(owner: string): Promise<Things> {
    const id = () => newId(api.deps.clock.now());
    const upload = id();
    await api.deps.files.put(uploadKey(owner, upload), only(jpegBytes()), { type: "image/jpeg" });
    const make = async () => {
      const reply = await call("POST", { path: "/v1/jobs", body: animate({ image: { upload } }) }, bearer(alice));
      return ((await reply.json()) as { id: string }).id;
    };
    const finish = async (job: string) => {
      await api.worker.succeed({ owner, id: job }, await api.worker.claim({ owner, id: job }), video);
    };
    const done = await make();
    await finish(done);
    const sound = id();
    await api.deps.files.put(uploadKey(owner, sound), only(wavBytes()), { type: "audio/wav" });
    const inputs = { image: { upload }, audio: { upload: sound } };
    const reply = await call("POST", { path: "/v1/jobs", body: { kind: "talk", inputs, params: {} } }, bearer(alice));
    const { id: talk } = (await reply.json()) as { id: string };
    await finish(talk);
    const job = async (kind: string, inputs: object, params: object) => {
      const reply = await call("POST", { path: "/v1/jobs", body: { kind, inputs, params } }, bearer(alice));
      expect(reply.status, await reply.clone().text()).toBe(202);
      return ((await reply.json()) as { id: string }).id;
    };
    const said = await job("speak", {}, { text: "Hi" });
    await say(api, { owner, id: said });
    const debugged = async () => {
      const made = await job("process_image", { target: { upload } }, { processors: ["face_debugger"] });
      await draw(api, { owner, id: made });
      return made;
    };
    const personalized = async () => {
      const [video, recipients] = [id(), id()];
      await api.deps.files.put(uploadKey(owner, video), only(MP4), { type: "video/mp4" });
      await api.deps.files.put(uploadKey(owner, recipients), only(Buffer.from(CSV)), { type: "text/csv" });
      const made = await job(
        "personalize",
        { video: { upload: video }, recipients: { upload: recipients } },
        { tier: "silver" },
      );
      await finishBatch(api, { owner, id: made });
      return made;
    };
    const synced = await job(
      "lipsync",
      { video: { url: FILMED.video_url } },
      { text: "Hi", consent: { subject: "self" } },
    );
    await sync(api, { owner, id: synced });
    const [faces, other] = [await debugged(), await debugged()];
    const batch = await personalized();
    return {
      ...{ faces, other, batch },
      upload,
      sound,
      done,
      queued: await make(),
      spoken: talk,
      said,
      synced,
      fresh: id(),
    };
  }

  function call(
    method: string,
    { path, body, form, fields }: Ask,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const url = `${api.url}${path}`;
    if (form) {
      const bytes = path.endsWith("/audio") ? wavBytes() : jpegBytes();
      const texts = fields ?? (form === "file" ? {} : { preset: "blink" });
      const others = Object.entries(texts).map(([name, body]) => ({ name, body }));
      const parts = [{ name: form, filename: "a.bin", body: bytes }, ...others];
      const { type, body } = multipart(parts);
      return fetch(url, { method, headers: { ...headers, "Content-Type": type }, body: Buffer.from(body) });
    }
    if (body === undefined) return fetch(url, { method, headers, redirect: "manual" });
    const json = { "Content-Type": "application/json", ...headers };
    return fetch(url, { method, headers: json, body: JSON.stringify(body) });
  }

  /** Everything that is stored of alice's jobs and uploads, by name and content. */
  async function hers(): Promise<string> {
    const records = await Promise.all(
      [things.done, things.queued, things.spoken, things.said, things.synced].map((id) =>
        api.deps.records.get("alice", id).then((stored) => stored?.record),
      ),
    );
    const { records: all } = await api.deps.records.list("alice", { limit: 100 });
    return JSON.stringify([records, all.length, (await api.stored()).filter((key) => key.includes("alice"))]);
  }

  /** Neither ids nor what differs from request to request. */
  async function shown(reply: Response): Promise<unknown> {
    const names = [...reply.headers.keys()].filter((name) => name !== "date").sort();
    const text = (await reply.text()).replaceAll(/[0-9a-f]{32}/g, "<id>");
    const { request_id, ...body } = JSON.parse(text) as Record<string, unknown>;
    return { status: reply.status, names, body };
  }

  it("is in this list, and in the document", () => {
    const routes = new Set(api.app.routes().map(({ method, path }) => `${method} ${path}`));
    const served = Object.keys(ROUTES).filter((route) => home === "memory" || !route.includes("/v1/files/"));
    expect([...routes].sort()).toEqual(served.sort());

    type Operation = { security?: object[]; responses: Record<string, unknown> };
    const { paths } = api.app.document() as { paths: Record<string, Record<string, Operation>> };
    const shape = (path: string) => path.replaceAll(/:\w+(\{.*\})?|\{\w+\}|\*/g, "<>");
    const described = new Map(
      Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${shape(path)}`, operation]),
      ),
    );
    const found = new Set<string>();
    for (const route of served) {
      // two routes whose parameters differ only in their form are one path of a document
      const operation = described.get(shape(route));
      found.add(shape(route));
      const { door } = ROUTES[route]!;
      // the pages and what they load
      if (!operation)
        expect(route).toMatch(
          /^GET (\/facefusion)?\/(docs|redoc|openapi|home|example|favicon|developers$|takedown$|app|page|service-worker|manifest|icon|$)/,
        );
      else if (door === "open" || door === "link") expect(operation.security, route).toEqual([]);
      else if (door === "operator") expect(operation.security, route).toEqual([{ operator: [] }]);
      else {
        const inQuery = route.includes(" /api/v1/") && !SIGNED_IN.test(route) ? [{ api_key: [] }] : [];
        expect(operation.security, route).toEqual([{ bearer: [] }, { apiKey: [] }, ...inQuery]);
        expect(operation.responses, route).toHaveProperty("401");
      }
    }
    expect([...described.keys()].filter((each) => !found.has(each))).toEqual([]);
  });

  it("asks for a key, and says how; nothing happens without", async () => {
    const before = await hers();
    for (const [route, { door, ask, right }] of Object.entries(ROUTES)) {
      const [method = ""] = route.split(" ");
      if (door === "link" && home !== "memory") continue;
      const closed = door !== "open" && door !== "link";
      for (const headers of [{}, bearer(stranger), { "X-API-Key": stranger.key }, { "X-API-Key": "sl_x" }]) {
        const reply = await call(method, ask(things), headers);
        expect(reply.status, `${route} ${JSON.stringify(headers)}`).toBe(closed ? 401 : right);
        const text = await reply.text();
        if (!closed) continue;
        expect(reply.headers.get("www-authenticate"), route).toMatch(/^Bearer\b/);
        const told = JSON.parse(text) as { detail?: string; message?: string };
        expect(told.detail ?? told.message, route).toMatch(
          SIGNED_IN.test(route)
            ? /^Not authenticated$|^Invalid authentication credentials$/
            : /X-API-Key|Unknown API key/,
        );
        const dialect = /^(?!\/v1\/)/.test(ask(things).path);
        const type = dialect ? "application/json" : "application/problem+json";
        expect(reply.headers.get("content-type"), route).toBe(type);
      }
      if (method !== "GET") continue;
      const head = await fetch(`${api.url}${ask(things).path}`, { method: "HEAD" });
      expect([head.status, await head.text()], route).toEqual([closed ? 401 : right, ""]);
      const preflight = await fetch(`${api.url}${ask(things).path}`, { method: "OPTIONS" });
      expect([preflight.status, await preflight.text()], route).toEqual([204, ""]);
    }
    expect(await hers()).toBe(before);
  });

  it("shows others nothing: what is somebody else's looks as if it were not there", async () => {
    const before = await hers();
    for (const [route, { door, ask }] of Object.entries(ROUTES)) {
      if (door !== "theirs") continue;
      const [method = ""] = route.split(" ");
      const id = () => newId(api.deps.clock.now());
      const missing = {
        upload: id(),
        sound: id(),
        done: id(),
        queued: id(),
        spoken: id(),
        said: id(),
        synced: id(),
        faces: id(),
        other: id(),
        batch: id(),
        fresh: id(),
      };
      const others = await shown(await call(method, ask(things), bearer(bob)));
      expect(others, route).toMatchObject({ status: 404 });
      expect(others, route).toEqual(await shown(await call(method, ask(missing), bearer(bob))));
    }
    expect(await (await call("GET", { path: "/v1/jobs" }, bearer(bob))).json()).toEqual({
      jobs: [],
      next_cursor: null,
    });
    expect(await hers()).toBe(before);
  });

  it("lets two owners have the same id, each a job of their own", async () => {
    const before = await hers();
    const asked = { content_type: "image/jpeg", size: jpegBytes().byteLength };
    const reply = await call("POST", { path: "/v1/uploads", body: asked }, bearer(bob));
    const { id, url, headers } = (await reply.json()) as { id: string; url: string; headers: Record<string, string> };
    // the link is the permission
    expect((await fetch(url, { method: "PUT", headers, body: Buffer.from(jpegBytes()) })).status).toBe(200);
    const body = animate({ image: { upload: id } });
    const put = await call("PUT", { path: `/v1/jobs/${things.done}`, body }, bearer(bob));
    expect([put.status, await put.json()]).toMatchObject([202, { id: things.done, status: "queued" }]);
    await call("DELETE", { path: `/v1/jobs/${things.done}` }, bearer(bob));
    expect((await call("GET", { path: `/v1/jobs/${things.done}` }, bearer(bob))).status).toBe(410);
    expect(await hers()).toBe(before);
  });

  it("serves its owner, by either header", async () => {
    const got = await call("GET", { path: `/v1/jobs/${things.done}` }, { "X-API-Key": alice.key });
    const { outputs } = (await got.json()) as { outputs: { video: { url: string } } };
    expect((await (await fetch(outputs.video.url)).arrayBuffer()).byteLength).toBe(video.byteLength);
    for (const [route, { door, ask, right }] of Object.entries(ROUTES)) {
      const [method = ""] = route.split(" ");
      if (door === "link" && home !== "memory") continue;
      if (door === "operator") expect((await call(method, ask(things), bearer(alice))).status, route).toBe(401);
      const reply = await call(method, ask(things), bearer(door === "operator" ? operator : alice));
      expect(reply.status, `${route}: ${await reply.text()}`).toBe(right);
      // no cache on the way may give it to somebody else
      if (door === "own" || door === "theirs" || (door === "operator" && reply.ok))
        expect(reply.headers.get("cache-control"), route).toMatch(/private|no-store/);
    }
  });

  it("is logged with its owner, never with a key", () => {
    const log = JSON.stringify(api.lines);
    for (const { key, entry } of [alice, bob, stranger, operator]) {
      expect(log).not.toContain(key.slice(10));
      expect(log).not.toContain(entry.split(":")[1]);
    }
    const line = api.lines.find(({ path, status }) => path === `/v1/jobs/${things.done}/events` && status === 200);
    expect(line).toMatchObject({ owner: "alice" });
    expect(api.lines.find(({ status }) => status === 401)).not.toHaveProperty("owner");
  });
});

function bearer({ key }: Key): Record<string, string> {
  return { Authorization: `Bearer ${key}` };
}

async function* only(bytes: Uint8Array) {
  yield bytes;
}
