/** The body of a reply as it arrives, given up when it is too large, too slow or not whole. */
import type { IncomingMessage } from "node:http";
import { AppError } from "@smileloop/core/errors.ts";
import { slowFault, transportFault } from "@smileloop/core/fetch/faults.ts";
import type { FetchLimits } from "./limits.ts";

type Reading = { host: string; maxBytes: number; limits: FetchLimits; signal: AbortSignal };

/**
 * Throws `too_large`, `fetch_unavailable`, and what the signal was aborted with. Only time that the other server takes counts, not
 * that of the reader.
 */
export async function* bodyOf(reply: IncomingMessage, reading: Reading): AsyncGenerator<Uint8Array> {
  const { host, maxBytes, limits, signal } = reading;
  const chunks = reply[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let bytes = 0;
  let waitedMs = 0;
  try {
    for (;;) {
      const from = performance.now();
      const { done, value } = await nextChunk(chunks, reply, reading);
      if (done) break;
      waitedMs += performance.now() - from;
      bytes += value.byteLength;
      if (bytes > maxBytes) throw tooLarge(host, null, maxBytes);
      if (waitedMs > limits.rateAfterMs && bytes / (waitedMs / 1000) < limits.minRate) {
        throw slowFault(host, "sends the file too slowly");
      }
      yield value;
    }
    if (!reply.complete) throw transportFault(host, Object.assign(new Error("cut off"), { code: "ECONNRESET" }));
  } catch (error) {
    throw signal.aborted ? signal.reason : transportFault(host, error);
  } finally {
    reply.destroy();
  }
}

async function nextChunk(
  chunks: AsyncIterator<Uint8Array>,
  reply: IncomingMessage,
  { host, limits }: Reading,
): Promise<IteratorResult<Uint8Array, undefined>> {
  const fault = slowFault(host, "stopped sending the file");
  const silent = setTimeout(() => reply.destroy(fault), limits.silenceMs);
  try {
    return (await chunks.next()) as IteratorResult<Uint8Array, undefined>;
  } finally {
    clearTimeout(silent);
  }
}

/** `bytes`: null where it is not known how many there would be. */
export function tooLarge(host: string, bytes: number | null, maxBytes: number): AppError {
  const size = bytes === null ? "more" : `${bytes} bytes`;
  return new AppError("too_large", `The file at ${host} has ${size}; at most ${maxBytes} bytes are accepted.`);
}
