/**
 * A full disk under the real server: every request says so and leaves nothing behind, a job under way waits for room, what is
 * there can be deleted, and all goes on once there is some. The disk is a small one in memory that only the server sees.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const MOUNT = 'mount -t tmpfs -o size=8m none "$DATA_DIR" && exec "$@"';
const picture = readFileSync(join(import.meta.dirname, "../fixtures/astronaut.jpg"));

let dataDir: string;
let server: ServerProcess;

describe.skipIf(!mayMount())("a full disk (skipped where nobody but the administrator may mount)", () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "smileloop-full-"));
    server = await startServer({ dataDir, wrapper: ["unshare", "-rm", "sh", "-c", MOUNT, "sh"] });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(dataDir, { recursive: true });
  });
  // room for the next test, whatever has become of this one
  afterEach(() => rmSync(filler(), { force: true }));

  test("an upload is refused, and arrives when there is room", async () => {
    fill();
    const { url, headers } = await upload();
    const before = stored();
    const put = () => fetch(url, { method: "PUT", headers, body: picture });
    const refused = await put();
    expect(refused.status).toBe(507);
    expect(await refused.json()).toMatchObject({ code: "storage_full", retryable: true });
    expect(stored()).toEqual(before);
    free();
    expect((await put()).status).toBe(200);
  });

  test("a job is refused, and is made when there is room", async () => {
    const id = await uploaded();
    fill();
    const before = stored();
    expect(await create(id)).toMatchObject({ status: 507, body: { code: "storage_full", retryable: true } });
    expect(stored()).toEqual(before);
    free();
    expect(await create(id)).toMatchObject({ status: 202 });
  });

  test("a job under way waits for room, and no try is counted", async () => {
    // long enough to be seen while it is rendered
    const { body } = await create(await uploaded(), { size: 512, duration: 10 });
    await until(() => record(body.id)?.progress?.stage === "render");
    fill();
    await until(() => (record(body.id)?.attempts.length ?? 0) > 0);
    expect(record(body.id)).toMatchObject({ failures: 0, error: null });
    await until(() => record(body.id)?.state === "queued");
    expect((await call("GET", `/v1/jobs/${body.id}`)).body.progress.stage).toBe("waiting_for_space");
    await until(async () => (await ready()).status === 503);
    expect((await ready()).body.parts.disk).toMatch(/^The disk is full: 0 MB of \d+ MB are free\. Free some space/);
    free();
    await until(async () => (await ready()).status === 200);
    expect((await ready()).body.parts.disk).toMatch(/^The disk is nearly full/);
    await until(() => record(body.id)?.state === "succeeded");
    expect(record(body.id)?.failures).toBe(0);
    const { outputs } = (await call("GET", `/v1/jobs/${body.id}`)).body;
    const video = await fetch(new URL(outputs.video.url, server.url));
    expect((await video.arrayBuffer()).byteLength).toBe(outputs.video.bytes);
    await until(() => record(body.id) !== null && stored().every((name) => !name.startsWith("work/job-")));
    expect(stored().filter((name) => name.includes(body.id) && name.includes("/out/")).length).toBe(2);
    expect(stored().filter((name) => name.startsWith("tmp/"))).toEqual([]);
  });

  test.each([
    ["with the room that is kept for that", () => {}],
    ["and where that was taken, too", () => rmSync(join(disk(), "reserve"), { force: true })],
  ])("jobs and uploads are deleted, %s", async (_, takeReserve) => {
    const upload = await uploaded();
    const ids = [(await create(upload)).body.id, (await create(upload)).body.id, (await create(upload)).body.id];
    await until(() => ids.every((id) => record(id)?.state === "succeeded"));
    const running = (await create(upload, { size: 512, duration: 10 })).body.id;
    await until(() => record(running)?.state === "running");
    takeReserve();
    fill();
    for (const id of [...ids, running]) expect((await call("DELETE", `/v1/jobs/${id}`)).status).toBe(204);
    expect((await call("DELETE", `/v1/uploads/${upload}`)).status).toBe(204);
    const left = () => stored().filter((name) => [upload, running, ...ids].some((id) => name.includes(id)));
    await until(() => left().every((name) => /(^due\/|job\.\d+\.json$)/.test(name)));
    for (const id of [...ids, running]) expect([404, 410]).toContain((await call("GET", `/v1/jobs/${id}`)).status);
  });

  test("a job is canceled", async () => {
    const { body } = await create(await uploaded(), { size: 512, duration: 10 });
    await until(() => record(body.id)?.state === "running");
    fill();
    expect((await call("POST", `/v1/jobs/${body.id}/cancel`)).status).toBeLessThan(300);
    await until(() => record(body.id)?.state === "canceled");
  });
});

async function ready() {
  return call("GET", "/ready");
}

type Body = {
  id: string;
  url: string;
  headers: Record<string, string>;
  progress: { stage: string };
  parts: Record<string, string>;
  outputs: { video: { url: string; bytes: number } };
};

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: Body }> {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(`${server.url}${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
  return { status: reply.status, body: (reply.status === 204 ? null : await reply.json()) as Body };
}

async function upload(): Promise<Body> {
  return (await call("POST", "/v1/uploads", { content_type: "image/jpeg", size: picture.byteLength })).body;
}

async function uploaded(): Promise<string> {
  const { id, url, headers } = await upload();
  await fetch(url, { method: "PUT", headers, body: picture });
  return id;
}

const create = (id: string, params: object = { size: 256 }) =>
  call("POST", "/v1/jobs", {
    kind: "animate",
    inputs: { image: { upload: id } },
    params: { preset: "blink", ...params },
  });

/** The disk as the server sees it. */
const disk = () => `/proc/${server.pid}/root${dataDir}`;
const filler = () => join(disk(), "filler");

/** Takes all the room there is. */
function fill(): void {
  const file = openSync(filler(), "w");
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {
    closeSync(file);
  }
}

function free(): void {
  rmSync(filler());
}

/** What is there, less what the engines keep while they run. */
function stored(): string[] {
  const entries = readdirSync(disk(), { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return names
    .map((path) => path.slice(disk().length + 1))
    .filter((name) => !name.startsWith("work/engine-"))
    .sort();
}

/** The job's record as it lies on the disk; null while it is being replaced. */
function record(id: string): JobRecord | null {
  const revisions = stored().filter((name) => name.includes(id) && /job\.\d+\.json$/.test(name));
  const newest = revisions.sort((a, b) => revOf(a) - revOf(b)).at(-1);
  try {
    return newest ? (JSON.parse(readFileSync(join(disk(), newest), "utf8")) as JobRecord) : null;
  } catch {
    return null;
  }
}

function revOf(name: string): number {
  return Number(/job\.(\d+)\.json$/.exec(name)?.[1]);
}

function mayMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-mount-"));
  const env = { PATH: process.env.PATH, DATA_DIR: dir };
  const { status } = spawnSync("unshare", ["-rm", "sh", "-c", MOUNT, "sh", "true"], { env });
  rmSync(dir, { recursive: true });
  return status === 0;
}
