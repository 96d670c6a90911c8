/** A range of a file on disk as a stream, read only as fast as the consumer reads. */
import type { FileHandle } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { asStorageError } from "../storage/durable-files.ts";

/** Some two hundred chunks that were read are in memory before they are collected: larger ones cost that much more. */
const CHUNK_BYTES = 64 * 1024;

/** Closes the handle when it has been read, is cancelled, fails, or the signal is aborted. */
export function streamOf(
  handle: FileHandle,
  first: number,
  last: number,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let at = first;
  let closed = false;
  let onAbort = () => {};
  const close = async () => {
    signal?.removeEventListener("abort", onAbort);
    if (closed) return;
    closed = true;
    await handle.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal?.reason);
          void close();
        };
        signal?.addEventListener("abort", onAbort);
      },
      async pull(controller) {
        try {
          const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, last + 1 - at));
          const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, at);
          at += bytesRead;
          if (bytesRead > 0) controller.enqueue(chunk.subarray(0, bytesRead));
          if (bytesRead > 0 && at <= last) return;
          await close();
          if (at <= last) throw new AppError("storage_unavailable", "The file ended too early.");
          controller.close();
        } catch (error) {
          await close();
          throw signal?.aborted ? signal.reason : asStorageError(error);
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
