/** Whether the frames of a finished video are shown when they were asked for. */
import { AppError } from "@smileloop/core/errors.ts";
import type { VideoInfo } from "../media/video-reader.ts";

/** How far from its time a frame may be: containers count in whole milliseconds. */
const MOST_OFF = 0.0015;

/** Frames at times of their own. Throws `check_wrong_shape`. */
export function requireTimes(
  info: VideoInfo,
  times: readonly number[],
  given: { width: number; height: number },
): void {
  const [wanted, size] = [times.slice(0, -1), `${given.width} × ${given.height}`];
  if (info.width !== given.width || info.height !== given.height || info.frames !== wanted.length) {
    const made = `${info.frames} frames of ${info.width} × ${info.height}`;
    throw new AppError(
      "check_wrong_shape",
      `The finished video has ${made}; ${wanted.length} of ${size} were asked for.`,
    );
  }
  const off = wanted.findIndex((at, n) => Math.abs(info.times[n]! - at) > MOST_OFF);
  if (off < 0) return;
  const shown = `at ${info.times[off]!.toFixed(3)} s`;
  throw new AppError(
    "check_wrong_shape",
    `The finished video shows frame ${off} ${shown}; it was asked for at ${wanted[off]!.toFixed(3)} s.`,
  );
}
