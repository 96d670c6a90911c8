/**
 * Looks for marks in files that may be anything: an engine process decodes them, which has no key, and a thread of its own looks at what
 * comes of it, because that takes a second that nobody else is to wait for.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type LumaResult, lumaResultSchema } from "@smileloop/core/engine/luma-service.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { FindMark, FoundMark } from "@smileloop/core/marking/mark.ts";
import type { EngineProcess } from "../process/engine-process.ts";
import { makeWorkDir, removeWorkDir } from "../work-dirs.ts";
import { KEYS_LOOKED_FOR, type MarkKey } from "./key.ts";

/** What the thread is given: a file that the service `luma` has written, and what is in it. */
export type FindTask = { path: string; pictures: LumaResult["pictures"]; keys: readonly MarkKey[] };
export type FindReply = { found: FoundMark } | { error: string };

type FinderDeps = {
  /** Offers `luma`. */
  engine: Pick<EngineProcess, "request">;
  /** The newest first; the first `KEYS_LOOKED_FOR` are tried. Throws a sentence. */
  keys: () => Promise<readonly MarkKey[]>;
  /** Cleared of leftovers by the caller. */
  workRoot: string;
  /** For the engine; the thread has as long once more. */
  timeLimitMs?: number;
};

/** The service itself stops decoding after 10 s, and takes what it has by then. */
const TIME_LIMIT_MS = 12_000;
const [SOURCE, BUNDLED] = ["find-thread.ts", "find-thread.mjs"];

export function createFinder({ engine, keys, workRoot, timeLimitMs = TIME_LIMIT_MS }: FinderDeps): FindMark {
  return async (path, { type, signal }) => {
    const known = (await keys()).slice(0, KEYS_LOOKED_FOR);
    if (known.length === 0) return { found: false };
    const dir = makeWorkDir(workRoot, "job");
    try {
      const luma = join(dir, "luma");
      const request = { type: "luma", inputs: { file: [{ path, type }] }, outputs: { luma } };
      const options = { result: lumaResultSchema, timeoutMs: timeLimitMs, signal };
      const { pictures } = await engine.request(request, options);
      return await findAside(
        { path: luma, pictures, keys: known },
        AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]),
      );
    } finally {
      await removeWorkDir(dir);
    }
  };
}

/** Throws the signal's reason, and `engine_failed` for what the thread did not survive. */
async function findAside(task: FindTask, signal: AbortSignal): Promise<FoundMark> {
  signal.throwIfAborted();
  const program = new URL(import.meta.url.endsWith(".mjs") ? BUNDLED : SOURCE, import.meta.url);
  // it has nobody's variables and no arguments
  const options = { workerData: task, env: {}, argv: [], execArgv: [], stdin: false };
  const thread = new Worker(program, { ...options, resourceLimits: { maxOldGenerationSizeMb: 256 } });
  const { promise, resolve, reject } = Promise.withResolvers<FoundMark>();
  const failed = (why: string) => reject(new AppError("engine_failed", `The mark could not be looked for: ${why}.`));
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  thread.on("message", (reply: FindReply) => ("found" in reply ? resolve(reply.found) : failed(reply.error)));
  thread.on("error", (error: Error) => failed(error.message)).on("exit", () => failed("its thread ended"));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await thread.terminate();
  }
}
