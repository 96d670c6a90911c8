/** What S3's replies mean to the adapters of `Records` and `Files`. No SDK here: errors are known by their shape. */
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../errors.ts";

const CONFLICT_TRIES = 6;
const CONFLICT_MS = 25;

const replyTimes = new WeakMap<object, number>();

/** Keeps the storage's clock, as the reply's header had it, with the SDK's result. */
export function noteReplyTime(output: object, headers: Record<string, string> | undefined): void {
  replyTimes.set(output, Date.parse(headers?.date ?? ""));
}

/** Milliseconds since 1970, whole seconds. */
export function replyTimeMs(output: object): number {
  const ms = replyTimes.get(output);
  if (ms === undefined || Number.isNaN(ms)) throw new Error("The reply of the storage has no time.");
  return ms;
}

/** The HTTP status of an error of the SDK; null when there was no reply. */
export function statusOf(error: unknown): number | null {
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  return status ?? null;
}

/** How often the SDK has tried the call that ended in this error. */
export function triesOf(error: unknown): number {
  return (error as { $metadata?: { attempts?: number } } | null)?.$metadata?.attempts ?? 1;
}

/**
 * Runs a call, and the same again while it meets another one on the same key (409). The SDK itself repeats what was throttled,
 * failed in S3 or got no reply; so after any write, "it is there already" may be the answer to one's own.
 */
export async function untilNoConflict<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (statusOf(error) !== 409 || tries === CONFLICT_TRIES) throw error;
      await delay(CONFLICT_MS * tries * (0.5 + Math.random()));
    }
  }
}

/** What callers are told of an error that an adapter has no better name for. */
export function asStorageError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  const status = statusOf(error);
  if (status === 403) {
    const why = "the service may lack a right, such as s3:ListBucket, without which missing files are refused, too";
    return new AppError("internal", `The storage refused the request: ${why}.`, { cause: error });
  }
  return new AppError("storage_unavailable", "The storage does not answer; try again.", { cause: error });
}

/** S3 takes etags in quotes and without, others only without. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? "").replaceAll('"', "");
}
