/** The program of the thread that looks for a mark (`finder.ts`). It ends with its answer. */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { readLuma } from "@smileloop/core/engine/luma-service.ts";
import { findMark } from "./find.ts";
import type { FindReply, FindTask } from "./finder.ts";

const { path, pictures, keys } = workerData as FindTask;

function answer(): FindReply {
  try {
    return { found: findMark(readLuma(readFileSync(path), pictures), keys) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort!.postMessage(answer());
