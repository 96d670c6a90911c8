/** Pictures that must not be: refused on every way into the real server, by a model that takes magenta for one. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readEnv } from "@smileloop/core/env.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ENGINES } from "../../functions/engines/index.ts";
import { NODE_FLAGS } from "../../functions/engines/node-engine.ts";
import { startLocalServer } from "../../functions/setup/local-server.ts";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { type Cutout, writeFilm } from "../support/films.ts";
import { ASTRONAUT, GRACE_HOPPER } from "../support/pictures.ts";
import { until } from "../support/processes.ts";
import { wavOf } from "../support/sounds.ts";
import { CHEF, soundOf, spokenOf } from "../support/spoken.ts";

const HOST = fileURLToPath(new URL("../support/refusing-host.ts", import.meta.url));
const SIZE = { width: 128, height: 96 };

/** The built-in engine, whose check refuses magenta, and files by names that begin with `name`. */
function engines(name: string) {
  return ENGINES.map((engine) => {
    if (!engine.builtIn) return engine;
    const find: typeof engine.find = async (env) => {
      const found = await engine.find(env);
      const { args, ...command } = found.engine!.checkerCommand;
      const own = args.slice(args.findIndex((each) => each.endsWith("host.ts")) + 1);
      const checkerCommand = { ...command, args: [...NODE_FLAGS, HOST, name, ...own] };
      return { ...found, engine: { ...found.engine!, checkerCommand } };
    };
    return { ...engine, find };
  });
}

let folder: string;
let server: Awaited<ReturnType<typeof startLocalServer>>;
const environment = (more: object) => {
  const dataDir = mkdtempSync(join(folder, "data-"));
  return readEnv({
    HOST: "127.0.0.1",
    PORT: "0",
    DATA_DIR: dataDir,
    LOG_LEVEL: "silent",
    WARP_PROCESSES: "1",
    ...more,
  });
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-safeguards-"));
  server = await startLocalServer(environment({}), { engines: engines("-") });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const MAGENTA = { create: { ...SIZE, channels: 3 as const, background: "#ff00ff" } };
const magenta = () => sharp(MAGENTA).png().toBuffer();
const face = () => readFileSync(GRACE_HOPPER);

/** 4 s; frame 37 is magenta. */
async function flash(): Promise<Buffer> {
  const picture: Cutout = { ...SIZE, data: await sharp(MAGENTA).raw().toBuffer() };
  const path = join(folder, "flash.mp4");
  await writeFilm({ path, ...SIZE, frames: 100, ground: 30, show: (n) => (n === 37 ? [{ picture, x: 0, y: 0 }] : []) });
  return readFileSync(path);
}

/** By what files of it have near their start. */
const TYPES: [start: string, type: string][] = [
  ["IHDR", "image/png"],
  ["WAVEfmt", "audio/wav"],
  ["ftyp", "video/mp4"],
  ["JFIF", "image/jpeg"],
  ["", "image/jpeg"],
];

async function job(kind: string, files: Record<string, Uint8Array>, params: object, at = server.url): Promise<Job> {
  const inputs: Record<string, { upload: string }> = {};
  for (const [slot, bytes] of Object.entries(files))
    inputs[slot] = { upload: await upload(at, bytes, TYPES.find(([start]) => Buffer.from(bytes).includes(start))![1]) };
  const reply = await postJson(`${at}/v1/jobs`, { kind, inputs, params: { consent: CONSENT, ...params } });
  const made = (await reply.json()) as Job;
  expect(reply.status, JSON.stringify(made)).toBe(202);
  return endOf(at, made.id);
}

const CONSENT = { subject: "self" };
const SWAP = { processors: ["face_swapper"] };
const EDIT = { processors: [{ name: "face_editor", mouth_smile: 0.5 }] };
const refused = (input?: string) => ({
  status: "failed",
  error: { code: "content_refused", ...(input === undefined ? {} : { input }) },
});

test("the target of a picture, and its source", async () => {
  expect(await job("process_image", { target: await magenta() }, EDIT)).toMatchObject(refused("target"));
  const source = { target: readFileSync(ASTRONAUT), source: await magenta() };
  const ended = await job("process_image", source, SWAP);
  expect(ended).toMatchObject(refused("source"));
  expect(JSON.stringify(ended)).not.toMatch(/porn|0\.9/i);
});

test("frame 37 of a video, whether its faces are edited or its lips follow a sound", async () => {
  const film = await flash();
  expect(await job("process_video", { target: film }, EDIT)).toMatchObject(refused("target"));
  const audio = wavOf([soundOf(spokenOf(CHEF))], 16_000);
  expect(await job("lipsync", { video: film, audio }, {})).toMatchObject(refused("video"));
});

test("the same through the API of Sync.so", async () => {
  const form = new FormData();
  form.append("model", "lipsync-2");
  form.append("video", new Blob([new Uint8Array(await flash())]), "flash.mp4");
  form.append("audio", new Blob([wavOf([soundOf(spokenOf(CHEF))], 16_000)]), "sound.wav");
  const headers = { "x-api-key": "sk-any" };
  const reply = await fetch(`${server.url}/v2/generate`, { method: "POST", headers, body: form });
  const { id } = (await reply.json()) as { id: string };
  expect(reply.status).toBe(201);
  let ended = {} as { status?: string };
  await until(async () => {
    const path = `/v2/generate/${id}?wait=true&timeout=10`;
    ended = (await (await fetch(server.url + path, { headers })).json()) as { status?: string };
    return ended.status === "COMPLETED" || ended.status === "FAILED";
  });
  expect(ended).toMatchObject({ status: "FAILED", error: expect.stringContaining("content check") });
});

test("a result is looked at before it is stored, and no result is there", async () => {
  const other = await startLocalServer(environment({}), { engines: engines("result") });
  try {
    const ended = await job("process_image", { target: face() }, EDIT, other.url);
    expect(ended).toMatchObject({ ...refused(), outputs: {} });
    const untouched = await job("process_image", { target: face() }, { processors: ["face_debugger"] }, other.url);
    expect(untouched.status).toBe("succeeded");
  } finally {
    await other.stop();
  }
});

test("a picture of a person passes, and /health says that the check is on, or that the operator has switched it off", async () => {
  expect(await job("process_image", { target: face() }, EDIT)).toMatchObject({ status: "succeeded" });
  const health = async (url: string) => (await fetch(`${url}/health`)).json();
  expect(await health(server.url)).toMatchObject({ content_check: "on" });
  const off = await startLocalServer(environment({ CONTENT_CHECK: "off" }), { engines: engines("-") });
  try {
    expect(await health(off.url)).toMatchObject({ content_check: "off" });
    const ended = await job("process_image", { target: await magenta() }, EDIT, off.url);
    expect(ended).toMatchObject({ status: "failed", error: { code: "no_face" } });
  } finally {
    await off.stop();
  }
});
