/**
 * Reads the marks of stored files. They may be anything: signatures are read in a thread with limits (`signing/c2pa.ts`), pictures in an
 * engine process.
 */
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import type { StoredPicture } from "@smileloop/core/inspector.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { FindMark, FoundMark } from "@smileloop/core/marking/mark.ts";
import { endingOf, mediaClassOf } from "@smileloop/core/media/types.ts";
import type { FoundMarks, Verifier } from "@smileloop/core/verifier.ts";
import { type Bounds, boundedCalls } from "./bounded-calls.ts";
import { downloadTo } from "./download.ts";
import { fairTurns } from "./fair-turns.ts";
import { type C2pa, C2paTimeout } from "./signing/c2pa.ts";
import { findSignature, type Trusted } from "./signing/verdict.ts";
import { makeWorkDir, removeWorkDir } from "./work-dirs.ts";

export type MarkReader = {
  c2pa: Pick<C2pa, "read">;
  /** Whose signatures count as ours. */
  trusted: () => Promise<readonly Trusted[]>;
  /** Null where nothing looks for invisible marks. */
  findMark: FindMark | null;
  log: Log;
};

type VerifierDeps = MarkReader & {
  files: Files;
  /** Cleared of leftovers by the caller. */
  workRoot: string;
};

/** Most of them wait, and the callers take turns. */
const BOUNDS: Bounds = { perOwner: 2, total: 40, noun: "files", done: "verified" };
/** Reader and decoder take one file at a time: with more lanes, waiting for them would count as a file's own time. */
const LANES = 1;
/** For one file, once it is its turn; downloading it counts. */
const TIME_LIMIT_MS = 20_000;

/** Throws what `Verifier.verify` may throw. */
export function createVerifier({ files, workRoot, ...reader }: VerifierDeps): Verifier {
  return {
    async verify(file, { signal }) {
      const dir = makeWorkDir(workRoot, "job");
      try {
        const path = await download(files, file, dir, signal);
        return await readMarks(reader, { path, type: file.type, signal });
      } finally {
        await removeWorkDir(dir);
      }
    },
  };
}

/** Throws what `boundedCalls` throws, too, and `unavailable` for a file that takes too long. */
export function boundedVerifier(verifier: Verifier, timeLimitMs = TIME_LIMIT_MS): Verifier {
  const within = boundedCalls(BOUNDS);
  const inTurn = fairTurns(LANES);
  const verify: Verifier["verify"] = async (file, options) => {
    const limit = AbortSignal.timeout(timeLimitMs);
    const signal = AbortSignal.any([options.signal, limit]);
    return verifier.verify(file, { ...options, signal }).catch((cause: unknown) => {
      options.signal.throwIfAborted();
      throw limit.aborted ? tooLong(cause) : cause;
    });
  };
  return {
    verify: (file, options) =>
      within(options.owner, () => inTurn(options.owner, options.signal, () => verify(file, options))),
  };
}

const TOO_LONG = "The file took too long to verify; try again later, or send a shorter one.";
const NOT_LOOKED = "The invisible mark could not be looked for; try again later.";
const LATER_S = 30;
const tooLong = (cause: unknown) => new AppError("unavailable", TOO_LONG, { cause, retryAfterSeconds: LATER_S });

/**
 * Both kinds of marks of a file here. Throws the signal's reason, and `unavailable` where it is not the file's fault that nothing can be said
 * of it: the machine may be busy.
 */
export async function readMarks(
  { c2pa, trusted, findMark, log }: MarkReader,
  { path, type, signal }: { path: string; type: string; signal: AbortSignal },
): Promise<FoundMarks> {
  const found = await findSignature(c2pa, await trusted(), { path, type, signal }).catch((error: unknown) => {
    throw error instanceof C2paTimeout ? tooLong(error) : error;
  });
  if (!findMark || !["image", "video"].includes(mediaClassOf(type) ?? "")) return { ...found, watermark: null };
  try {
    const { found: isFound, payload } = await findMark(path, { type, signal });
    return { ...found, watermark: { found: isFound, ...(payload === undefined ? {} : { payload }) } };
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, "no mark could be looked for");
    // what cannot be decoded shows nothing; a key that cannot be read, or an engine that failed, says nothing of the file
    if (error instanceof AppError && !error.retryable)
      return { ...found, watermark: { found: false } satisfies FoundMark };
    throw new AppError("unavailable", NOT_LOOKED, { cause: error, retryAfterSeconds: LATER_S });
  }
}

async function download(files: Files, file: StoredPicture, dir: string, signal: AbortSignal): Promise<string> {
  const { key, etag, type, bytes } = file;
  const path = join(dir, `file.${endingOf(type)}`);
  const stored = await downloadTo(path, files, key, signal);
  if (stored.etag === etag && stored.bytes === bytes) return path;
  throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
}
