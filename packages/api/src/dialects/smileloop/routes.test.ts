import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobError } from "@smileloop/core/job/record.ts";
import { afterEach, describe, expect, it } from "vitest";
import { jpegBytes, openAdmission, pngBytes, type TestApi, testApi } from "../../../../../test/support/api.ts";
import { settle } from "../../../../../test/support/manual-clock.ts";
import { fileHead, multipart, powershellForm, requestHead } from "../../../../../test/support/multipart.ts";
import { PRESET_NAMES } from "../../../../../test/support/presets.ts";
import { JXL } from "../../../../../test/support/unread.ts";
import type { ApiConfig, ApiDeps } from "../../deps.ts";

const MIB10 = 10 * 1024 * 1024;
const VIDEO = new Uint8Array(Buffer.from("not a video, but bytes of one"));
const run = promisify(execFile);

let api: TestApi;
let stopWorker: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stopWorker?.();
  stopWorker = null;
  await api.close();
});

async function start(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): Promise<TestApi> {
  api = testApi(config, deps);
  await api.listen();
  return api;
}

/** Takes every job that comes: fails it with `error`, or ends it after 1.23 s by the API's clock. */
function work(error: JobError | null = null): void {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      const message = await api.deps.queue.receive("warp", { leaseMs: 60_000, waitMs: 60_000, signal: stop.signal });
      if (!message) continue;
      // what may be retried is, until the job has failed
      for (let state = "queued"; state === "queued"; ) {
        const token = await api.worker.claim(message);
        await api.clock.advance(1230);
        if (error) await api.worker.fail(message, token, error);
        else await api.worker.succeed(message, token, VIDEO);
        state = (await api.deps.records.get(message.owner, message.id))?.record.state ?? "gone";
      }
      await message.ack();
    }
  };
  const running = loop();
  stopWorker = () => {
    stop.abort();
    return running;
  };
}

type Parts = { image?: Uint8Array | null; preset?: string | null; fields?: Record<string, string>; first?: boolean };

/** Sends a form whose picture comes first, or last. */
function animate(parts: Parts = {}, init: { query?: string; headers?: Record<string, string> } = {}) {
  const form = new FormData();
  const image = parts.image === undefined ? jpegBytes() : parts.image;
  const addImage = () => image && form.append("source_image", new Blob([new Uint8Array(image)]), "../../etc/passwd");
  if (parts.first !== false) addImage();
  const { preset = "blink", fields = {} } = parts;
  if (preset !== null) form.append("preset", preset);
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (parts.first === false) addImage();
  const { query = "", headers = {} } = init;
  return fetch(`${api.url}/animate${query}`, { method: "POST", body: form, headers });
}

async function outcome(reply: Response): Promise<[number, unknown]> {
  return [reply.status, ((await reply.json()) as { detail: unknown }).detail];
}

/** Neither a file nor a job that could be found. */
async function nothingIsLeft(): Promise<void> {
  expect(await api.stored()).toEqual([]);
  const { records } = await api.deps.records.list("local", { limit: 10 });
  expect(records.filter(({ state }) => state !== "deleted")).toEqual([]);
}

describe("POST /animate", () => {
  it("answers with a link to the finished video, whichever part came first", async () => {
    await start();
    work();
    for (const first of [true, false]) {
      const reply = await animate({ first, preset: "gentle_smile" });
      const body = (await reply.json()) as Record<string, string>;
      expect(reply.status).toBe(200);
      expect(body).toEqual({
        job_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        status: "done",
        preset: "gentle_smile",
        download_url: `/download/${body.job_id}`,
      });
      const video = await fetch(api.url + body.download_url);
      expect(new Uint8Array(await video.arrayBuffer())).toEqual(VIDEO);
    }
    // the jobs have copies of their own
    expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
  });

  it("says when to come back while no machine can be had", async () => {
    const queueFor = async () => {
      throw new AppError("no_capacity", "Try again in about 12 minutes.", { retryAfterSeconds: 720 });
    };
    await start({}, { admission: { ...openAdmission(), queueFor } });
    const reply = await animate();
    expect(reply.headers.get("retry-after")).toBe("720");
    expect(await outcome(reply)).toEqual([503, "Try again in about 12 minutes."]);
    await nothingIsLeft();
  });

  it.each([
    ["Accept: video/mp4", {}, { headers: { Accept: "video/mp4" } }],
    ["?mode=local", {}, { query: "?mode=local" }],
    ["the part mode=local", { fields: { mode: "local" } }, {}],
  ])("is the video itself with %s", async (_name, parts, init) => {
    await start();
    work();
    const reply = await animate(parts, init);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "video/mp4"]);
    expect(reply.headers.get("x-inference-mode")).toBe("local");
    expect(reply.headers.get("x-inference-time")).toBe("1.23s");
    expect(new Uint8Array(await reply.arrayBuffer())).toEqual(VIDEO);
  });

  it("is JSON with mode=cloud, and where Accept likes JSON better", async () => {
    await start();
    work();
    for (const [parts, init] of [
      [{ fields: { mode: "cloud" } }, {}],
      [{}, { headers: { Accept: "application/json, video/mp4;q=0.5" } }],
    ] as const) {
      expect(((await (await animate(parts, init)).json()) as { status: string }).status).toBe("done");
    }
  });

  it("takes fields that were left empty as absent, as a form's unset <select> sends them", async () => {
    await start();
    work();
    const reply = await animate({ fields: { engine: "", mode: "" } }, { query: "?mode=" });
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await outcome(await animate({ preset: "" }))).toEqual([422, expect.stringMatching(/^Unknown preset ''/)]);
  });

  it("answers 202 with the place to ask at when it outlives the wait, and the job goes on", async () => {
    await start({ dialectWaitMs: 1000 });
    const pending = animate();
    const message = await api.deps.queue.receive("warp", {
      leaseMs: 60_000,
      waitMs: 5000,
      signal: new AbortController().signal,
    });
    const token = await api.worker.claim(message!);
    await expect.poll(() => api.clock.sleepers).toBe(1);
    await api.clock.advance(1000);
    const reply = await pending;
    const body = (await reply.json()) as Record<string, string>;
    expect([reply.status, body.status, reply.headers.get("location")]).toEqual([202, "running", `/job/${message?.id}`]);
    expect(await outcome(await fetch(api.url + body.download_url))).toEqual([
      409,
      "Job is not ready (status: running).",
    ]);
    await api.worker.succeed(message!, token, VIDEO);
    expect(await (await fetch(`${api.url}/job/${message?.id}`)).json()).toMatchObject({ status: "done" });
  });
});

describe("refusals, the first fault first, and nothing is left of them", () => {
  const small = pngBytes();
  const missing = (name: string) => ({ loc: ["body", name], msg: "Field required", type: "missing" });
  const unknown = `Unknown preset 'xx'. Choose from: ${PRESET_NAMES.join(", ")}`;
  const larger = "Pictures of up to 20 MiB can be sent with POST /v1/uploads and used in POST /v1/jobs.";
  const tooLarge = `File too large (10,485,761 bytes). Maximum is 10,485,760 bytes (10 MB). ${larger}`;
  const unsupported = expect.stringMatching(
    /^Unsupported image type\. This is image\/jxl\. Export it as a JPEG or PNG.*: image\/jpeg, image\/png, image\/heic/,
  );
  const jxl = new Uint8Array(JXL);
  const liveportrait = "LivePortrait inference engine is not configured. Set LIVEPORTRAIT_ROOT env var.";

  it.each<[string, Parts, number, unknown]>([
    ["no picture", { image: null }, 422, [missing("source_image")]],
    ["no preset", { preset: null }, 422, [missing("preset")]],
    ["an unknown preset", { preset: "xx" }, 422, unknown],
    ["an unknown preset and an empty file", { preset: "xx", image: new Uint8Array(0) }, 422, unknown],
    ["an empty file", { image: new Uint8Array(0) }, 400, "Uploaded file is empty."],
    ["a JPEG XL with another name", { image: jxl }, 415, unsupported],
    ["a JPEG XL and a wrong mode", { image: jxl, fields: { mode: "x" } }, 415, unsupported],
    ["a wrong mode", { fields: { mode: "x" } }, 400, "mode must be 'local' or 'cloud'"],
    [
      "a wrong mode and a huge picture",
      { image: pngBytes(30_000, 30_000), fields: { mode: "x" } },
      400,
      "mode must be 'local' or 'cloud'",
    ],
    [
      "a huge picture",
      { image: pngBytes(30_000, 30_000) },
      413,
      expect.stringMatching(/^Image too large \(30000×30000 pixels\)\. /),
    ],
    ["an engine that is not there", { fields: { engine: "liveportrait" } }, 503, liveportrait],
    [
      "an engine that is not there and a huge picture",
      { image: pngBytes(16_385, 1), fields: { engine: "liveportrait" } },
      413,
      expect.stringContaining("16385×1"),
    ],
    ["an unknown engine", { fields: { engine: "x" } }, 422, "Unknown engine 'x'. Choose from: liveportrait, warp"],
    [
      "a part that is not known",
      { fields: { enigne: "warp" } },
      422,
      [{ loc: ["body", "enigne"], msg: "This part is not known here", type: "extra_forbidden" }],
    ],
    [
      "a picture without pixels",
      { image: jpegBytes().subarray(0, 12) },
      422,
      expect.stringContaining("header cannot be read"),
    ],
    ["one byte over 10 MiB", { image: jpegBytes(9, 9, MIB10 + 1) }, 413, tooLarge],
  ])("%s", async (_name, parts, status, detail) => {
    await start();
    for (const first of [true, false]) {
      expect(await outcome(await animate({ image: small, ...parts, first }))).toEqual([status, detail]);
      await nothingIsLeft();
    }
  });

  it("names the route to use where requests may not be as large as files", async () => {
    await start({ maxBodyBytes: 100_000 });
    const reply = await animate({ image: jpegBytes(9, 9, 100_000) });
    expect(reply.status).toBe(413);
    const { detail } = (await reply.json()) as { detail: string };
    expect(detail).toContain("here at most 100000 are taken. Send the file with POST /v1/uploads");
    await nothingIsLeft();
  });

  it("takes 10 MiB exactly", async () => {
    await start();
    work();
    expect((await animate({ image: jpegBytes(9, 9, MIB10) })).status).toBe(200);
  });

  it("tells the size also when no Content-Length was sent, and says `more than` when it is far away", async () => {
    await start();
    const send = (bytes: number) => {
      const { body, type } = multipart([
        { name: "source_image", filename: "a.jpg", body: jpegBytes(9, 9, bytes) },
        { name: "preset", body: "blink" },
      ]);
      const stream = new Blob([new Uint8Array(body)]).stream();
      return fetch(`${api.url}/animate`, {
        method: "POST",
        body: stream,
        headers: { "Content-Type": type },
        duplex: "half",
      } as RequestInit);
    };
    expect(await outcome(await send(MIB10 + 1))).toEqual([413, tooLarge]);
    expect(await outcome(await send(40 * 1024 * 1024))).toEqual([
      413,
      `File too large (more than 10,485,760 bytes). Maximum is 10,485,760 bytes (10 MB). ${larger}`,
    ]);
    await nothingIsLeft();
  });

  it("names both parts when the body is not a form", async () => {
    await start();
    for (const type of ["application/json", "text/plain", "multipart/form-data; boundary=x"]) {
      const body = type.startsWith("multipart") ? "" : "{}";
      const reply = await fetch(`${api.url}/animate`, { method: "POST", body, headers: { "Content-Type": type } });
      expect(await outcome(reply)).toEqual([422, [missing("source_image"), missing("preset")]]);
    }
  });

  it.each<[string, JobError, number, string]>([
    [
      "no face",
      { code: "no_face", detail: "No face was found. Use another photo." },
      422,
      "No face was found. Use another photo.",
    ],
    ["no picture", { code: "input_unreadable", detail: "It does not decode." }, 422, "It does not decode."],
  ])("%s, as the job found", async (_name, error, status, detail) => {
    await start();
    work(error);
    expect(await outcome(await animate())).toEqual([status, detail]);
    await nothingIsLeft();
  });

  it("answers 500 without saying why when the engine failed, and writes it to the log", async () => {
    await start();
    work({ code: "engine_crashed", detail: "signal 11 in /opt/engine" });
    expect(await outcome(await animate())).toEqual([500, "Animation failed – no output produced. Check server logs."]);
    const line = api.lines.find(({ event }) => event === "animation_failed");
    expect(line).toMatchObject({ code: "engine_crashed", detail: "signal 11 in /opt/engine" });
  });

  it("answers a job that was canceled meanwhile", async () => {
    await start();
    const pending = animate();
    const signal = new AbortController().signal;
    const message = await api.deps.queue.receive("warp", { leaseMs: 1000, waitMs: 5000, signal });
    await fetch(`${api.url}/v1/jobs/${message?.id}/cancel`, { method: "POST" });
    expect(await outcome(await pending)).toEqual([409, "Job was canceled."]);
    const job = await (await fetch(`${api.url}/job/${message?.id}`)).json();
    expect(job).toMatchObject({ status: "failed", error: "Job was canceled." });
  });
});

describe("clients that go away", () => {
  it("leave nothing when they go in the middle of the picture", async () => {
    await start();
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    socket.write(requestHead(5_000_000) + fileHead("source_image"));
    await new Promise((sent) => socket.write(jpegBytes(9, 9, 300_000), sent));
    await settle(50);
    socket.destroy();
    const line = () => api.lines.find(({ event, path }) => event === "request" && path === "/animate");
    await expect.poll(line).toMatchObject({ status: 400 });
    await nothingIsLeft();
    expect(api.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("do not stop the job that they were waiting for", async () => {
    await start();
    const gone = new AbortController();
    const form = new FormData();
    form.append("preset", "blink");
    form.append("source_image", new Blob([new Uint8Array(jpegBytes())]), "a.jpg");
    const pending = fetch(`${api.url}/animate`, { method: "POST", body: form, signal: gone.signal }).catch(() => null);
    const signal = new AbortController().signal;
    const message = await api.deps.queue.receive("warp", { leaseMs: 60_000, waitMs: 5000, signal });
    gone.abort();
    await pending;
    const token = await api.worker.claim(message!);
    await api.worker.succeed(message!, token, VIDEO);
    expect((await fetch(`${api.url}/download/${message?.id}`)).status).toBe(200);
  });
});

describe("GET /job and /download", () => {
  /** A job that the native API made, as it is when `how` is done with it. */
  async function job(how: "queued" | "running" | "failed" | "done"): Promise<string> {
    const { url, headers, id } = (await (
      await fetch(`${api.url}/v1/uploads`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ content_type: "image/png", size: 2000 }),
      })
    ).json()) as { url: string; headers: Record<string, string>; id: string };
    await fetch(url, { method: "PUT", headers, body: new Uint8Array(pngBytes()) });
    const reply = await fetch(`${api.url}/v1/jobs`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "animate", inputs: { image: { upload: id } }, params: { preset: "alive" } }),
    });
    const made = { owner: "local", id: ((await reply.json()) as { id: string }).id };
    if (how === "queued") return made.id;
    const token = await api.worker.claim(made);
    await api.clock.advance(500);
    if (how === "failed") await api.worker.fail(made, token, { code: "no_face", detail: "No face." });
    if (how === "done") await api.worker.succeed(made, token, VIDEO);
    return made.id;
  }

  it("tell how a job is doing, also one of the native API", async () => {
    await start();
    const at = api.clock.now() / 1000;
    const look = async (id: string) => (await fetch(`${api.url}/job/${id}`)).json();
    const queued = await job("queued");
    expect(await look(queued)).toEqual({ job_id: queued, preset: "alive", status: "queued", created: at, updated: at });
    const running = await job("running");
    expect(await look(running)).toMatchObject({ status: "running" });
    const failed = await job("failed");
    expect(await look(failed)).toMatchObject({ status: "failed", error: "No face." });
    const done = await job("done");
    const { created, updated, ...rest } = (await look(done)) as { created: number; updated: number };
    expect(rest).toEqual({ job_id: done, preset: "alive", status: "done", download_url: `/download/${done}` });
    expect(updated - created).toBeCloseTo(0.5, 6);
  });

  it("serve the video with ranges, ETag and HEAD", async () => {
    await start();
    const id = await job("done");
    const url = `${api.url}/download/${id}`;
    const head = await fetch(url, { method: "HEAD" });
    expect(Object.fromEntries(head.headers)).toMatchObject({
      "content-type": "video/mp4",
      "content-length": String(VIDEO.byteLength),
      "content-disposition": `attachment; filename="smileloop_${id.slice(0, 8)}.mp4"`,
      "accept-ranges": "bytes",
    });
    const part = await fetch(url, { headers: { Range: "bytes=4-8" } });
    expect([part.status, await part.text()]).toEqual([206, "a vid"]);
    expect(part.headers.get("content-range")).toBe(`bytes 4-8/${VIDEO.byteLength}`);
    const etag = head.headers.get("etag") ?? "";
    expect((await fetch(url, { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await fetch(url, { headers: { Range: "bytes=999-" } })).status).toBe(416);
  });

  it("say when it is not ready, unknown, or over", async () => {
    await start();
    const get = async (path: string) => outcome(await fetch(api.url + path));
    const queued = await job("queued");
    expect(await get(`/download/${queued}`)).toEqual([409, "Job is not ready (status: queued)."]);
    const failed = await job("failed");
    expect(await get(`/download/${failed}`)).toEqual([409, "Job is not ready (status: failed)."]);
    const unknown = "019b7d2f3a4b7c5d8e9f0a1b2c3d4e5f";
    expect(await get(`/job/${unknown}`)).toEqual([404, "Job not found or expired."]);
    expect(await get(`/download/${unknown}`)).toEqual([404, "Job not found or expired."]);
    const done = await job("done");
    await api.clock.advance(60 * 60_000);
    expect(await get(`/job/${done}`)).toEqual([404, "Job not found or expired."]);
    expect(await get(`/download/${done}`)).toEqual([410, "Result file has been cleaned up."]);
  });

  it("answer 404 to whatever is no id", async () => {
    await start();
    const hostile = [
      "..%2f..%2fetc%2fpasswd",
      "%00",
      "a".repeat(5000),
      "'%20or%201=1",
      "%E0%A4%A",
      "F".repeat(32),
      "clip.mp4",
    ];
    for (const id of hostile) {
      for (const path of [`/job/${id}`, `/download/${id}`]) {
        const reply = await fetch(api.url + path);
        expect([path.slice(0, 60), reply.status]).toEqual([path.slice(0, 60), 404]);
        expect(await reply.json()).toHaveProperty("detail");
      }
    }
  });
});

describe("the documented clients, as they stand", () => {
  const has = (command: string, ...args: string[]) => {
    try {
      execFileSync(command, args, { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };

  async function inFolder(script: string, command: (file: string) => [string, string[]]): Promise<string> {
    const dir = mkdtempSync(join(tmpdir(), "smileloop-client-"));
    try {
      writeFileSync(join(dir, "photo.jpg"), jpegBytes());
      writeFileSync(join(dir, "script"), script.replaceAll("http://127.0.0.1:8000", api.url));
      const [name, args] = command(join(dir, "script"));
      const { stdout } = await run(name, args, { cwd: dir });
      return stdout + (await run("cat", [join(dir, "result.mp4")])).stdout;
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  it.skipIf(!has("curl", "--version"))("curl (skipped where there is no curl)", async () => {
    await start();
    work();
    const script = `
set -e
curl -s -X POST http://127.0.0.1:8000/animate \\
  -F "source_image=@photo.jpg" \\
  -F "preset=gentle_smile" > reply.json
job_id=$(sed 's/.*"job_id":"\\([0-9a-f]*\\)".*/\\1/' reply.json)
curl -s -o result.mp4 http://127.0.0.1:8000/download/$job_id
cat reply.json
`;
    const text = await inFolder(script, (file) => ["sh", [file]]);
    expect(text).toContain('"status":"done"');
    expect(text).toContain("not a video, but bytes of one");
  });

  it.skipIf(!has("python3", "-c", "import requests"))("Python (skipped where there is no requests)", async () => {
    await start();
    work();
    const script = `
import requests

r = requests.post("http://127.0.0.1:8000/animate",
    files={"source_image": open("photo.jpg", "rb")},
    data={"preset": "big_smile"})
job = r.json()
print(job)

mp4 = requests.get(f"http://127.0.0.1:8000{job['download_url']}")
with open("result.mp4", "wb") as f:
    f.write(mp4.content)
`;
    const text = await inFolder(script, (file) => ["python3", [file]]);
    expect(text).toContain("'status': 'done'");
    expect(text).toContain("not a video, but bytes of one");
  });

  it("PowerShell, by the bytes that it sends", async () => {
    await start();
    work();
    const { body, type } = powershellForm(jpegBytes());
    const reply = await fetch(`${api.url}/animate`, {
      method: "POST",
      body: new Uint8Array(body),
      headers: { "Content-Type": type },
    });
    expect(await reply.json()).toMatchObject({ status: "done", preset: "gentle_smile" });
  });
});
