/** A second engine beside the one that is built in: found, broken and absent, on the real server with a stand-in for the engine. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJob, postJson, upload } from "../support/client.ts";
import { foundMark, markOf } from "../support/found-mark.ts";
import { standInCheckout, standInPython, stillOf } from "../support/liveportrait.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

/** So faint that the still frames of the stand-in are what is due. */
const STILL = { preset: "gentle_smile", duration: 1, fps: 10, intensity: 0 };

let folder: string;
let root: string;
let python: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-liveportrait-"));
  root = standInCheckout(join(folder, "LivePortrait"));
  python = standInPython(join(folder, "python"), await stillOf(ASTRONAUT, join(folder, "still.yuv")));
});
afterEach(async () => {
  expect(await server.stop()).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = async (env: Record<string, string>) => {
  server = await startServer({ env: { WARP_PROCESSES: "1", LOG_LEVEL: "warn", ...env } });
};
const ask = async (path: string) => (await fetch(server.url + path)).json() as Promise<never>;
const ready = () => ask("/ready") as Promise<{ ready: boolean; parts: Record<string, string> }>;

type Rendered = Job & { engine: { name: string } };

async function render(photo: string, params: object): Promise<Rendered> {
  const { id } = (await (await postJob(server.url, photo, { ...params })).json()) as Job;
  return (await endOf(server.url, id)) as Rendered;
}

function animate(engine: string): Promise<Response> {
  const body = new FormData();
  body.set("source_image", new Blob([readFileSync(ASTRONAUT)]), "photo.jpg");
  body.set("preset", "gentle_smile");
  body.set("engine", engine);
  return fetch(`${server.url}/animate`, { method: "POST", body });
}

test("found: jobs may name it, also with a driving clip, and the others go on with warp", async () => {
  await start({ LIVEPORTRAIT_ROOT: root, LIVEPORTRAIT_PYTHON: python });
  expect(await ask("/health")).toMatchObject({
    liveportrait_found: true,
    engines: ["liveportrait", "narrator", "warp"],
  });
  const kinds = JSON.stringify(await ask("/v1/kinds"));
  expect(kinds).toContain('"engines":["warp","liveportrait"]');
  const photo = await upload(server.url, readFileSync(ASTRONAUT));
  const engines: string[] = [];
  for (const params of [{ ...STILL, engine: "liveportrait" }, STILL]) {
    const job = await render(photo, params);
    expect(job).toMatchObject({ status: "succeeded", error: null });
    expect(job.outputs.video).toMatchObject({ width: 512, height: 512, frames: 10, fps: 10 });
    engines.push(job.engine.name);
    for (const output of ["video", "poster"]) {
      expect(await foundMark(job, output, server.dataDir), job.engine.name).toEqual(markOf(job, output));
    }
  }
  expect(engines).toEqual(["liveportrait", "warp"]);
  const rest = { duration: 1, loop: false, faces: [{ channels: { jawOpen: { fps: 10, samples: [0, 0.5, 0] } } }] };
  const driving = await upload(server.url, Buffer.from(JSON.stringify(rest)), "application/json");
  const { preset: _, ...params } = STILL;
  const inputs = { image: { upload: photo }, driving: { upload: driving } };
  const asked = { kind: "animate", inputs, params: { ...params, engine: "liveportrait" } };
  const driven = (await (await postJson(`${server.url}/v1/jobs`, asked)).json()) as Job;
  expect(await endOf(server.url, driven.id)).toMatchObject({ status: "succeeded", error: null });
  expect(await ready()).toMatchObject({ ready: true, parts: { engine: "ok", liveportrait: "ok" } });
});

test("it is the default where ENGINES says so", async () => {
  await start({ LIVEPORTRAIT_ROOT: root, LIVEPORTRAIT_PYTHON: python, ENGINES: "animate=liveportrait+warp" });
  const photo = await upload(server.url, readFileSync(ASTRONAUT));
  expect(await render(photo, STILL)).toMatchObject({ status: "succeeded", engine: { name: "liveportrait" } });
});

test("a weight is missing: it is said once and in /ready, who asks for it gets 503, and warp works", async () => {
  const broken = standInCheckout(join(folder, "broken"));
  rmSync(join(broken, "pretrained_weights/liveportrait/landmark.onnx"));
  await start({ LIVEPORTRAIT_ROOT: broken, LIVEPORTRAIT_PYTHON: python });
  const why = `Missing or incomplete in ${join(broken, "pretrained_weights")}: liveportrait/landmark.onnx. gpu-container/setup.sh sets it up.`;
  expect(await ask("/health")).toMatchObject({ liveportrait_found: false, engines: ["narrator", "warp"] });
  const refused = await animate("liveportrait");
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { detail: "LivePortrait inference engine is not configured. Set LIVEPORTRAIT_ROOT env var." },
  ]);
  await until(async () => (await ready()).ready);
  expect((await ready()).parts).toMatchObject({ engine: "ok", liveportrait: why });
  await until(() => server.stderr().includes(why));
  expect(server.stderr().split(why)).toHaveLength(2);
});

test("it does not start: /ready and whoever asks for it are told why, and warp works", async () => {
  const sentence = "There is no graphics card that CUDA can use.";
  const dead = standInPython(join(folder, "dead"), ["--start", sentence], "node");
  await start({ LIVEPORTRAIT_ROOT: root, LIVEPORTRAIT_PYTHON: dead });
  await until(async () => (await ready()).parts.liveportrait?.includes(sentence) ?? false);
  const refused = await animate("liveportrait");
  const detail = `The engine liveportrait can't work now. The engine does not start: ${sentence}`;
  expect([refused.status, await refused.json()]).toEqual([503, { detail }]);
  await until(async () => (await ready()).ready);
  expect((await animate("warp")).status).toBe(200);
});
