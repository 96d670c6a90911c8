/** One photo, many clips: each can be had while the others are still being made, and by the events. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, upload } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const COMMAND = join(import.meta.dirname, "../../packages/cli/bin/smileloop.mjs");
const dir = mkdtempSync(join(tmpdir(), "smileloop-previews-"));
let server: ServerProcess;
let image: { upload: string };
beforeAll(async () => {
  server = await startServer({ dataDir: join(dir, "data"), env: { WARP_PROCESSES: "1" } });
  image = { upload: await upload(server.url, readFileSync(ASTRONAUT), "image/jpeg") };
});
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Seen = { status: string; outputs: Record<string, { url: string; frames: number }> };

async function create(params: object): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ kind: "previews", inputs: { image }, params });
  return fetch(`${server.url}/v1/jobs`, { method: "POST", headers, body });
}

async function created(params: object): Promise<string> {
  const reply = await create(params);
  expect(reply.status).toBe(202);
  return ((await reply.json()) as { id: string }).id;
}

async function* eventsOf(id: string): AsyncGenerator<{ event: string; job: Seen }> {
  const reply = await fetch(`${server.url}/v1/jobs/${id}/events`);
  let text = "";
  for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(block) ?? [];
      if (event === "status" || event === "done") yield { event, job: JSON.parse(data!) as Seen };
    }
  }
}

test("clips come one after another, in the order asked, and can be fetched while the job still runs", async () => {
  const presets = ["nod", "wink", "laugh", "blink"];
  const id = await created({ presets, seed: 5 });
  const counts: number[] = [];
  let early: Buffer | undefined;
  for await (const { event, job } of eventsOf(id)) {
    const names = Object.keys(job.outputs);
    expect(names).toEqual(presets.slice(0, names.length));
    if (event !== "done") counts.push(names.length);
    if (job.status !== "running" || names.length === 0 || early) continue;
    const reply = await fetch(job.outputs.nod!.url);
    expect(reply.status).toBe(200);
    early = Buffer.from(await reply.arrayBuffer());
    const named = await fetch(`${server.url}/v1/jobs/${id}/outputs/nod`);
    expect(Buffer.from(await named.arrayBuffer())).toEqual(early);
    const seen = (await (await fetch(`${server.url}/v1/jobs/${id}`)).json()) as Seen;
    expect(Object.keys(seen.outputs)[0]).toBe("nod");
  }
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts).toContain(1);
  const ended = await endOf(server.url, id);
  expect(ended).toMatchObject({ status: "succeeded", warnings: [], params: { presets, size: 256, face: 0, seed: 5 } });
  expect(Object.keys((ended as unknown as Seen).outputs)).toEqual(presets);
  const path = join(dir, "nod.mp4");
  writeFileSync(path, early!);
  expect(await readVideo(path)).toMatchObject({ width: 256, height: 256, fps: 25, constantRate: true });
});

test("an output that is not ready yet says so, and one that nobody asked for is not found", async () => {
  const id = await created({ presets: ["nod", "kiss"], size: 128 });
  const soon = await fetch(`${server.url}/v1/jobs/${id}/outputs/kiss`);
  expect([409, 200]).toContain(soon.status);
  await endOf(server.url, id);
  expect((await fetch(`${server.url}/v1/jobs/${id}/outputs/kiss`)).status).toBe(200);
  expect((await fetch(`${server.url}/v1/jobs/${id}/outputs/wink`)).status).toBe(404);
});

test("the command writes a clip for each preset into a folder that it makes, and leaves none where it fails", async () => {
  const smileloop = (args: string[]) =>
    promisify(execFile)(process.execPath, [COMMAND, "previews", ...args, "-q"], { cwd: dir });
  const made = await smileloop([ASTRONAUT, "-o", "motions", "-p", "nod", "-p", "wink", "--size", "128", "--seed", "0"]);
  expect(made.stdout).toBe("motions\n");
  expect(readdirSync(join(dir, "motions")).sort()).toEqual(["nod.mp4", "wink.mp4"]);
  expect(await readVideo(join(dir, "motions", "nod.mp4"))).toMatchObject({ width: 128, height: 128, fps: 25 });
  await expect(smileloop([ASTRONAUT, "-o", "motions", "-p", "nod"])).rejects.toThrow("exists already");
  const cat = join(import.meta.dirname, "../fixtures/cat.jpg");
  await expect(smileloop([cat, "-o", "none", "-p", "nod"])).rejects.toThrow("No face");
  expect(existsSync(join(dir, "none"))).toBe(false);
  await expect(smileloop([ASTRONAUT, "-p", "nodd"])).rejects.toThrow("Did you mean nod?");
});

test.each([
  [{ presets: ["dance"] }, /presets.0.*Unknown preset.*blink/s],
  [{ presets: [] }, /at least one preset/],
  [{ presets: ["nod", "nod"] }, /nod is named twice/],
  [{ presets: "nod" }, /must be a list of names/],
  [{ size: 512 }, /size.*from 128 to 384, got 512/s],
  [{ size: 201 }, /size.*even/s],
])("what it cannot do is refused by name: %j", async (params, reason) => {
  const reply = await create(params);
  expect(reply.status).toBe(422);
  expect(await reply.text()).toMatch(reason);
});
