/** The functions as they are deployed: how large, how fast at their start, and what a clip takes of the worker. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { treeRssBytes } from "@smileloop/worker/process/process-tree.ts";
import { PRESETS_DIR } from "../../functions/setup/deps.ts";
import { ENGINES, lanesOf, onLambda } from "../../infra/policy/engines.ts";
import { folderBytes } from "../../scripts/bundle.ts";
import { CLIP_FIGURES, type ClipFigures } from "../../scripts/costs.ts";
import { getJob, type Job, postJob, upload } from "../../test/support/client.ts";
import { deliver } from "../../test/support/lambda/event-source.ts";
import { startFunctionUrl } from "../../test/support/lambda/function-url.ts";
import { openStack, type Stack } from "../../test/support/lambda/home.ts";
import type { RoleName } from "../../test/support/lambda/roles.ts";
import type { Lambda } from "../../test/support/lambda/runtime.ts";
import { ASTRONAUT, GRACE_HOPPER, twelveMegapixels } from "../../test/support/pictures.ts";
import { type Figure, median, type Part } from "./measure.ts";
import { ONE_PROCESSOR_MB, shareOfProcessors } from "./processor-share.ts";

const LANES = lanesOf({ name: "warp" });

const COLD_START = fileURLToPath(new URL("cold-start.ts", import.meta.url));
const PROCESSES = 10;
const CLIPS_OF_EACH = 12;
const SIZE = 512;
const SECONDS = 4;
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
  const run = async (role: RoleName, module: string, event?: object) => {
    const args = [COLD_START, module, ...(event ? [JSON.stringify(event)] : [])];
    const options = { env: { ...envOf(role), LOG_LEVEL: "silent" } };
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    return JSON.parse(stdout) as { initMs: number; firstMs: number };
  };
  const several = async (role: RoleName, event?: object, module = join(out, role, "functions", `${role}.mjs`)) => {
    const runs = [];
    for (let i = 0; i < PROCESSES; i++) runs.push(await run(role, module, event));
    return runs;
  };
  const api = await several("api", ASK);
  const sweep = await several("sweep");
  const worker = await several("worker-lambda");
  const initsOf = (runs: { initMs: number }[]) => runs.map(({ initMs }) => initMs);
  const limit = { name: "empty module", value: median(initsOf(await several("api", undefined, empty))) };
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

/** What an event takes of the worker, with the processors that its memory brings, and how large a clip is: both go to `aws-clip.json`. */
async function clips(stack: Stack): Promise<Figure[]> {
  const { memoryMb } = onLambda(ENGINES).find(({ name }) => name === "warp")!.function;
  const processors = memoryMb / ONE_PROCESSOR_MB;
  const share = shareOfProcessors(processors);
  const front = await startFunctionUrl(await stack.start("api"));
  const worker = await stack.start("worker-lambda", { timeoutMs: 120_000, prefix: share.prefix });
  const presets = readPresetNames();
  let rssBytes = 0;
  const watch = setInterval(() => {
    void treeRssBytes(worker.pid()).then((bytes) => {
      rssBytes = Math.max(rssBytes, bytes ?? 0);
    });
  }, 50);
  const [times, bytes]: [number[], number[]] = [[], []];
  try {
    for (const picture of [readFileSync(ASTRONAUT), readFileSync(GRACE_HOPPER), await twelveMegapixels()]) {
      for (let n = 0; n < CLIPS_OF_EACH; n++) {
        const params = { preset: presets[n % presets.length]!, size: SIZE, duration: SECONDS };
        const job = await oneEvent(stack, front.url, worker, picture, params);
        times.push(job.ms / 1000);
        bytes.push(job.bytes);
      }
    }
  } finally {
    clearInterval(watch);
    await front.close();
    await worker.close();
    await share.end();
  }
  const [cold = 0, ...warm] = times;
  const clip: ClipFigures = {
    ...{ memoryMb, seconds: rounded(median(warm), 2), coldSeconds: rounded(cold, 2) },
    megabytes: rounded(bytes.reduce((sum, one) => sum + one, 0) / bytes.length / 1e6, 3),
  };
  writeFileSync(CLIP_FIGURES, `${JSON.stringify(clip, null, 2)}\n`);
  const note = `with ${processors.toFixed(2)} processors`;
  return [
    { ...{ name: "worker, first event, with its start and the engine's", unit: "s", target: null }, value: cold, note },
    {
      ...{
        name: `worker, an event: ${SECONDS} s at ${SIZE}²`,
        unit: "s",
        value: median(warm),
        target: null,
        runs: warm,
      },
      note: `${note}; least ${Math.min(...warm).toFixed(2)}`,
    },
    { name: "its clip with its poster, mean", unit: "kB", value: clip.megabytes * 1000, target: null },
    { name: "worker with its engines, resident", unit: "MB", value: rssBytes / 1e6, target: memoryMb },
  ];
}

/** A job from the upload to its end, and how long the worker had its message. */
async function oneEvent(stack: Stack, url: string, worker: Lambda, picture: Buffer, params: Record<string, unknown>) {
  const reply = await postJob(url, await upload(url, picture), params);
  const { id } = (await reply.json()) as Job;
  const before = performance.now();
  await deliver(stack.sqs, LANES, worker);
  const ms = performance.now() - before;
  const { status, error, outputs } = await getJob(url, id);
  if (status !== "succeeded") throw new Error(`${status} ${JSON.stringify(error)} ${worker.log().slice(-1000)}`);
  return { ms, bytes: Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0) };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function readPresetNames(): string[] {
  return [...loadPresets(PRESETS_DIR).keys()];
}

function gzipBytes(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + gzipSync(readFileSync(join(parentPath, name))).length, 0);
}
