import { type FileHandle, open } from "node:fs/promises";
import type { FinishRequest, FinishResult } from "@smileloop/core/engine/finish-service.ts";
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import type { TaskContext } from "../task.ts";

/**
 * Makes a file of raw frames, and a sound, into the finished video. Throws `engine_failed` when the file does not hold exactly the
 * frames that `spec` names, and what `openSound` throws; no output is left then.
 */
export async function finish(request: FinishRequest, context: TaskContext): Promise<FinishResult> {
  const started = performance.now();
  const { spec } = request;
  if (spec.width % 2 !== 0 || spec.height % 2 !== 0) {
    throw new AppError("invalid_request", `Width and height have to be even, not ${spec.width}×${spec.height}.`);
  }
  const frames = await open(request.frames.path, "r").catch((error: unknown) => {
    throw new AppError("engine_failed", "The engine left no frames.", { cause: error });
  });
  let sound: Sound | undefined;
  let again: Sound | undefined;
  try {
    const { size } = await frames.stat();
    const due = frameBytesOf(request) * spec.frames;
    if (size !== due) throw new AppError("engine_failed", `The engine left ${size} bytes of frames instead of ${due}.`);
    sound = request.audio && (await openSound(request.audio));
    if (request.outputs.preview) again = request.audio && (await openSound(request.audio));
    const audio = await write(request, frames, { sound, again }, context);
    return { video: spec, ...(audio && { audio }), timings: { encode: Math.round(performance.now() - started) } };
  } finally {
    await again?.close();
    await sound?.close();
    await frames.close();
  }
}

async function write(
  request: FinishRequest,
  frames: FileHandle,
  { sound, again }: { sound: Sound | undefined; again: Sound | undefined },
  { signal, progress }: TaskContext,
): Promise<AudioSpec | undefined> {
  const { spec, provenance, outputs } = request;
  const { video: path, poster } = outputs;
  if (poster && poster.frame >= spec.frames) {
    throw new AppError(
      "invalid_request",
      `The poster is frame ${poster.frame} of ${spec.frames}; the last one is ${spec.frames - 1}.`,
    );
  }
  const preview = outputs.preview && { ...outputs.preview, sound: again };
  const writer = await openVideoWriter({ path, ...spec, provenance, poster, sound, preview });
  try {
    const frame = new Uint8Array(frameBytesOf(request));
    for (let done = 0; done < spec.frames; done++) {
      signal.throwIfAborted();
      const { bytesRead } = await frames.read(frame, 0, frame.length, done * frame.length);
      if (bytesRead !== frame.length) throw new AppError("engine_failed", "The engine's frames ended too early.");
      await writer.write(frame);
      progress("encode", done + 1, spec.frames);
    }
    await writer.close();
    return writer.audio;
  } finally {
    await writer.abort();
  }
}

function frameBytesOf({ spec }: FinishRequest): number {
  return (spec.width * spec.height * 3) / 2;
}
