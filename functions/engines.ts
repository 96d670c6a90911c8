/** The processes of the engines that are built in. */
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));

/** `warp` renders in one process and has its work checked in another, which serves nothing else. */
export const WARP = {
  queueName: "warp",
  engineCommand: { command: process.execPath, args: [HOST, "--kinds", "animate", "--services", "extract"] },
  checkerCommand: { command: process.execPath, args: [HOST, "--kinds", "", "--services", "check"] },
};
