/** Which frames of a video a result with another rate shows. Pure. */
import type { VideoSpec } from "@smileloop/core/engine/protocol.ts";

/** `times`: when each frame is shown, and when the last one ends, where they are not evenly apart, s. */
type Rate = Pick<VideoSpec, "fps" | "frames"> & { times?: readonly number[] | undefined };

/** By frame of the result: the frame that it shows, the nearest in time. `stamps`: seconds from the first, of at least one. */
export function shownFrames(stamps: readonly number[], { fps, frames, times }: Rate): number[] {
  let at = 0;
  // of two that are as near, the one before, whatever is left of rounding
  const isNearer = (next: number | undefined, seconds: number) =>
    next !== undefined && Math.abs(next - seconds) < Math.abs(stamps[at]! - seconds) - 1e-6;
  return Array.from({ length: frames }, (_, n) => {
    const seconds = times ? times[n]! : n / fps;
    while (isNearer(stamps[at + 1], seconds)) at++;
    return at;
  });
}

/** How often each frame is shown. */
export function timesShown(stamps: readonly number[], rate: Rate): number[] {
  const times = stamps.map(() => 0);
  for (const shown of shownFrames(stamps, rate)) times[shown]!++;
  return times;
}
