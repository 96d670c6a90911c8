/**
 * Looks at stored pictures with an engine process that offers `inspect`. A picture that the process does not survive costs that process,
 * which is started again, and answers as a picture that cannot be read does.
 */
import { join } from "node:path";
import { type InspectResult, inspectResultSchema } from "@smileloop/core/engine/services.ts";
import { AppError, type ErrorCode, hasCode } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { type Inspector, PICTURE_FAULTS, type StoredPicture } from "@smileloop/core/inspector.ts";
import type { Log } from "@smileloop/core/log.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { type Bounds, boundedCalls } from "./bounded-calls.ts";
import { downloadTo } from "./download.ts";
import type { EngineProcess } from "./process/engine-process.ts";
import { makeWorkDir, removeWorkDir } from "./work-dirs.ts";

type InspectorDeps = {
  engine: Pick<EngineProcess, "ready" | "request">;
  files: Files;
  /** Cleared of leftovers by the caller. */
  workRoot: string;
  log: Log;
  /** From when the process is given the picture. */
  timeLimitMs?: number;
};

/** The largest picture takes some two seconds. */
const TIME_LIMIT_MS = 20_000;
/** When the engine does not start. */
const NOT_STARTED_S = 30;

/** Why a picture could not be looked at, where the process did not say so itself. */
const FAILURES: Partial<Record<ErrorCode, string>> = {
  engine_crashed: "the decoder stopped twice",
  engine_timeout: "it took too long",
  engine_out_of_memory: "it needed too much memory",
  engine_failed: "it has something that the engine does not understand",
};

/** One picture after the other; those that come meanwhile wait. Throws what `Inspector.inspect` may throw. */
export function createInspector({
  engine,
  files,
  workRoot,
  log,
  timeLimitMs = TIME_LIMIT_MS,
}: InspectorDeps): Inspector {
  const ask = (path: string, type: string, signal: AbortSignal): Promise<InspectResult> =>
    engine.request(
      { type: "inspect", inputs: { image: [{ path, type }] } },
      { result: inspectResultSchema, timeoutMs: timeLimitMs, signal },
    );
  return {
    async inspect(picture, { signal }) {
      await engine.ready().catch((cause: unknown) => {
        throw new AppError("unavailable", NOT_STARTED, { cause, retryAfterSeconds: NOT_STARTED_S });
      });
      const dir = makeWorkDir(workRoot, "job");
      try {
        const path = await download(files, picture, dir, signal);
        return await ask(path, picture.type, signal).catch((error: unknown) => {
          // once may be an accident, such as a machine without memory
          if (!hasCode(error, "engine_crashed")) throw error;
          return ask(path, picture.type, signal);
        });
      } catch (error) {
        throw faultOf(error, log);
      } finally {
        await removeWorkDir(dir);
      }
    },
  };
}

const NOT_STARTED = "Pictures cannot be inspected right now: the engine does not start.";

async function download(files: Files, picture: StoredPicture, dir: string, signal: AbortSignal): Promise<string> {
  const { key, etag, type, bytes } = picture;
  const path = join(dir, `picture.${endingOf(type)}`);
  const stored = await downloadTo(path, files, key, signal);
  if (stored.etag === etag && stored.bytes === bytes) return path;
  throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
}

/** Codes of the storage, of the client's leaving and of the end of this process, besides those of the picture. */
const PASSED_ON: ErrorCode[] = [
  ...PICTURE_FAULTS,
  ...(["not_found", "precondition_failed", "storage_unavailable", "storage_full", "canceled", "unavailable"] as const),
];

function faultOf(error: unknown, log: Log): unknown {
  if (!(error instanceof AppError) || PASSED_ON.includes(error.code)) return error;
  log.warn({ err: error }, "picture not inspected");
  const why = FAILURES[error.code] ?? "the engine refuses it";
  const help = "Save it again, or send a smaller copy.";
  return new AppError("input_unreadable", `The picture could not be inspected: ${why}. ${help}`, { cause: error });
}

/** Throws what `boundedCalls` throws, too. */
export function boundedInspector(inspector: Inspector, bounds: Pick<Bounds, "perOwner" | "total">): Inspector {
  const within = boundedCalls({ ...bounds, noun: "pictures", done: "inspected" });
  return { inspect: (picture, options) => within(options.owner, () => inspector.inspect(picture, options)) };
}
