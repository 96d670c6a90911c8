/** When somebody who speaks blinks: at ends of phrases and in pauses first (Cummins 2012), and never twice at once. */
import { framesOf, type Run, step } from "./series.ts";

/** Seconds. */
const DOWN = 0.09;
const UP = 0.17;
const LEAST_APART = 0.8;
const NEXT = { least: 2.2, more: 2.6 } as const;
/** An end of a phrase that is this near to when a blink is due takes it. */
const EARLIER = 1.3;
const LATER = 0.9;
/** The eyes are open when the clip begins and when it ends. */
const EDGE = 0.45;

/** How far the lids are closed in each frame, 0–1. */
export function blinksOf(phrases: readonly Run[], frames: number, random: () => number): Float32Array {
  const lids = new Float32Array(frames);
  const ends = phrases.map(({ to }) => to + framesOf(0.06));
  let last = -framesOf(0.6 + 1.2 * random());
  for (;;) {
    const due = last + framesOf(NEXT.least + NEXT.more * random());
    const near = ends.filter((end) => end > due - framesOf(EARLIER) && end < due + framesOf(LATER));
    const [nearest] = near.toSorted((a, b) => Math.abs(a - due) - Math.abs(b - due));
    const at = Math.max(last + framesOf(LEAST_APART), nearest ?? due, framesOf(EDGE));
    if (at > frames - framesOf(EDGE + UP)) return lids;
    shut(lids, at);
    last = at;
  }
}

/** `at`: when the lids begin to fall. */
function shut(lids: Float32Array, at: number): void {
  const [down, up] = [framesOf(DOWN), framesOf(UP)];
  for (let frame = at; frame < Math.min(lids.length, at + down + up); frame++) {
    lids[frame] = Math.max(
      lids[frame]!,
      frame < at + down ? step((frame - at + 1) / down) : step((at + down + up - frame) / up),
    );
  }
}
