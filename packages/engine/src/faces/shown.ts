/** Which frames of a video a result with another rate shows. Pure. */
import type { VideoSpec } from "@smileloop/core/engine/protocol.ts";

/** How often each frame is shown: each frame of the result shows the one that is nearest in time. `stamps`: seconds from the first. */
export function shownFrames(stamps: readonly number[], { fps, frames }: Pick<VideoSpec, "fps" | "frames">): number[] {
  const counts = stamps.map(() => 0);
  let at = 0;
  for (let n = 0; n < frames && stamps.length > 0; n++) {
    const seconds = n / fps;
    while (at + 1 < stamps.length && Math.abs(stamps[at + 1]! - seconds) < Math.abs(stamps[at]! - seconds)) at++;
    counts[at]!++;
  }
  return counts;
}
