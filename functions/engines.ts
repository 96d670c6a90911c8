/** The processes of the engines that are built in. */
import { fileURLToPath } from "node:url";
import { EnvError } from "@smileloop/core/env.ts";
import type { EngineCommand } from "@smileloop/worker/engine-life.ts";

const HOST = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));

/**
 * Young objects of a clip are mostly large buffers: with little room for them they are freed early, which keeps the processes small
 * (some 40 MB at 1024²) and costs no time.
 */
export const NODE_FLAGS = ["--max-semi-space-size=2"];

type Engine = { queueName: string; engineCommand: EngineCommand; checkerCommand: EngineCommand };

/** `warp` renders in one process and has its work checked in another, which serves nothing else. */
export const WARP: Engine = {
  queueName: "warp",
  engineCommand: {
    command: process.execPath,
    args: [...NODE_FLAGS, HOST, "--kinds", "animate", "--services", "extract"],
  },
  checkerCommand: { command: process.execPath, args: [...NODE_FLAGS, HOST, "--kinds", "", "--services", "check"] },
};

/** The engine that serves a queue. Throws for a queue that none serves. */
export function engineOfQueue(queueName: string): Engine {
  if (queueName === "warp" || queueName === "warp-long") return { ...WARP, queueName };
  throw new EnvError(`QUEUE: no engine serves \`${queueName}\`. Choose from: warp, warp-long`);
}
