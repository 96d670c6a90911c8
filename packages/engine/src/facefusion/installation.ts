/** An operator's FaceFusion: its version, what its command line takes, and which of its models are there. Nothing is fetched. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { AppError } from "@smileloop/core/errors.ts";
import { PROCESSOR_NAMES, type ProcessorName } from "@smileloop/core/faces/processors.ts";
import { environmentIn, type Place } from "./environment.ts";
import { type Flags, flagsOf } from "./help.ts";

export type Installation = Place & {
  version: string;
  flags: Flags;
  /** Steps that it can do: its command line knows them, and a model for each is there. */
  processors: readonly ProcessorName[];
  /** Models of a step that are there, in the order of its command line; null where the step has none. */
  modelsOf(name: ProcessorName): readonly string[] | null;
};

/** Without these two jobs would share a folder, or the operator's defaults would count. */
const NEEDED = [
  "--config-path",
  "--jobs-path",
  "--temp-path",
  "--source-paths",
  "--target-path",
  "--output-path",
  "--processors",
  "--face-selector-mode",
];
/** Python imports for seconds; on a busy machine for a minute. */
const ANSWER_MS = 120_000;
const MOST_HELP_BYTES = 4 * 1024 * 1024;
export const MODELS = join(".assets", "models");

/** Throws `engine_not_configured`: a sentence for the operator. */
export async function readInstallation(place: Place): Promise<Installation> {
  const { root } = place;
  if (!existsSync(join(root, "facefusion.py")))
    throw broken(`FACEFUSION_ROOT ${root} is not a FaceFusion installation.`);
  const version = (await ask(place, ["--version"])).trim().split(/\s+/).at(-1) ?? "";
  const flags = flagsOf(await ask(place, ["headless-run", "--help"]));
  const lacking = NEEDED.filter((flag) => !flags.has(flag));
  if (lacking.length > 0) {
    throw broken(
      `FaceFusion ${version} in ${root} has no ${lacking.join(", ")}: it is too old, or too new. 3.8 is known to work.`,
    );
  }
  const files = await modelFiles(join(root, MODELS));
  const modelsOf = (name: ProcessorName): readonly string[] | null => {
    const choices = flags.get(flagOfStep(name, "model"))?.choices;
    return choices ? choices.filter((model) => isThere(model, files)) : null;
  };
  const isKnown = (name: ProcessorName) => [...flags.keys()].some((flag) => flag.startsWith(flagOfStep(name, "")));
  const processors = PROCESSOR_NAMES.filter((name) => isKnown(name) && modelsOf(name)?.length !== 0);
  return { ...place, version, flags, processors, modelsOf };
}

/** `--face-swapper-model` of `face_swapper` and `model`. */
export function flagOfStep(name: string, option: string): string {
  return `--${name}-${option}`.replaceAll("_", "-");
}

/** A model is one file, or several that begin with its name; each has its hash beside it. */
function isThere(model: string, files: ReadonlySet<string>): boolean {
  const own = [...files].filter((file) => {
    const rest = file.startsWith(model) ? file.slice(model.length) : null;
    return rest !== null && /^(_[\w-]+)?\.(onnx|dfm)$/.test(rest);
  });
  const single = own.filter((file) => /^\.\w+$/.test(file.slice(model.length)));
  const parts = single.length > 0 ? single : own;
  return parts.length > 0 && parts.every((file) => files.has(file.replace(/\.\w+$/, ".hash")));
}

/** Names as its command line has them: `inswapper_128.onnx`, or with the folder of a vendor. */
async function modelFiles(folder: string): Promise<ReadonlySet<string>> {
  const files = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  return new Set(files.map((file) => file.replaceAll("\\", "/")));
}

async function ask(place: Place, args: string[]): Promise<string> {
  const { root, python } = place;
  const home = await mkdtemp(join(tmpdir(), "smileloop-"));
  try {
    const env = { ...environmentIn(home, place), COLUMNS: "4000" };
    const options = { cwd: root, env, timeout: ANSWER_MS, maxBuffer: MOST_HELP_BYTES };
    return (await promisify(execFile)(python, ["facefusion.py", ...args], options)).stdout;
  } catch (cause) {
    const why = `${(cause as { stderr?: string }).stderr ?? ""}`.trim().split("\n").at(-1) || (cause as Error).message;
    throw broken(`${basename(python)} facefusion.py ${args.join(" ")} in ${root} fails: ${why.slice(0, 200)}`, cause);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function broken(message: string, cause?: unknown): AppError {
  return new AppError("engine_not_configured", message, { cause });
}

/** The Python of the installation's own environment, or of the machine. */
export function pythonOf(root: string): string {
  const own = join(root, ".venv", ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));
  return existsSync(own) ? own : "python3";
}
