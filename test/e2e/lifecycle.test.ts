/** Ends of the server: whatever ends it, jobs go on at the next start; and who is let in. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { animate, endOf, type Job, postJob, SMALL, upload } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { isAlive, until } from "../support/processes.ts";
import { processTree, type ServerProcess, startServer } from "../support/server.ts";

const env = { LOG_LEVEL: "warn", WARP_PROCESSES: "1" };
/** Long enough that it is still being rendered when the server ends. */
const LONG = { preset: "alive", size: 256, duration: 6 };
const dirs: string[] = [];

const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-e2e-"));
  dirs.push(dir);
  return dir;
};

afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

async function start(dataDir: string, more: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer({ dataDir, env: { ...env, ...more } });
  onTestFinished(async () => {
    if (isAlive(server.pid)) await server.stop("SIGKILL");
  });
  return server;
}

/** A server with one job that is rendered and one that waits for it. */
async function busyServer(dataDir: string): Promise<{ server: ServerProcess; ids: string[] }> {
  const server = await start(dataDir);
  const image = await upload(server.url, readFileSync(ASTRONAUT));
  const ids: string[] = [];
  for (const params of [LONG, SMALL]) {
    ids.push(((await (await postJob(server.url, image, params)).json()) as Job).id);
  }
  // both in one look, newest first
  const statuses = async () => {
    const { jobs } = (await (await fetch(`${server.url}/v1/jobs`)).json()) as { jobs: Job[] };
    return jobs.map(({ status }) => status).join();
  };
  await until(async () => existsSync(join(dataDir, "work")) && (await statuses()) === "queued,running");
  return { server, ids };
}

/** The results of a job that lie on disk, over all of its attempts. */
function results(dataDir: string, id: string): string[] {
  const owner = join(dataDir, "jobs", "local");
  const folder = readdirSync(owner).find((name) => name.endsWith(id))!;
  return readdirSync(join(owner, folder, "out"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".mp4"),
  );
}

test("after kill -9 both the job at work and the one that waited end well, once", async () => {
  const dataDir = newDir();
  const { server: first, ids } = await busyServer(dataDir);
  const family = processTree(first.pid);
  expect(family.length).toBeGreaterThan(2);
  expect((await first.stop("SIGKILL")).signal).toBe("SIGKILL");
  await until(() => !family.some(isAlive));
  const left = readdirSync(join(dataDir, "work"));

  const second = await start(dataDir);
  for (const id of ids) {
    expect(await endOf(second.url, id)).toMatchObject({ status: "succeeded", error: null });
    expect(results(dataDir, id)).toHaveLength(1);
  }
  // one folder for each living engine and the checker, none of them the first server's
  expect(readdirSync(join(dataDir, "tmp"))).toEqual([]);
  const work = readdirSync(join(dataDir, "work")).filter((name) => name.startsWith("engine-"));
  expect(work).toHaveLength(2);
  expect(work.filter((name) => left.includes(name))).toEqual([]);
  for (const name of work) expect(readdirSync(join(dataDir, "work", name))).toEqual([]);

  const living = processTree(second.pid);
  expect(await second.stop()).toMatchObject({ code: 0 });
  expect(living.filter(isAlive)).toEqual([]);
  expect(readdirSync(join(dataDir, "work"))).toEqual([]);
  expect(second.stderr()).toBe("");
});

test("SIGTERM ends the server within its grace, and no job is lost", async () => {
  const dataDir = newDir();
  const { server: first, ids } = await busyServer(dataDir);
  const family = processTree(first.pid);
  const exit = await first.stop("SIGTERM");
  expect(exit).toMatchObject({ code: 0, signal: null });
  expect(family.filter(isAlive)).toEqual([]);
  expect(readdirSync(join(dataDir, "work"))).toEqual([]);

  const second = await start(dataDir);
  for (const id of ids) expect((await endOf(second.url, id)).status).toBe("succeeded");
  expect(await second.stop("SIGINT")).toMatchObject({ code: 0 });
});

test("a server that others reach asks for its keys, and keeps what each owner has", async () => {
  const [alice, bob] = [makeApiKey("alice"), makeApiKey("bob")];
  const dataDir = newDir();
  const server = await start(dataDir, { HOST: "0.0.0.0", API_KEYS: `${alice.entry},${bob.entry}` });
  const get = (path: string, key?: string) =>
    fetch(`${server.url}${path}`, { headers: key === undefined ? {} : { "X-API-Key": key } });
  expect((await get("/health")).status).toBe(200);
  expect((await get("/v1/jobs")).status).toBe(401);
  const made = await animate(server.url, ASTRONAUT, "blink", { Authorization: `Bearer ${alice.key}` });
  const { job_id, download_url } = (await made.json()) as { job_id: string; download_url: string };
  expect([made.status, (await get(download_url, alice.key)).status]).toEqual([200, 200]);
  expect([(await get(download_url)).status, (await get(download_url, bob.key)).status]).toEqual([401, 404]);
  const { outputs } = (await (await get(`/v1/jobs/${job_id}`, alice.key)).json()) as Job;
  expect((await fetch(outputs.video!.url)).status).toBe(200);
  expect(readdirSync(join(dataDir, "jobs"))).toEqual(["alice"]);
  const { code } = await server.stop();
  expect(code).toBe(0);
  expect(server.stderr()).not.toContain(alice.key.slice(10));
});
