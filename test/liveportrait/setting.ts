/** Where the Python engine's tests find what they need, and why they are skipped where they don't. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { pointsOf } from "./points.ts";

export const CONTAINER = fileURLToPath(new URL("../../gpu-container", import.meta.url));
export const IMAGE = fileURLToPath(new URL("../fixtures/grace_hopper.jpg", import.meta.url));
const { LIVEPORTRAIT_ROOT, LIVEPORTRAIT_PYTHON, LIVEPORTRAIT_RANDOM_WEIGHTS } = process.env;
/** Absolute; empty where there is none. */
export const ROOT = LIVEPORTRAIT_ROOT ? resolve(LIVEPORTRAIT_ROOT) : "";
const ownPython = join(ROOT, ".venv", "bin", "python");
export const PYTHON = LIVEPORTRAIT_PYTHON ?? (ROOT && existsSync(ownPython) ? ownPython : "python3");
export const WEIGHTS = LIVEPORTRAIT_RANDOM_WEIGHTS ?? join(tmpdir(), "smileloop-random-weights-1");

/** Why there is nothing to be tested here; empty where there is. */
export const LACKING = ((): string => {
  if (ROOT === "") return "LIVEPORTRAIT_ROOT names no checkout of LivePortrait";
  if (!existsSync(join(ROOT, "src", "modules"))) return `${ROOT} is no checkout of LivePortrait`;
  const { status } = spawnSync(PYTHON, ["-c", "import torch, numpy, cv2, onnxruntime, onnx, PIL, yaml, rich, scipy"]);
  return status === 0 ? "" : `${PYTHON} (LIVEPORTRAIT_PYTHON) lacks PyTorch or another package`;
})();

if (LACKING !== "") process.stderr.write(`The tests of the LivePortrait engine are skipped: ${LACKING}.\n`);

/** A folder of a test's own, with the points of the sample portrait's face in it. */
export async function openFolder(): Promise<{ dir: string; points: string; remove(): void }> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop liveportrait "));
  const points = join(dir, "points.json");
  writeFileSync(points, JSON.stringify(await pointsOf(IMAGE)));
  return { dir, points, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Starts the engine without its large networks (gpu-container/tests/stand_in.py). */
export const standIn = (...options: string[]): string[] => [
  ...["/usr/bin/env", "OMP_NUM_THREADS=2", PYTHON, join(CONTAINER, "tests", "stand_in.py")],
  ...["--root", ROOT, ...options],
];
