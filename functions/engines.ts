/** The processes of the engines that are built in. */
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));

/**
 * Young objects of a clip are mostly large buffers: with little room for them they are freed early, which keeps the processes small
 * (some 40 MB at 1024²) and costs no time.
 */
export const NODE_FLAGS = ["--max-semi-space-size=2"];

/** `warp` renders in one process and has its work checked in another, which serves nothing else. */
export const WARP = {
  queueName: "warp",
  engineCommand: {
    command: process.execPath,
    args: [...NODE_FLAGS, HOST, "--kinds", "animate", "--services", "extract"],
  },
  checkerCommand: { command: process.execPath, args: [...NODE_FLAGS, HOST, "--kinds", "", "--services", "check"] },
};
