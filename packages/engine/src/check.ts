import type { CheckRequest, CheckResult } from "@smileloop/core/engine-protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { readVideo, type VideoInfo } from "./media/video-reader.ts";
import type { TaskContext } from "./task.ts";

/** Judges a finished video by what was asked. Throws one of the `check_…` codes. */
export async function check(request: CheckRequest, { signal }: TaskContext): Promise<CheckResult> {
  const started = performance.now();
  const info = await readVideo(request.file, { signal }).catch((error: unknown): VideoInfo => {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The result does not decode.", { cause: error });
  });
  const { width, height, fps, frames, duration, bytes } = info;
  return {
    video: { width, height, fps, frames, duration, bytes },
    timings: { check: Math.round(performance.now() - started) },
  };
}
