/** The body of a reply of S3 as a stream of ours: it ends with its signal, and one that was cut off is an error. */
import type { Readable } from "node:stream";
import { AppError } from "../errors.ts";

export type S3Body = Readable | undefined;

export function streamOf(body: S3Body, bytes: number, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const chunks = body?.[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> | undefined;
  let came = 0;
  let onAbort = () => {};
  const end = () => signal?.removeEventListener("abort", onAbort);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal?.reason);
          body?.destroy();
        };
        signal?.addEventListener("abort", onAbort);
        // it is read through the iterator; nobody else would hear that it breaks off before
        body?.on("error", () => {});
      },
      async pull(controller) {
        try {
          const next = await chunks?.next();
          if (next && !next.done) {
            came += next.value.byteLength;
            controller.enqueue(new Uint8Array(next.value));
            return;
          }
          if (came < bytes) throw new Error(`only ${came} of ${bytes} bytes came`);
          end();
          controller.close();
        } catch (error) {
          end();
          if (signal?.aborted) throw signal.reason;
          throw new AppError("storage_unavailable", "The file ended too early; try again.", { cause: error });
        }
      },
      cancel() {
        end();
        body?.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
