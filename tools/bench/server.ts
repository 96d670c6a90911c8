/** What the server costs around a clip: its start, its replies while a clip renders, a job's overhead, requests a second. */
import { execFile, execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Job, postJob, upload } from "../../test/support/client.ts";
import { ASTRONAUT, twelveMegapixels } from "../../test/support/pictures.ts";
import { type ServerOptions, type ServerProcess, startServer } from "../../test/support/server.ts";
import type { ClosedResult, OpenResult } from "./load.ts";
import { type Figure, median, type Part, RUNS, seconds } from "./measure.ts";

const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));
const EMPTY = fileURLToPath(new URL("empty-server.ts", import.meta.url));
const CLIENTS = 20;
const RATE = 20;
const LOAD_SECONDS = 3;
const CONNECTIONS = 32;

export const start: Part = {
  name: "start",
  figures: async () => {
    const runs = seconds(await firstReplies({}));
    const empty = seconds(await firstReplies({ script: EMPTY }));
    return [
      {
        name: "server start to first /health",
        unit: "s",
        value: median(runs),
        target: 0.6,
        limit: { name: "empty Node server", value: median(empty) },
        runs,
      },
    ];
  },
};

export const jobs: Part = {
  name: "jobs",
  figures: () =>
    withServer({}, async (server) => {
      const large = await overheads(server.url, await formOf(await twelveMegapixels()));
      const small = await overheads(server.url, await formOf(readFileSync(ASTRONAUT)));
      const latency = await underLoad(server);
      return [
        { name: "overhead of a job, 12 MP JPEG", unit: "ms", value: median(large), target: 60, runs: large },
        { name: "overhead of a job, sample photo", unit: "ms", value: median(small), target: 60, runs: small },
        ...latency,
      ];
    }),
};

export const requests: Part = {
  name: "requests",
  figures: async () => {
    const wrapper = pin(0);
    const rate = (options: ServerOptions) =>
      withServer({ ...options, ...(wrapper ? { wrapper } : {}) }, async (server) => {
        const rates: number[] = [];
        for (let run = 0; run < RUNS; run++) {
          const result = await load<ClosedResult>(pin(1) ?? [], [
            "closed",
            `${server.port}`,
            "/health",
            `${CONNECTIONS}`,
            "2",
          ]);
          if (result.errors > 0) throw new Error(`${result.errors} replies were no 200`);
          rates.push(result.requestsPerSecond);
        }
        return rates;
      });
    const runs = await rate({});
    const empty = await rate({ script: EMPTY });
    const blind = await rate({ script: LOAD, args: ["limit", "0"] });
    return [
      {
        name: "/health, one core, request ids and access log",
        unit: "req/s",
        value: median(runs),
        target: 25_000,
        rising: true,
        limit: { name: "empty Node server", value: median(empty) },
        runs,
        note: `the generator can ask ${Math.round(median(blind)).toLocaleString("en")} a second${wrapper ? "" : "; not pinned to a core"}`,
      },
    ];
  },
};

/** Milliseconds from the start of the process to the first 200. */
async function firstReplies(options: ServerOptions): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const port = await freePort();
    const before = performance.now();
    const replied = firstReply(port).then(() => times.push(performance.now() - before));
    await withServer({ ...options, env: { PORT: `${port}` } }, () => replied);
  }
  return times;
}

async function underLoad(server: ServerProcess): Promise<Figure[]> {
  const image = await upload(server.url, await twelveMegapixels());
  const render = async () => {
    const reply = await postJob(server.url, image, { preset: "gentle_smile", size: 512 }, 60);
    const job = (await reply.json()) as Job;
    if (job.status !== "succeeded") throw new Error(`${reply.status} ${JSON.stringify(job)}`);
    return job.id;
  };
  const id = await render();
  const ask = (port: number) =>
    load<OpenResult>([], ["open", `${port}`, `/health,/job/${id}`, `${CLIENTS}`, `${RATE}`, `${LOAD_SECONDS}`]);
  let done = false;
  const rendering = (async () => {
    while (!done) await render();
  })();
  const results: OpenResult[] = [];
  const empty: OpenResult[] = [];
  await withServer({ script: EMPTY }, async ({ port }) => {
    for (let run = 0; run < RUNS; run++) {
      results.push(await ask(server.port));
      empty.push(await ask(port));
    }
  });
  done = true;
  await rendering;
  const runs = results.map((result) => result.p99);
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  return [
    {
      name: `p99, ${CLIENTS} clients × ${RATE} req/s, while a clip renders`,
      unit: "ms",
      value: median(runs),
      target: 5,
      limit: { name: "empty Node server beside it", value: median(empty.map((result) => result.p99)) },
      runs,
      note: `p50 ${median(results.map((result) => result.p50)).toFixed(2)}, sent late by ${median(results.map((result) => result.lateP99)).toFixed(2)} (p99)${errors > 0 ? `; ${errors} ERRORS` : ""}`,
    },
  ];
}

/** Milliseconds from a POST to its reply beyond what the engine and the check took. */
async function overheads(url: string, form: Form): Promise<number[]> {
  const times: number[] = [];
  await animate(url, form);
  for (let run = 0; run < RUNS; run++) {
    const before = performance.now();
    const id = await animate(url, form);
    const wall = performance.now() - before;
    times.push(wall - (await workMs(url, id)));
  }
  return times;
}

type Form = { type: string; body: Buffer };

/** What a documented client sends, made once: what it takes to make is not the service's. */
async function formOf(portrait: Buffer): Promise<Form> {
  const form = new FormData();
  form.set("source_image", new Blob([new Uint8Array(portrait)]), "photo.jpg");
  form.set("preset", "gentle_smile");
  const made = new Response(form);
  return { type: made.headers.get("content-type")!, body: Buffer.from(await made.arrayBuffer()) };
}

/** Posts and waits; answers the job's id. */
async function animate(url: string, { type, body }: Form): Promise<string> {
  const reply = await fetch(`${url}/animate`, { method: "POST", headers: { "content-type": type }, body });
  const said = (await reply.json()) as { job_id: string };
  if (reply.status !== 200) throw new Error(`${reply.status} ${JSON.stringify(said)}`);
  return said.job_id;
}

/** What the engine and the check took of a job. */
async function workMs(url: string, id: string): Promise<number> {
  const reply = await fetch(`${url}/v1/jobs/${id}`);
  const { timings } = (await reply.json()) as { timings: Record<string, number> };
  return Object.entries(timings).reduce((sum, [name, seconds]) => (AROUND.has(name) ? sum : sum + seconds * 1000), 0);
}
const AROUND = new Set(["queued", "download", "upload"]);

export async function withServer<T>(options: ServerOptions, use: (server: ServerProcess) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  const log = openSync(join(dir, "log"), "w");
  const server = await startServer({ ...options, log, dataDir: join(dir, "data") });
  try {
    return await use(server);
  } finally {
    await server.stop(options.script ? "SIGKILL" : "SIGTERM");
    closeSync(log);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function load<T>(wrapper: string[], args: string[]): Promise<T> {
  const [command, ...rest] = [...wrapper, process.execPath, LOAD, ...args];
  return JSON.parse((await promisify(execFile)(command!, rest)).stdout) as T;
}

/** The command that keeps a process on one core, where there is one. */
function pin(core: number): string[] | null {
  try {
    execFileSync("taskset", ["-c", `${core}`, "true"], { stdio: "ignore" });
    return ["taskset", "-c", `${core}`];
  } catch {
    return null;
  }
}

async function firstReply(port: number): Promise<void> {
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (reply?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
