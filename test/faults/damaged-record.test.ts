/** A record that a power cut has cut off, under the real server: every other job is taken up and served, and it can be deleted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const picture = readFileSync(join(import.meta.dirname, "../fixtures/astronaut.jpg"));

let dataDir: string;
let server: ServerProcess;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smileloop-damaged-"));
});
afterAll(async () => {
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

type Body = {
  id: string;
  url: string;
  headers: Record<string, string>;
  status: string;
  code: string;
  jobs: { id: string; status: string }[];
  parts: Record<string, string>;
};

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: Body }> {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(`${server.url}${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
  return { status: reply.status, body: (reply.status === 204 ? null : await reply.json()) as Body };
}

async function createJobs(count: number): Promise<string[]> {
  const upload = (await call("POST", "/v1/uploads", { content_type: "image/jpeg", size: picture.byteLength })).body;
  await fetch(upload.url, { method: "PUT", headers: upload.headers, body: picture });
  const inputs = { image: { upload: upload.id } };
  const job = { kind: "animate", inputs, params: { preset: "blink", size: 256, duration: 1 } };
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await call("POST", "/v1/jobs", job)).body.id);
  return ids;
}

test("all other jobs go on, and the damaged one can be deleted", async () => {
  server = await startServer({ dataDir });
  const ids = await createJobs(8);
  await server.stop("SIGKILL");
  const damaged = ids[6]!;
  const names = readdirSync(join(dataDir, "jobs"), { recursive: true }) as string[];
  const record = names.filter((name) => name.includes(damaged) && /job\.\d+\.json$/.test(name)).at(-1)!;
  truncateSync(join(dataDir, "jobs", record), 100);

  server = await startServer({ dataDir });
  const others = ids.filter((id) => id !== damaged);
  const list = async () => (await call("GET", "/v1/jobs")).body.jobs;
  expect((await list()).map(({ id }) => id).sort()).toEqual([...others].sort());
  await until(async () => (await list()).every(({ status }) => status === "succeeded"));
  expect(await call("GET", `/v1/jobs/${damaged}`)).toMatchObject({ status: 500, body: { code: "record_unreadable" } });
  expect(await call("GET", "/ready")).toMatchObject({
    ...{ status: 200, body: { parts: { records: "1 record can't be read; the log says which, and what to do." } } },
  });
  expect((await call("DELETE", `/v1/jobs/${damaged}`)).status).toBe(204);
  expect((await call("GET", `/v1/jobs/${damaged}`)).status).toBe(410);
  await until(async () => (await call("GET", "/ready")).body.parts.records === "ok");
  const left = (readdirSync(dataDir, { recursive: true }) as string[]).filter((name) => name.includes(damaged));
  expect(left.filter((name) => name.includes("/in/"))).toEqual([]);
  await server.stop();
  const said = server
    .stderr()
    .split("\n")
    .filter((line) => line.includes("a job's record can't be read"));
  expect(said).toEqual([expect.stringContaining(damaged)]);
});
