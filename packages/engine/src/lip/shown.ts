/** When each frame of the result is shown, and which frame of the video it shows. Pure. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type Sync, shownAt } from "@smileloop/core/speech/sync.ts";
import { frameAt } from "../media/film-reader.ts";

/** `times`: when each frame is shown, and when the last one ends, where they are not evenly apart, s. `spans`: what may be changed, s. */
export type Timing = {
  sync: Sync;
  times?: readonly number[] | undefined;
  spans?: readonly { from: number; to: number }[] | undefined;
};

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

/** By frame of the result: whether it may be changed. */
export function framesInSpans(
  { frames, fps }: Pick<MotionFrames, "frames" | "fps">,
  { times, spans }: Timing,
): boolean[] {
  return Array.from({ length: frames }, (_, n) => {
    const at = timeOf(n, { fps }, times);
    return !spans || spans.some(({ from, to }) => at >= from && at < to);
  });
}

/** Frames of those that stay as they are, evenly apart, so that a check can look at them. */
export function keptFrames(free: readonly boolean[], most = 6): number[] {
  const all = free.flatMap((is, n) => (is ? [] : [n]));
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, n) => all[Math.floor(((n + 0.5) * all.length) / count)]!);
}
