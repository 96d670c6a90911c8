/** Every picture that any kind makes with the real engine: signed, marked, and led back to its job, whoever asks. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { BOBBY } from "../support/spoken.ts";
import { talkingFilm } from "../support/talking-film.ts";

const COMMAND = join(import.meta.dirname, "../../packages/cli/bin/smileloop.mjs");
const { key, entry } = makeApiKey("ann");
const KEY = { "X-API-Key": key };
const ANYBODY = { "X-Anonymous-Token": "a-token-that-a-browser-has-made-up-0123456789" };
const consent = { subject: "self" };

let dir: string;
let server: ServerProcess;
let photo: Buffer;
let film: Buffer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-marks-"));
  photo = readFileSync(ASTRONAUT);
  film = readFileSync((await talkingFilm(join(dir, "film.mp4"), GRACE_HOPPER, BOBBY)).path);
  const env = { API_KEYS: entry, ANONYMOUS: "1", LOG_LEVEL: "error", WARP_PROCESSES: "1", RATE_LIMIT: "0" };
  server = await startServer({ dataDir: join(dir, "data"), env });
});
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Headers = Record<string, string>;
type Mark = { watermark?: { payload: number } | null; unmarked?: string; label?: boolean };
type Output = { content_type: string; mark?: Mark };
type Ended = {
  id: string;
  status: string;
  error: unknown;
  params: object;
  outputs: Record<string, Output>;
  warnings: { code: string }[];
};

async function ask<T>(path: string, headers: Headers, body?: unknown): Promise<T> {
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  const reply = await fetch(`${server.url}${path}`, { ...sent, headers: { ...headers, ...type } });
  expect(reply.ok, await reply.clone().text()).toBe(true);
  return (await reply.json()) as T;
}

async function upload(bytes: Buffer, type: string, headers: Headers): Promise<string> {
  const size = { content_type: type, size: bytes.byteLength };
  const to = await ask<{ id: string; url: string; headers: Headers }>("/v1/uploads", headers, size);
  const put = await fetch(to.url, { method: "PUT", headers: to.headers, body: new Uint8Array(bytes) });
  expect(put.ok).toBe(true);
  return to.id;
}

type Given = Record<string, [bytes: Buffer, type: string]>;

async function done(kind: string, given: Given, params: object, headers: Headers): Promise<Ended> {
  const inputs: Record<string, object> = {};
  for (const [slot, file] of Object.entries(given)) inputs[slot] = { upload: await upload(...file, headers) };
  const { id } = await ask<{ id: string }>("/v1/jobs", headers, { kind, inputs, params });
  for (;;) {
    const job = await ask<Ended>(`/v1/jobs/${id}`, { ...headers, Prefer: "wait=30" });
    if (!["queued", "running", "waiting"].includes(job.status)) {
      expect(job, JSON.stringify(job.error)).toMatchObject({ status: "succeeded" });
      return job;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function fileOf({ id }: Ended, name: string, headers: Headers): Promise<Uint8Array<ArrayBuffer>> {
  const reply = await fetch(`${server.url}/v1/jobs/${id}/outputs/${name}`, { headers });
  expect(reply.ok).toBe(true);
  return new Uint8Array(await reply.arrayBuffer());
}

async function verified(bytes: Uint8Array<ArrayBuffer>, headers: Headers): Promise<Record<string, unknown>> {
  const type = { "Content-Type": "application/octet-stream" };
  const reply = await fetch(`${server.url}/v1/verify`, {
    method: "POST",
    headers: { ...headers, ...type },
    body: bytes,
  });
  expect(reply.ok, await reply.clone().text()).toBe(true);
  return (await reply.json()) as Record<string, unknown>;
}

/** Types of files that have no place for a signature. */
const UNSIGNABLE = ["video/webm"];

/** Every picture of a job is ours by both layers; its record and the file say the same. */
async function expectMarked(job: Ended, headers: Headers, label: boolean): Promise<void> {
  const pictures = Object.entries(job.outputs).filter(([, { content_type: type }]) => /^(image|video)\//.test(type));
  expect(pictures.length).toBeGreaterThan(0);
  for (const [name, { content_type: type, mark }] of pictures) {
    expect(mark, name).toMatchObject({ watermark: { payload: expect.any(Number) }, label });
    const told = await verified(await fileOf(job, name, headers), headers);
    const signature = UNSIGNABLE.includes(type) ? "none" : "ours";
    expect(told, name).toMatchObject({ signature, watermark: { found: true } });
    if (headers === KEY) {
      const payload = mark?.watermark?.payload;
      expect(told, name).toMatchObject({ watermark: { found: true, payload }, job: job.id });
    }
  }
}

const image = (): Given => ({ image: [photo, "image/jpeg"] });

describe("of a caller with a key, without a label", () => {
  const clip = { size: 512, duration: 1, fps: 15 };
  test.each([
    ["animate", { preset: "nod", ...clip }],
    ["animate", { preset: "nod", ...clip, format: "webm" }],
    ["animate", { preset: "nod", ...clip, format: "gif" }],
    ["animate", { preset: "nod", ...clip, format: "webp" }],
    ["previews", { presets: ["nod", "wink"], size: 384 }],
    ["talk", { text: "Hello.", size: 512, fps: 15 }],
  ])("%s %o", async (kind, params) => {
    await expectMarked(await done(kind, image(), params, KEY), KEY, false);
  });

  test("process_image", async () => {
    const params = { processors: ["face_debugger"] };
    await expectMarked(await done("process_image", { target: [photo, "image/jpeg"] }, params, KEY), KEY, false);
  });

  test("process_video", async () => {
    const params = { processors: ["face_debugger"] };
    await expectMarked(await done("process_video", { target: [film, "video/mp4"] }, params, KEY), KEY, false);
  });

  test("lipsync", async () => {
    const job = await done("lipsync", { video: [film, "video/mp4"] }, { text: "Hello, my friend.", consent }, KEY);
    await expectMarked(job, KEY, false);
  });
});

/** The file of the only recipient of a batch. */
async function recipientsFile(params: object): Promise<Uint8Array<ArrayBuffer>> {
  const list: [Buffer, string] = [Buffer.from("name\nAmit\n"), "text/csv"];
  const job = await done("personalize", { video: [film, "video/mp4"], recipients: list }, params, KEY);
  const files = unzipSync(await fileOf(job, "archive", KEY));
  const [name] = Object.keys(files).filter((each) => each.endsWith(".mp4"));
  return new Uint8Array(files[name!]!);
}

test("a recipient's video whose lips say the words is marked where they do", async () => {
  const told = await verified(await recipientsFile({ tier: "diamond", lip_sync: true, consent }), KEY);
  expect(told).toMatchObject({ signature: "ours", watermark: { found: true } });
});

test("the command of the same machine finds the mark, also once the signature is gone", async () => {
  const job = await done("animate", image(), { preset: "nod", size: 512, duration: 1, fps: 15 }, KEY);
  const jpeg = await sharp(await fileOf(job, "poster", KEY))
    .resize(400)
    .jpeg({ quality: 70 })
    .toBuffer();
  const path = join(dir, "copy.jpg");
  writeFileSync(path, jpeg);
  const env = { PATH: process.env.PATH, HOME: dir, DATA_DIR: join(dir, "data") };
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, "verify", path, "--json"], { env });
  const payload = job.outputs.poster?.mark?.watermark?.payload;
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ ok: true, signature: "none", made_by_us: "probably" },
    watermark: { found: true, payload },
  });
  const wrong = promisify(execFile)(process.execPath, [COMMAND, "verify", path], {
    env: { ...env, MARK_KEY: "geheim" },
  });
  const said = "smileloop: MARK_KEY: key 1 is not 64 hexadecimal digits: it has 6 characters\n";
  await expect(wrong).rejects.toMatchObject({ code: 1, stderr: said });
});

describe("what no machine has made", () => {
  test("a video that is only converted has no mark, and says so", async () => {
    const job = await done("convert", { video: [film, "video/mp4"] }, {}, KEY);
    for (const name of ["video", "poster"]) {
      expect(job.outputs[name]?.mark).toMatchObject({ watermark: null, unmarked: "not_synthetic" });
      const told = await verified(await fileOf(job, name, KEY), KEY);
      expect(told, name).toMatchObject({ signature: "ours", watermark: { found: false } });
    }
  });

  test("of a batch in which only the sound is another, neither", async () => {
    const told = await verified(await recipientsFile({ tier: "gold" }), KEY);
    expect(told).toMatchObject({ signature: "ours", watermark: { found: false } });
  });
});

describe("of a caller whom nobody knows, with a label", () => {
  test("animate", async () => {
    const job = await done("animate", image(), { preset: "nod", size: 512, duration: 1, fps: 15 }, ANYBODY);
    expect(job.params).toMatchObject({ label: true });
    await expectMarked(job, ANYBODY, true);
    expect(await verified(await fileOf(job, "video", ANYBODY), ANYBODY)).toMatchObject({ watermark: { found: true } });
    expect(JSON.stringify(await verified(await fileOf(job, "video", ANYBODY), ANYBODY))).not.toContain("payload");
  });

  const clip = { size: 256, fps: 10 };
  test.each([
    ["previews", image, { presets: ["nod"], size: 256 }],
    ["talk", image, { text: "Hello.", ...clip }],
    ["process_image", () => ({ target: [photo, "image/jpeg"] }), { processors: ["face_debugger"] }],
    ["process_video", () => ({ target: [film, "video/mp4"] }), { processors: ["face_debugger"] }],
    ["lipsync", () => ({ video: [film, "video/mp4"] }), { text: "Hello, my friend.", consent }],
  ] as [string, () => Given, object][])("%s", async (kind, given, params) => {
    const job = await done(kind, given(), params, ANYBODY);
    await expectMarked(job, ANYBODY, true);
    expect(job.warnings.map(({ code }) => code)).not.toContain("changed_beside");
  });

  test("who does not want one has to say so", async () => {
    const params = { preset: "nod", size: 256, duration: 1, fps: 10, label: false };
    const job = await done("animate", image(), params, ANYBODY);
    expect(job.outputs.video?.mark).toMatchObject({ label: false });
  });
});
