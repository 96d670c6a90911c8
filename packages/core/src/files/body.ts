/** What adapters have in common when they store and hand out bytes. */
import { createHash } from "node:crypto";
import { AppError } from "../errors.ts";
import type { ByteRange, PutOptions } from "../files.ts";

type CheckedBody = {
  chunks: AsyncIterable<Uint8Array>;
  /** Length and hash of what came; valid once `chunks` has ended. */
  sum(): { bytes: number; sha256: string };
};

/** A body that is hashed and measured as it passes, and refused as soon as it breaks what was promised of it. */
export function checkedBody(body: AsyncIterable<Uint8Array>, options: PutOptions): CheckedBody {
  const hash = createHash("sha256");
  let bytes = 0;
  let sha256 = "";
  async function* chunks() {
    for await (const chunk of untilAborted(body, options.signal)) {
      bytes += chunk.byteLength;
      if (options.maxBytes !== undefined && bytes > options.maxBytes) {
        throw new AppError("too_large", `The file is larger than ${options.maxBytes} bytes.`);
      }
      if (options.bytes !== undefined && bytes > options.bytes) throw wrongLength(options.bytes);
      hash.update(chunk);
      if (chunk.byteLength > 0) yield chunk;
    }
    if (options.bytes !== undefined && bytes !== options.bytes) throw wrongLength(options.bytes);
    sha256 = hash.digest("hex");
    if (options.sha256 !== undefined && options.sha256.toLowerCase() !== sha256) {
      throw new AppError("invalid_request", "The file does not have the sha256 that was announced; send it again.");
    }
  }
  return { chunks: chunks(), sum: () => ({ bytes, sha256 }) };
}

/** First and last byte of what is asked for, inside the file. Throws `range_not_satisfiable`. */
export function resolveRange(range: ByteRange, bytes: number): { first: number; last: number } {
  const first = range.first < 0 ? Math.max(0, bytes + range.first) : range.first;
  const last = Math.min(range.last ?? bytes - 1, bytes - 1);
  if (first > last) throw new AppError("range_not_satisfiable", `The file has ${bytes} bytes.`);
  return { first, last };
}

/** Ends at once when the signal is aborted, also while the source is silent, and tells the source so. */
async function* untilAborted(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
  const source = body[Symbol.asyncIterator]();
  let refuse: (reason: unknown) => void = () => {};
  const onAbort = () => refuse(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      // a new promise for each chunk: racing the chunks against one long-lived promise would keep all of them in memory
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        refuse = reject;
        source.next().then(resolve, reject);
      });
      if (next.done) break;
      yield next.value;
    }
    ended = true;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    // not awaited: the return() of a generator that hangs would hang with it
    if (!ended) Promise.resolve(source.return?.()).catch(() => {});
  }
}

function wrongLength(bytes: number): AppError {
  return new AppError("invalid_request", `The file does not have the ${bytes} bytes that were announced.`);
}
