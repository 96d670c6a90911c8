/** The functions as they are deployed: how large, how fast at their start, and what a clip takes of the worker. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { treeRssBytes } from "@smileloop/worker/process/process-tree.ts";
import { lanesOf } from "../../infra/policy/engines.ts";
import { folderBytes } from "../../scripts/bundle.ts";
import { getJob, type Job, postJob, upload } from "../../test/support/client.ts";
import { deliver } from "../../test/support/lambda/event-source.ts";
import { startFunctionUrl } from "../../test/support/lambda/function-url.ts";
import { openStack, type Stack } from "../../test/support/lambda/home.ts";
import { ASTRONAUT } from "../../test/support/pictures.ts";
import { type Figure, median, type Part, seconds } from "./measure.ts";

const LANES = lanesOf({ name: "warp" });

const COLD_START = fileURLToPath(new URL("cold-start.ts", import.meta.url));
const PROCESSES = 10;
const CLIPS = 5;
const PARAMS = { preset: "gentle_smile", size: 512, duration: 3 };
const ASK = {
  version: "2.0",
  rawPath: "/v1/presets",
  rawQueryString: "",
  headers: { host: "localhost" },
  requestContext: { domainName: "localhost", http: { method: "GET", path: "/v1/presets" } },
  isBase64Encoded: false,
};

export const lambda: Part = {
  name: "lambda",
  onRequest: true,
  figures: async () => {
    const stack = await openStack(["api", "sweep", "worker-lambda"], { engine: "warp" });
    try {
      return [...sizes(stack), ...(await starts(stack)), ...(await clips(stack))];
    } finally {
      await stack.close();
    }
  },
};

function sizes({ out, bundled }: Stack): Figure[] {
  const worker = join(out, "worker-lambda");
  return [
    { name: "code of the API, gzipped", unit: "kB", value: bundled.api!.gzipBytes / 1000, target: 420 },
    { name: "code of the sweeper, gzipped", unit: "kB", value: bundled.sweep!.gzipBytes / 1000, target: null },
    { name: "worker with engine, unpacked", unit: "MB", value: folderBytes(worker) / 1e6, target: 250 },
    { name: "worker with engine, each file gzipped", unit: "MB", value: gzipBytes(worker) / 1e6, target: null },
  ];
}

async function starts({ out, envOf }: Stack): Promise<Figure[]> {
  const empty = join(out, "empty.mjs");
  writeFileSync(empty, "export const handler = async () => {};\n");
  const run = async (module: string, event?: object) => {
    const args = [COLD_START, module, ...(event ? [JSON.stringify(event)] : [])];
    const options = { env: { ...envOf("api"), LOG_LEVEL: "silent" } };
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    return JSON.parse(stdout) as { initMs: number; firstMs: number };
  };
  const several = async (module: string, event?: object) => {
    const runs = [];
    for (let i = 0; i < PROCESSES; i++) runs.push(await run(module, event));
    return runs;
  };
  const of = (name: string) => join(out, name, "functions", `${name}.mjs`);
  const api = await several(of("api"), ASK);
  const sweep = await several(of("sweep"));
  const worker = await several(of("worker-lambda"));
  const initsOf = (runs: { initMs: number }[]) => runs.map(({ initMs }) => initMs);
  const limit = { name: "empty module", value: median(initsOf(await several(empty))) };
  const figure = (name: string, runs: number[]) => {
    const note = `fastest ${Math.min(...runs).toFixed(0)}`;
    return { name, unit: "ms" as const, value: median(runs), target: null, runs, note };
  };
  const firsts = api.map(({ firstMs }) => firstMs);
  return [
    { ...figure("API, import and init", initsOf(api)), target: 150, limit },
    figure("API, first request", firsts),
    figure("sweeper, import and init", initsOf(sweep)),
    figure("worker, import and init", initsOf(worker)),
  ];
}

/** Clips of 3 s at 512² through the whole stack, and what an event takes of the worker. */
async function clips(stack: Stack): Promise<Figure[]> {
  const front = await startFunctionUrl(await stack.start("api"));
  const worker = await stack.start("worker-lambda", { timeoutMs: 120_000 });
  let rssBytes = 0;
  const watch = setInterval(() => {
    void treeRssBytes(worker.pid()).then((bytes) => {
      rssBytes = Math.max(rssBytes, bytes ?? 0);
    });
  }, 50);
  const times: number[] = [];
  try {
    for (let clip = 0; clip <= CLIPS; clip++) {
      const reply = await postJob(front.url, await upload(front.url, readFileSync(ASTRONAUT)), PARAMS);
      const { id } = (await reply.json()) as Job;
      const before = performance.now();
      await deliver(stack.sqs, LANES, worker);
      times.push(performance.now() - before);
      const { status, error } = await getJob(front.url, id);
      if (status !== "succeeded") throw new Error(`${status} ${JSON.stringify(error)} ${worker.log().slice(-1000)}`);
    }
  } finally {
    clearInterval(watch);
    await front.close();
  }
  const [cold = 0, ...warm] = seconds(times);
  return [
    { name: "worker, first event, with its start and the engine's", unit: "s", value: cold, target: null },
    { name: "worker, an event: 3 s at 512²", unit: "s", value: median(warm), target: null, runs: warm },
    { name: "worker with its engines, resident", unit: "MB", value: rssBytes / 1e6, target: 3008 },
  ];
}

function gzipBytes(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + gzipSync(readFileSync(join(parentPath, name))).length, 0);
}
