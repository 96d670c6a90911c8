/** LivePortrait on this machine: whether it is complete, and the processes of a worker that uses it. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Env } from "@smileloop/core/env.ts";
import { z } from "zod";
import { folderAbove } from "../setup/paths.ts";
import type { Engine, EngineSetup, Finding } from "./engine.ts";
import { LOOKS, nodeEngine, nodeHelper } from "./node-engine.ts";
import { voiceVariables } from "./voice-env.ts";

const KINDS = ["animate", "talk"];

export const liveportrait: Engine = {
  name: "liveportrait",
  kinds: KINDS,
  queues: ["liveportrait"],
  meanSeconds: 5,
  unset: "LIVEPORTRAIT_ROOT: the checkout of LivePortrait is missing",
  find: findLiveportrait,
};

const HELP = "gpu-container/setup.sh sets it up.";
/** The packages that the Python engine imports. */
export const MODULES = ["torch", "numpy", "cv2", "onnxruntime", "yaml", "rich", "PIL"];
/** Finds packages without importing them: PyTorch alone would take seconds. */
const PROBE = `import importlib.util as u, json, sys
print(json.dumps({"python": sys.executable, "missing": [m for m in sys.argv[1:] if u.find_spec(m) is None]}))`;
const probeSchema = z.object({ python: z.string().min(1), missing: z.array(z.string()) });
/** For compilers and the loader's list of libraries. Nothing else of the worker's environment reaches the engine. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const lockSchema = z.object({ files: z.array(z.object({ name: z.string(), bytes: z.int() })).min(1) });

/** Weights are compared by name and size; `gpu-container/setup.sh` checks their hashes. Starts nothing but a probe of Python. */
async function findLiveportrait(env: Env): Promise<Finding> {
  if (env.LIVEPORTRAIT_ROOT === undefined) return { engine: null, trouble: null };
  const root = resolve(env.LIVEPORTRAIT_ROOT);
  const broken = (trouble: string): Finding => ({ engine: null, trouble: `${trouble} ${HELP}` });
  if (!existsSync(join(root, "src", "live_portrait_wrapper.py"))) {
    return broken(`LIVEPORTRAIT_ROOT ${root} is not a checkout of LivePortrait.`);
  }
  const weights = join(root, "pretrained_weights");
  const missing = missingWeights(weights);
  if (missing.length > 0) return broken(`Missing or incomplete in ${weights}: ${missing.join(", ")}.`);
  const command = env.LIVEPORTRAIT_PYTHON ?? pythonOf(root);
  const probe = await probePython(command);
  if (probe === null) return broken(`LIVEPORTRAIT_PYTHON ${command} is not a working Python.`);
  if (probe.missing.length > 0) return broken(`${command} lacks ${probe.missing.join(", ")}.`);
  return { engine: engineOf(root, weights, probe.python, voiceVariables(env)), trouble: null };
}

function engineOf(root: string, weights: string, python: string, voices: Record<string, string>): EngineSetup {
  const cache = join(homedir(), ".cache", "smileloop", "liveportrait");
  return {
    queueName: "liveportrait",
    source: "compositeWithTrainedAlgorithmicMedia",
    engineCommand: {
      command: python,
      args: ["-m", "liveportrait", "--root", root, "--weights", weights, "--cache", cache, "--device", "cuda"],
      env: { ...(process.platform === "win32" ? {} : { PATH }), HOME: cache, PYTHONPATH: container() },
    },
    checkerCommand: nodeEngine({ checks: KINDS, services: ["cast", ...LOOKS] }),
    helpers: [nodeHelper(["finish", "extract", "listen"]), nodeHelper(["say"], voices)],
    // one process per card; the first start on a new type of card compiles for minutes, and PyTorch alone takes several GiB
    slots: 1,
    engineLimits: { startMs: 15 * 60_000, rssBytes: 12 * 1024 ** 3 },
  };
}

/** Looked up when needed: functions on Lambda know of this engine but never run it, and are deployed without the folder. */
function container(): string {
  return folderAbove("gpu-container");
}

function missingWeights(folder: string): string[] {
  const { files } = lockSchema.parse(JSON.parse(readFileSync(join(container(), "weights.lock"), "utf8")));
  const isWhole = (name: string, bytes: number) =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes;
  return files.filter(({ name, bytes }) => !isWhole(name, bytes)).map(({ name }) => name);
}

function pythonOf(root: string): string {
  const own = process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
  const path = join(root, ".venv", ...own);
  return existsSync(path) ? path : "python3";
}

async function probePython(command: string): Promise<z.infer<typeof probeSchema> | null> {
  try {
    const { stdout } = await promisify(execFile)(command, ["-c", PROBE, ...MODULES], { timeout: 10_000 });
    return probeSchema.parse(JSON.parse(stdout));
  } catch {
    return null;
  }
}
