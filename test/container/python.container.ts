/** The Python code is linted and typed, and its packages install by their lock, as far as they can be had here. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { PYTHON } from "../support/python.ts";

const GPU = join(import.meta.dirname, "../../gpu-container");
const TOOLS = ["ruff==0.16.9", "mypy==2.4.0"];
/** PyTorch and CUDA's libraries: 3 GB that the check does without. */
const HEAVY = /^(torch|triton|nvidia-|cuda-)/;

const lock = readFileSync(join(GPU, "requirements.lock"), "utf8");
const light = [...lock.matchAll(/^([a-z0-9-]+)==\S+ \\\n\s+--hash=\S+$/gm)]
  .filter(([, name]) => !HEAVY.test(name!))
  .map(([entry]) => entry)
  .join("\n");
const id = createHash("sha256").update(light).update(TOOLS.join()).digest("hex").slice(0, 16);
const venv = join(homedir(), ".cache/smileloop/gpu-check", id);
const bin = (name: string) => join(venv, "bin", name);

/** Why a thing cannot be checked here; null: it can. */
let noPackages: string | null = null;
let noTools: string | null = null;

beforeAll(async () => {
  if (existsSync(join(venv, "done"))) return;
  rmSync(venv, { recursive: true, force: true });
  const made = PYTHON === null ? "there is no Python" : await run(PYTHON, ["-m", "venv", venv]);
  if (made !== null) {
    [noPackages, noTools] = [made, made];
    return;
  }
  const requirements = join(venv, "light.lock");
  mkdirSync(venv, { recursive: true });
  writeFileSync(requirements, light);
  const install = ["-m", "pip", "install", "--quiet", "--retries", "0", "--only-binary", ":all:"];
  noPackages = await run(bin("python"), [...install, "--require-hashes", "-r", requirements]);
  noTools = await run(bin("python"), [...install, ...TOOLS]);
  if (noPackages === null && noTools === null) writeFileSync(join(venv, "done"), "");
});

/** Null when it went well, else the last line of what it said. */
async function run(command: string, args: string[]): Promise<string | null> {
  try {
    await promisify(execFile)(command, args, { cwd: GPU, maxBuffer: 1 << 26 });
    return null;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}`.trim().split("\n").slice(-20).join("\n") || String(error);
  }
}

test("the packages of the lock but PyTorch's install by their hashes, and load", async ({ skip }) => {
  if (noPackages !== null) {
    // what is there and differs is a fault, what is not there is not
    expect(noPackages).not.toMatch(/DO NOT MATCH THE HASHES/);
    skip(`the packages can't be had here: ${noPackages}`);
  }
  expect(await run(bin("python"), ["-c", "import cv2, numpy, onnxruntime, PIL, rich, yaml"])).toBeNull();
});

test("ruff finds nothing", async ({ skip }) => {
  if (noTools !== null) skip(`ruff can't be had here: ${noTools}`);
  expect(await run(bin("ruff"), ["check", "."])).toBeNull();
});

test("mypy finds nothing, strictly", async ({ skip }) => {
  if (noTools !== null) skip(`mypy can't be had here: ${noTools}`);
  const what = ["weights.py", "liveportrait", "tools", "tests"];
  expect(await run(bin("mypy"), ["--cache-dir", join(venv, "mypy"), ...what])).toBeNull();
});
