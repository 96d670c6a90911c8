/** How a worker is doing, in a file for whoever looks from outside: `gpu-container/health.mjs`, a container's health check. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "@smileloop/worker/worker.ts";

/** `at` in milliseconds since 1970. A file that is older than a minute is a worker that hangs. */
export type WorkerHealth = { state: "starting" | "ready" | "failed"; detail: string; at: number };

const EVERY_MS = 2_000;

/** Writes `health.json` into the folder now and then, until the signal is aborted; then it goes. */
export function tellHealth(worker: Pick<Worker, "ready" | "trouble">, dir: string, signal: AbortSignal): void {
  const path = join(dir, "health.json");
  const tell = () => {
    const trouble = worker.trouble();
    const state = worker.ready() ? "ready" : trouble === null ? "starting" : "failed";
    const health: WorkerHealth = { state, detail: trouble ?? "", at: Date.now() };
    // without room for it there is no health to be told of
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
