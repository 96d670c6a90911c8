/** Processes of the built-in engine, whose services the other engines use, too. */
import { fileURLToPath } from "node:url";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import type { Helper } from "@smileloop/worker/slots.ts";

/**
 * Young objects of a clip are mostly large buffers: with little room for them they are freed early, which keeps the processes small
 * (some 40 MB at 1024²) and costs no time.
 */
export const NODE_FLAGS = ["--max-semi-space-size=2"];

/** What the process that checks results is asked besides, whatever engine has made them: it alone decodes files for the worker. */
export const LOOKS = ["review", "print", "preview"] as const;

/**
 * The command of a process that serves these kinds, checks and services, and nothing else. `checks`: kinds whose results it can
 * check. `env`: the whole environment of the process. The engine's package is looked up when this is called, because the API and
 * the sweeper are deployed without it.
 */
export function nodeEngine(options: {
  kinds?: readonly string[];
  checks?: readonly string[];
  services?: readonly string[];
  env?: Record<string, string>;
  /** What it is called where it is not the built-in engine. */
  engine?: string;
}): EngineCommand {
  const { kinds = [], checks = [], services = [], env, engine } = options;
  const host = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));
  const named = engine === undefined ? [] : ["--engine", engine];
  const args = [...named, "--kinds", kinds.join(), "--checks", checks.join(), "--services", services.join()];
  return { command: process.execPath, args: [...NODE_FLAGS, host, ...args], env };
}

/** A process for services alone. */
export function nodeHelper(services: readonly string[], env: Record<string, string> = {}): Helper {
  return { services, command: nodeEngine({ services, env }) };
}
