import { open } from "node:fs/promises";
import type { FinishRequest, FinishResult } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import type { TaskContext } from "../task.ts";

/**
 * Makes a file of raw frames into the finished video. Throws `engine_failed` when the file does not hold exactly the frames
 * that `spec` names, and `not_supported` for sound; no output is left then.
 */
export async function finish(request: FinishRequest, { signal, progress }: TaskContext): Promise<FinishResult> {
  const started = performance.now();
  const { spec, provenance } = request;
  if (request.audio) throw new AppError("not_supported", "Videos with sound cannot be made here yet.");
  if (spec.width % 2 !== 0 || spec.height % 2 !== 0) {
    throw new AppError("invalid_request", `Width and height have to be even, not ${spec.width}×${spec.height}.`);
  }
  const frameBytes = (spec.width * spec.height * 3) / 2;
  const input = await open(request.frames.path, "r").catch((error: unknown) => {
    throw new AppError("engine_failed", "The engine left no frames.", { cause: error });
  });
  try {
    const { size } = await input.stat();
    if (size !== frameBytes * spec.frames) {
      throw new AppError(
        "engine_failed",
        `The engine left ${size} bytes of frames instead of ${frameBytes * spec.frames}.`,
      );
    }
    const writer = await openVideoWriter({ path: request.outputs.video, ...spec, provenance });
    try {
      const frame = new Uint8Array(frameBytes);
      for (let done = 0; done < spec.frames; done++) {
        signal.throwIfAborted();
        const { bytesRead } = await input.read(frame, 0, frameBytes, done * frameBytes);
        if (bytesRead !== frameBytes) throw new AppError("engine_failed", "The engine's frames ended too early.");
        await writer.write(frame);
        progress("encode", done + 1, spec.frames);
      }
      await writer.close();
    } finally {
      await writer.abort();
    }
  } finally {
    await input.close();
  }
  return { video: spec, timings: { encode: Math.round(performance.now() - started) } };
}
