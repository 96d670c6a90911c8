/** Lip sync by Sync.so on a real server, which is killed meanwhile, against a double of its API; and where the client's key is found. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { talk } from "@smileloop/engine/warp/talk.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, upload } from "../support/client.ts";
import { foundMark, markOf } from "../support/found-mark.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { isAlive, until } from "../support/processes.ts";
import { provenance } from "../support/provenance.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { wavBytes } from "../support/silence.ts";
import { type SyncDouble, syncDouble } from "../support/sync-double.ts";

const SECRET = "sk-the-callers-own-key";
const FRAMES = 50;
const dir = mkdtempSync(join(tmpdir(), "smileloop-syncso-"));
const dataDir = join(dir, "data");
let sync: SyncDouble;
let server: ServerProcess;
let video: Buffer;
let stderr = "";

const start = () => {
  const engine = { ENGINES: "lipsync=warp+syncso", SYNC_API_URL: sync.url, FETCH_ALLOW: `127.0.0.1:${sync.port}` };
  return startServer({ dataDir, env: { LOG_LEVEL: "debug", WARP_PROCESSES: "1", ...engine } });
};
beforeAll(async () => {
  sync = await syncDouble({ apiKeys: [SECRET] });
  video = await spoken();
  server = await start();
});
afterAll(async () => {
  if (isAlive(server.pid)) await server.stop();
  await sync.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A video of two seconds of somebody who speaks. */
async function spoken(): Promise<Buffer> {
  const jawOpen = Array.from({ length: FRAMES }, (_, n) => 0.4 * Math.abs(Math.sin(n / 3)));
  const channels = { jawOpen } as Partial<Record<Channel, number[]>>;
  const motion: MotionFrames = { fps: 25, frames: FRAMES, faces: [{ channels }] };
  const { cast } = await castPicture(ASTRONAUT, { size: 256, face: 0 });
  const sound = join(dir, "old.wav");
  writeFileSync(sound, wavBytes(2, 48_000));
  const path = join(dir, "given.mp4");
  const inputs = { image: [{ path: ASTRONAUT, type: "image/jpeg" }], audio: [{ path: sound, type: "audio/wav" }] };
  const asked = {
    kind: "talk" as const,
    inputs,
    cast,
    motion,
    params: { seed: 1 },
    outputs: { video: path },
    provenance,
  };
  await talk({ type: "run", run: "r", ...asked }, { signal: new AbortController().signal, progress() {} });
  return readFileSync(path);
}

/** Files of the server that have the key in them. */
function found(): string[] {
  const files = readdirSync(dataDir, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(dataDir, name), { throwIfNoEntry: false })?.isFile(),
  );
  expect(files.length).toBeGreaterThan(5);
  return files.filter((name) => bytesOf(join(dataDir, name)).includes(SECRET));
}

/** Nothing for a record that another has taken the place of meanwhile. */
function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

async function post(params: object, key = "once") {
  const inputs = {
    video: { upload: await upload(server.url, video, "video/mp4") },
    audio: { upload: await upload(server.url, wavBytes(2), "audio/wav") },
  };
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const body = JSON.stringify({ kind: "lipsync", inputs, params: { consent: { subject: "self" }, ...params } });
  const ask = () => fetch(`${server.url}/v1/jobs`, { method: "POST", headers, body });
  const [reply, again] = [await ask(), await ask()];
  const [job, same] = [await reply.text(), await again.text()];
  expect([reply.status, again.status]).toEqual([202, 202]);
  expect(JSON.parse(same)).toMatchObject({ id: JSON.parse(job).id });
  expect(job + same).not.toContain(SECRET);
  return JSON.parse(job) as { id: string };
}

test("a job goes there once, though the server is killed, and its key is nowhere to be read", async () => {
  const { id } = await post({ api_key: SECRET });
  await until(async () => sync.charged.length === 1);
  expect(found()).toEqual([]);
  expect(await (await fetch(`${server.url}/v1/jobs/${id}`)).json()).toMatchObject({
    ...{ status: "running", engine: { name: "syncso" } },
  });
  await server.stop("SIGKILL");
  stderr += server.stderr();
  server = await start();
  sync.end("COMPLETED");
  const job = await endOf(server.url, id);
  expect(job).toMatchObject({ status: "succeeded", error: null });
  expect(job.outputs.video).toMatchObject({ content_type: "video/mp4", frames: FRAMES, fps: 25 });
  const made = Buffer.from(await (await fetch(job.outputs.video!.url)).arrayBuffer());
  // as ours: it says that a machine made it, for which job
  expect(made.toString("latin1")).toContain(`job=${id}; engine=syncso`);
  for (const output of ["video", "poster"]) {
    expect(await foundMark(job, output, dataDir), output).toEqual(markOf(job, output));
  }
  expect(sync.charged).toHaveLength(1);
  expect(found()).toEqual([]);
  await fetch(`${server.url}/v1/jobs/${id}`, { method: "DELETE" });
  expect(found()).toEqual([]);
});

test("what it refuses fails with its reason, and what is canceled is told so at once", async () => {
  const before = sync.charged.length;
  const refused = await post({ api_key: SECRET }, "refused");
  await until(async () => sync.charged.length === before + 1);
  sync.end("REJECTED", "The video has no face.");
  const error = { code: "service_failed", detail: expect.stringContaining("rejected: The video has no face.") };
  expect(await endOf(server.url, refused.id)).toMatchObject({ status: "failed", error });
  const canceled = await post({ api_key: SECRET }, "canceled");
  await until(async () => sync.charged.length === before + 2);
  await fetch(`${server.url}/v1/jobs/${canceled.id}/cancel`, { method: "POST" });
  expect(await endOf(server.url, canceled.id)).toMatchObject({ status: "canceled" });
});

test("the log has never had the key", async () => {
  await server.stop();
  stderr += server.stderr();
  expect(stderr).toContain("work sent elsewhere");
  expect(stderr).not.toContain(SECRET);
});
