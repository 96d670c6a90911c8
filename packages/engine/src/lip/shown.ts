/** When each frame of the result is shown, and which frame of the video it shows. Pure. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type Sync, shownAt } from "@smileloop/core/speech/sync.ts";
import { frameAt } from "../media/film-reader.ts";

/** `times`: when each frame is shown, and when the last one ends, where they are not evenly apart, s. */
export type Timing = { sync: Sync; times?: readonly number[] | undefined };

/** Seconds. */
export function timeOf(frame: number, { fps }: Pick<MotionFrames, "fps">, times?: readonly number[]): number {
  return times ? times[frame]! : frame / fps;
}

/** By frame of the result. `stamps`: of the video's frames, s. */
export function shownFrames(stamps: readonly number[], motion: MotionFrames, { sync, times }: Timing): number[] {
  return Array.from({ length: motion.frames }, (_, n) =>
    // in its middle a frame is the one that is shown, whichever way the video runs
    times
      ? frameAt(stamps, shownAt(sync, (times[n]! + times[n + 1]!) / 2), Number.POSITIVE_INFINITY)
      : frameAt(stamps, shownAt(sync, n / motion.fps), motion.fps),
  );
}
