/** LivePortrait on this machine: whether all of it is there, and the processes of a worker that uses it. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Env } from "@smileloop/core/env.ts";
import { z } from "zod";
import { folderAbove } from "../setup/paths.ts";
import { CHECKER, type Engine, nodeEngine } from "./index.ts";

export type Liveportrait = {
  /** Null where there is none, or it cannot run. */
  engine: Engine | null;
  /** What keeps it from running where it was asked for, in a sentence for whoever has set it up. */
  trouble: string | null;
};

const CONTAINER = folderAbove("gpu-container");
const HELP = "gpu-container/setup.sh sets it up.";
/** What the Python engine imports of others. */
export const MODULES = ["torch", "numpy", "cv2", "onnxruntime", "yaml", "rich", "PIL"];
/** Looks without importing: PyTorch alone would take seconds. */
const PROBE = `import importlib.util as u, json, sys
print(json.dumps({"python": sys.executable, "missing": [m for m in sys.argv[1:] if u.find_spec(m) is None]}))`;
const probeSchema = z.object({ python: z.string().min(1), missing: z.array(z.string()) });
/** Compilers and the loader's list of libraries are found through it; nothing else of our environment reaches the engine. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const lockSchema = z.object({ files: z.array(z.object({ name: z.string(), bytes: z.int() })).min(1) });

/**
 * Weights are looked at by name and size; their hashes are for whoever fetches them. Nothing is started but a probe of Python.
 * Never throws.
 */
export async function findLiveportrait(
  env: Pick<Env, "LIVEPORTRAIT_ROOT" | "LIVEPORTRAIT_PYTHON">,
): Promise<Liveportrait> {
  if (env.LIVEPORTRAIT_ROOT === undefined) return { engine: null, trouble: null };
  const root = resolve(env.LIVEPORTRAIT_ROOT);
  const broken = (trouble: string): Liveportrait => ({ engine: null, trouble: `${trouble} ${HELP}` });
  if (!existsSync(join(root, "src", "live_portrait_wrapper.py"))) {
    return broken(`LIVEPORTRAIT_ROOT ${root} is no checkout of LivePortrait.`);
  }
  const weights = join(root, "pretrained_weights");
  const missing = missingWeights(weights);
  if (missing.length > 0) return broken(`Not there or not whole in ${weights}: ${missing.join(", ")}.`);
  const command = env.LIVEPORTRAIT_PYTHON ?? pythonOf(root);
  const probe = await probePython(command);
  if (probe === null) return broken(`LIVEPORTRAIT_PYTHON ${command} is no Python that runs.`);
  if (probe.missing.length > 0) return broken(`${command} has no ${probe.missing.join(", ")}.`);
  return { engine: engineOf(root, weights, probe.python), trouble: null };
}

function engineOf(root: string, weights: string, python: string): Engine {
  const cache = join(homedir(), ".cache", "smileloop", "liveportrait");
  return {
    queueName: "liveportrait",
    engineCommand: {
      command: python,
      args: ["-m", "liveportrait", "--root", root, "--weights", weights, "--cache", cache, "--device", "cuda"],
      env: { ...(process.platform === "win32" ? {} : { PATH }), HOME: cache, PYTHONPATH: CONTAINER },
    },
    checkerCommand: CHECKER,
    helperCommand: nodeEngine({ services: "finish,extract" }),
    // one process for the card; the first start on a kind of card compiles for minutes, and PyTorch alone takes some GiB
    slots: 1,
    engineLimits: { startMs: 15 * 60_000, rssBytes: 12 * 1024 ** 3 },
  };
}

function missingWeights(folder: string): string[] {
  const { files } = lockSchema.parse(JSON.parse(readFileSync(join(CONTAINER, "weights.lock"), "utf8")));
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
