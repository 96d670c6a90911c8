/** The client against servers on loopback that behave as badly as servers and networks do. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createSmileloop, SmileloopError, type Store } from "./index.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Asked = { method: string; path: string; body: string; headers: IncomingMessage["headers"] };
type Answer = (asked: Asked, response: ServerResponse) => void;

/** `routes`: by method and path, a list of answers, the last of which is given again and again. */
async function serve(routes: Record<string, Answer[]>) {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = request;
    const at = `${method} ${path.replace(/[0-9a-f]{32}/, "ID")}`;
    calls.push(at);
    const answers = routes[at] ?? [];
    const answer = answers.length > 1 ? answers.shift()! : answers[0];
    if (answer) answer({ method, path, body: Buffer.concat(chunks).toString(), headers }, response);
    else problem(404, "not_found")({ method, path, body: "", headers }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, calls };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
const problem = (status: number, code: string, retryable = false): Answer =>
  json(status, { code, detail: `It is ${code}.`, retryable, errors: [] }, { "X-Request-Id": "r-1" });
const status =
  (code: number): Answer =>
  (_, response) =>
    response.writeHead(code).end();
const hangUp: Answer = (_, response) => response.destroy();

const OUTPUT = { url: "http://files.example/video.mp4", content_type: "video/mp4", bytes: 9, sha256: "00" };
function job(state: string, more: object = {}) {
  const percent = state === "succeeded" ? 100 : 0;
  const progress = { stage: state, done: 0, total: 1, percent, eta_seconds: null, queue_position: 2 };
  const expires_at = "2026-11-30T12:00:00.000Z";
  return {
    id: "ID",
    kind: "animate",
    status: state,
    outputs: {},
    progress,
    error: null,
    warnings: [],
    expires_at,
    ...more,
  };
}
/** With these outputs, of an attempt. */
const showing = (state: string, names: string[], attempt = 1) =>
  job(state, {
    attempt,
    outputs: Object.fromEntries(names.map((name) => [name, { ...OUTPUT, url: `http://f/${attempt}/${name}` }])),
  });
const DONE = job("succeeded", { outputs: { video: OUTPUT } });
const event = (name: string, data: unknown) => `event: ${name}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`;
const events =
  (...texts: string[]): Answer =>
  (_, response) =>
    response.writeHead(200, { "Content-Type": "text/event-stream" }).end(texts.join(""));

const EVENTS = "GET /v1/jobs/ID/events";
const CREATE = "PUT /v1/jobs/ID";
const client = (baseUrl: string, store?: Store) => createSmileloop({ baseUrl, store, key: "sl_key", retryMs: () => 1 });
const PHOTO = new Blob([new Uint8Array(2000)], { type: "image/jpeg" });

/** Routes that take an upload; `put`: what the storage answers. */
async function storage(...put: Answer[]) {
  const files = await serve({ "PUT /file": put });
  const target = { id: "u1", method: "PUT", url: `${files.url}/file`, headers: { "Content-Type": "image/jpeg" } };
  return { files, routes: { "POST /v1/uploads": [json(201, target)] } };
}

test("all that is kept of the caller is erased, also where the first reply does not come", async () => {
  const { url, calls } = await serve({ "DELETE /v1/owner": [status(503), json(200, { jobs: 2, uploads: 1 })] });
  expect(await client(url).erase()).toEqual({ jobs: 2, uploads: 1 });
  expect(calls).toEqual(["DELETE /v1/owner", "DELETE /v1/owner"]);
});

test("a portrait becomes a clip: what is sent, and what is told on the way", async () => {
  const { files, routes } = await storage(status(200));
  const bodies: Asked[] = [];
  const { url, calls } = await serve({
    ...routes,
    [CREATE]: [
      (asked, response) => {
        bodies.push(asked);
        json(202, job("queued"))(asked, response);
      },
    ],
    [EVENTS]: [
      events(
        ": hello\n\n",
        event("status", job("running")),
        event("progress", { stage: "render", done: 1, total: 2, percent: 50, eta_seconds: 1, queue_position: null }),
        event("done", DONE),
      ),
    ],
  });
  const told: [string, number][] = [];
  const clip = await client(url).animate(PHOTO, {
    preset: "alive",
    size: undefined,
    metadata: { order: "7" },
    onProgress: ({ stage, percent }) => told.push([stage, Math.round(percent)]),
  });
  expect(clip.url).toBe(OUTPUT.url);
  expect(clip.expiresAt.getTime()).toBe(Date.parse("2026-11-30T12:00:00Z"));
  expect(JSON.parse(bodies[0]!.body)).toEqual({
    kind: "animate",
    inputs: { image: { upload: "u1" } },
    params: { preset: "alive" },
    metadata: { order: "7" },
  });
  expect(bodies[0]!.headers.authorization).toBe("Bearer sl_key");
  expect(files.calls).toEqual(["PUT /file"]);
  expect(calls).toEqual(["POST /v1/uploads", CREATE, EVENTS]);
  expect(told.map(([stage]) => stage)).toContain("render");
  const percents = told.map(([, percent]) => percent);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.at(-1)).toBeLessThanOrEqual(100);
});

test("a list of recipients that is an array is sent as the table that it is", async () => {
  const sent: string[] = [];
  const { routes } = await storage((asked, response) => {
    sent.push(asked.body);
    status(200)(asked, response);
  });
  const asked: Asked[] = [];
  const archive = { ...OUTPUT, url: "http://files.example/a.zip" };
  const { url } = await serve({
    ...routes,
    [CREATE]: [
      (created, response) => {
        asked.push(created);
        json(202, job("succeeded", { outputs: { report: OUTPUT, archive } }))(created, response);
      },
    ],
    [EVENTS]: [events(event("done", job("succeeded", { outputs: { report: OUTPUT, archive } })))],
  });
  const people = [
    { name: "Ann; B.", city: 'the "Hague"', age: 7 },
    { name: "राम", city: null },
    { city: "Ulm, Bonn", name: "Li\nLei" },
  ];
  const video = { upload: "v1" };
  const made = await client(url).personalize(video, people, { tier: "gold", text: "{name} of {city}" });
  expect(made.url).toBe(archive.url);
  expect(await made.link("report").catch((error) => error.code)).toBe("not_found");
  expect(JSON.parse(asked[0]!.body)).toEqual({
    kind: "personalize",
    inputs: { video, recipients: { upload: "u1" } },
    params: { tier: "gold", text: "{name} of {city}" },
  });
  const list = 'name,city,age\r\n"Ann; B.","the ""Hague""",7\r\nराम,,\r\n"Li\nLei","Ulm, Bonn",\r\n';
  expect(sent).toEqual([list]);
  await client(url).personalize(video, ["Ann", "Ben"], { name_column: "first" });
  await client(url).personalize(video, []);
  expect(sent.slice(1)).toEqual(["first\r\nAnn\r\nBen\r\n", "name\r\n"]);
  await client(url).personalize(video, { upload: "u2" });
  expect(JSON.parse(asked[3]!.body).inputs).toEqual({ video, recipients: { upload: "u2" } });
  const nobody = await client(url)
    .personalize(video, ["Ann", " "])
    .catch((error) => error);
  expect(nobody).toMatchObject({ code: "invalid_request", message: "recipients[1] is empty: give it a name." });
  expect(asked.length).toBe(4);
});

test("the key goes to the server, not to the storage", async () => {
  let headers: IncomingMessage["headers"] = {};
  const { routes } = await storage((asked, response) => {
    headers = asked.headers;
    status(200)(asked, response);
  });
  const { url } = await serve(routes);
  await client(url).uploads.send(PHOTO);
  expect(headers.authorization).toBeUndefined();
  expect(headers["content-type"]).toBe("image/jpeg");
});

test("an upload that arrived, and whose reply was lost, has arrived", async () => {
  const { files, routes } = await storage(hangUp, status(412));
  const { url } = await serve(routes);
  expect(await client(url).uploads.send(PHOTO)).toBe("u1");
  expect(files.calls.length).toBe(2);
});

test("an upload that the storage refuses is not sent again; one that it is too busy for is", async () => {
  const refused = await storage(status(403));
  const error = await client((await serve(refused.routes)).url)
    .uploads.send(PHOTO)
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(SmileloopError);
  expect(error).toMatchObject({ code: "upload_failed", status: 403, retryable: false });
  expect(refused.files.calls.length).toBe(1);

  const busy = await storage(status(503), status(500), status(200));
  expect(await client((await serve(busy.routes)).url).uploads.send(PHOTO)).toBe("u1");
  expect(busy.files.calls.length).toBe(3);
});

test("what the server refuses is told by its code, with the fields", async () => {
  const errors = [{ loc: ["body", "params", "preset"], msg: "Unknown preset 'smle'", type: "invalid_value" }];
  const refusal = { code: "invalid_request", detail: "Unknown preset 'smle'.", retryable: false, errors };
  const { url, calls } = await serve({ [CREATE]: [json(422, refusal, { "X-Request-Id": "r-7" })] });
  const error = await client(url)
    .animate({ upload: "u1" }, { preset: "smle" })
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "invalid_request", status: 422, requestId: "r-7", errors });
  expect(error.message).toBe("Unknown preset 'smle'.");
  expect(calls).toEqual([CREATE]);
});

test("a proxy's page is not taken for an answer", async () => {
  const page: Answer = (_, response) =>
    response.writeHead(404, { "Content-Type": "text/html" }).end("<h1>Nothing</h1>");
  const { url } = await serve({ "GET /v1/presets": [page] });
  await expect(client(url).presets()).rejects.toMatchObject({ code: "unexpected_reply", status: 404 });
});

test("a job whose creation got no reply is created again under the same id", async () => {
  const ids: string[] = [];
  const noting =
    (then: Answer): Answer =>
    (asked, response) => {
      ids.push(asked.path);
      then(asked, response);
    };
  const { url } = await serve({
    [CREATE]: [noting(hangUp), noting(problem(503, "unavailable", true)), noting(json(202, job("queued")))],
    [EVENTS]: [events(event("done", DONE))],
  });
  await client(url).animate({ upload: "u1" }, { preset: "alive" });
  expect(ids.length).toBe(3);
  expect(new Set(ids).size).toBe(1);
});

test("events that break off are replaced by asking", async () => {
  const { url, calls } = await serve({
    [CREATE]: [json(202, job("queued"))],
    [EVENTS]: [
      (_, response) => {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write(event("status", job("running")));
        setTimeout(() => response.destroy(), 50);
      },
    ],
    "GET /v1/jobs/ID": [hangUp, problem(503, "unavailable", true), json(200, job("running")), json(200, DONE)],
  });
  const clip = await client(url).animate({ upload: "u1" }, { preset: "alive" });
  expect(clip.job.status).toBe("succeeded");
  expect(calls.filter((at) => at === EVENTS).length).toBe(1);
});

test("a server that sends the present state and closes, as on Lambda, is asked on", async () => {
  const { url } = await serve({
    [CREATE]: [json(202, job("queued"))],
    [EVENTS]: [events("retry: 2000\n\n", event("status", job("running")))],
    "GET /v1/jobs/ID": [json(200, job("running")), json(200, DONE)],
  });
  expect((await client(url).animate({ upload: "u1" }, { preset: "alive" })).output.bytes).toBe(9);
});

test("a job that fails, is canceled or has expired throws why", async () => {
  const ends = [
    [job("failed", { error: { code: "no_face", detail: "No face.", retryable: false, input: "image" } }), "no_face"],
    [job("canceled"), "canceled"],
    [job("expired"), "gone"],
  ] as const;
  for (const [ended, code] of ends) {
    const { url } = await serve({ [CREATE]: [json(202, job("queued"))], [EVENTS]: [events(event("done", ended))] });
    const error = await client(url)
      .animate({ upload: "u1" }, { preset: "alive" })
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code, job: { status: ended.status } });
  }
});

function memory(): Store & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

test("a kept job is written down before it is sent, found after a reload, and forgotten at its end", async () => {
  const store = memory();
  let during = "";
  const { url, calls } = await serve({
    [CREATE]: [
      (asked, response) => {
        during = store.getItem("smileloop:clip") ?? "";
        json(202, job("queued"))(asked, response);
      },
    ],
    // the page is left while the job runs
    [EVENTS]: [() => {}, events(event("done", DONE))],
  });
  const leaving = client(url, store).animate({ upload: "u1" }, { preset: "alive", keep: "clip" });
  leaving.catch(() => {});
  await expect.poll(() => calls.includes(EVENTS)).toBe(true);
  const { id } = JSON.parse(during) as { id: string };
  expect(id).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  expect(JSON.parse(store.entries.get("smileloop:clip")!)).toMatchObject({ id, kind: "animate", main: "video" });

  const found = await client(url, store).resume("clip");
  expect(found?.url).toBe(OUTPUT.url);
  expect(store.entries.size).toBe(0);
  expect(await client(url, store).resume("clip")).toBeNull();
});

test("a kept job that the server does not know is forgotten", async () => {
  const store = memory();
  store.setItem("smileloop:clip", JSON.stringify({ id: "0".repeat(32), kind: "animate", main: "video" }));
  const { url } = await serve({});
  expect(await client(url, store).resume("clip")).toBeNull();
  expect(store.entries.size).toBe(0);
  store.setItem("smileloop:clip", "not JSON");
  expect(await client(url, store).resume("clip")).toBeNull();
});

test("aborting cancels the job and throws the reason", async () => {
  const leaving = new AbortController();
  const { url, calls } = await serve({
    [CREATE]: [json(202, job("queued"))],
    [EVENTS]: [
      (_, response) => {
        response.writeHead(200, { "Content-Type": "text/event-stream" }).write(event("status", job("running")));
      },
    ],
    "POST /v1/jobs/ID/cancel": [json(200, job("canceling"))],
  });
  const onProgress = ({ stage }: { stage: string }) =>
    stage === "running" && leaving.abort(new Error("changed my mind"));
  const work = client(url).animate({ upload: "u1" }, { preset: "alive", signal: leaving.signal, onProgress });
  await expect(work).rejects.toThrow("changed my mind");
  expect(calls.at(-1)).toBe("POST /v1/jobs/ID/cancel");
});

test("a server that is not there is told as such, after some tries", async () => {
  let tries = 0;
  const nowhere = createSmileloop({
    baseUrl: "http://nowhere.invalid/",
    retryMs: () => 1,
    fetch: async (...args) => {
      tries++;
      return fetch(...args);
    },
  });
  await expect(nowhere.kinds()).rejects.toMatchObject({ code: "network", retryable: true });
  expect(tries).toBe(5);
});

test("a file that does not say its type is known by its first bytes", async () => {
  const types: string[] = [];
  const target = (_: Asked, response: ServerResponse) => {
    types.push((JSON.parse(_.body) as { content_type: string }).content_type);
    problem(413, "too_large")(_, response);
  };
  const { url } = await serve({ "POST /v1/uploads": [target] });
  const starts = [
    "\xff\xd8\xff",
    "\x89PNG\r\n",
    "RIFF1234WAVE",
    "\0\0\0\x18ftypheic",
    "\0\0\0\x18ftypisom",
    "name,phone",
  ];
  for (const start of starts) {
    const bytes = Uint8Array.from(start, (letter) => letter.charCodeAt(0));
    await client(url)
      .uploads.send(bytes)
      .catch(() => {});
  }
  expect(types).toEqual(["image/jpeg", "image/png", "audio/wav", "image/heic", "video/mp4", "text/csv"]);
});

test("outputs are told of as they come, each once, and again when another attempt has made them", async () => {
  const told: string[] = [];
  const parts = [
    event("status", showing("running", [])),
    event("status", showing("running", ["wink"])),
    event("status", showing("running", ["wink", "nod"])),
    event("status", showing("queued", [])),
    event("status", showing("running", ["wink"], 2)),
    event("done", showing("succeeded", ["wink", "nod"], 2)),
  ];
  const { url } = await serve({ [CREATE]: [json(202, showing("queued", []))], [EVENTS]: [events(...parts)] });
  const made = await client(url).previews({ upload: "u1" }, { onOutput: (_, output) => told.push(output.url) });
  expect(told.map((link) => link.slice("http://f/".length))).toEqual(["1/wink", "1/nod", "2/wink", "2/nod"]);
  expect(made.url).toBe("http://f/2/wink");
  expect(Object.keys(made.job.outputs)).toEqual(["wink", "nod"]);
});
