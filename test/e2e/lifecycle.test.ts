/** Starts and ends of the server: whatever ends it, jobs go on at the next start; a start that cannot be says why. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { animate, endOf, type Job, postJob, SMALL, upload } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { isAlive, until } from "../support/processes.ts";
import { processTree, runServer, type ServerProcess, startServer } from "../support/server.ts";

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

test("what cannot be started is refused in a sentence", async () => {
  const dataDir = newDir();
  const file = join(newDir(), "file");
  writeFileSync(file, "");
  const server = await start(dataDir);
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const port = String((taken.address() as { port: number }).port);

  const refusals: { is: RegExp; dataDir?: string; env?: Record<string, string> }[] = [
    { is: /is in use by another SmileLoop server/, dataDir },
    { is: new RegExp(`PORT ${port} is in use`), env: { PORT: port } },
    { is: /PORT=abc: must be a whole number from 0 to 65535/, env: { PORT: "abc" } },
    { is: /PORT=70000: .*WARP_PROCESSES=0: /, env: { PORT: "70000", WARP_PROCESSES: "0" } },
    { is: /HOST 0\.0\.0\.0 .*API_KEYS .*ANONYMOUS=1 .*ALLOW_OPEN=1/, env: { HOST: "0.0.0.0" } },
    { is: /The folder of presets .*none cannot be read.*PRESETS_DIR/, env: { PRESETS_DIR: join(newDir(), "none") } },
    { is: /API_KEYS: entry 1 holds a key itself/, env: { API_KEYS: `me:${makeApiKey("me").key}` } },
    { is: /HOST no\.such\.host\.invalid is not an address/, env: { HOST: "no.such.host.invalid", ALLOW_OPEN: "1" } },
    { is: /cannot be created: a part of the path is a file \(ENOTDIR\).*DATA_DIR/, dataDir: join(file, "data") },
    { is: /is a file, not a folder.*DATA_DIR/, dataDir: file },
    ...(process.platform === "linux"
      ? [{ is: /cannot be created: nothing can be created there \(ENOENT\).*DATA_DIR/, dataDir: "/proc/smileloop" }]
      : []),
  ];
  for (const refusal of refusals) {
    const exit = await runServer({ dataDir: refusal.dataDir ?? newDir(), env: { ...env, ...refusal.env } });
    expect(exit, exit.stderr).toMatchObject({ code: 1, stdout: "" });
    expect(exit.stderr).toMatch(refusal.is);
    expect(exit.stderr).toMatch(/^smileloop: [^\n]+\n$/);
  }
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect(await server.stop()).toMatchObject({ code: 0 });
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

test("a server behind a public address that asks nobody for a key says so at its start", async () => {
  const said = async (env: Record<string, string>) => {
    const open = await startServer({ env: { PUBLIC_URL: "https://smile.example", LOG_LEVEL: "silent", ...env } });
    await open.stop();
    return open.stderr();
  };
  expect(await said({})).toMatch(
    /^smileloop: anyone who reaches https:\/\/smile\.example may use this server\. Set API_KEYS/,
  );
  expect(await said({ ANONYMOUS: "1" })).toBe("");
  expect(await said({ PUBLIC_URL: "http://localhost:8000" })).toBe("");
});
