/** Writes how a worker is doing to a file, for a container's health check: `gpu-container/health.mjs`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "@smileloop/worker/worker.ts";

/** `at`: milliseconds since 1970. Where it is over a minute old, the worker hangs. */
type WorkerHealth = { state: "starting" | "ready" | "failed"; detail: string; at: number };

const EVERY_MS = 2_000;

/** Writes `health.json` into the folder at intervals until the signal is aborted, and then removes it. */
export function tellHealth(worker: Pick<Worker, "ready" | "trouble">, dir: string, signal: AbortSignal): void {
  const path = join(dir, "health.json");
  const tell = () => {
    const trouble = worker.trouble();
    const state = worker.ready() ? "ready" : trouble === null ? "starting" : "failed";
    const health: WorkerHealth = { state, detail: trouble ?? "", at: Date.now() };
    // on a full disk the worker is not healthy, and the file grows old
    tryTo(() => writeFileSync(path, JSON.stringify(health), { mode: 0o600 }));
  };
  tryTo(() => mkdirSync(dir, { recursive: true, mode: 0o700 }));
  tell();
  const timer = setInterval(tell, EVERY_MS);
  timer.unref();
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    tryTo(() => rmSync(path, { force: true }));
  });
}

function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // the health check finds no file, and says so
  }
}
