/** One eye: its lid that closes, and its gaze. */
import type { Face } from "../face/face.ts";
import { type Curve, createCurve, fromSlit } from "./curve.ts";
import { createGaze } from "./gaze.ts";
import type { Head, Side } from "./head.ts";
import { createLid } from "./lids.ts";
import { findOpening, type Opening } from "./opening.ts";
import type { Box, Layer } from "./patch.ts";
import type { Planes } from "./planes.ts";
import { toneAt } from "./tone.ts";

/** A lid follows the eye down by this share of its opening. */
const FOLLOWS_DOWN = 0.42;

/** `closing` 0–1; `lookX` and `lookY` −1–1, to the right of the picture and down. */
export type EyeState = { closing: number; lookX: number; lookY: number };

export type Eye = {
  layer(state: EyeState): Layer;
  box: Box;
};

/** `face` in pixels of the still. */
export function createEye(head: Head, face: Face, side: Side, still: Planes): Eye {
  const opening = findOpening(head, face, side, still);
  const { frame, upper, brow, height, bottom, unit } = opening;
  const rim = rimLine(still, opening);
  // The skin gives way from the brow down, from higher where the brow is close, from below the rim of glasses.
  const rest = (t: number): number => {
    const from = upper(t);
    return Math.min(Math.max(Math.min(brow(t), from - 0.9 * height), rim(t)), from - 0.3 * height);
  };
  const lid = createLid(opening, still, rest, undefined);
  const gaze = createGaze(opening, still);
  const reach = frame.halfWidth * 1.35;
  return {
    layer({ closing, lookX, lookY }) {
      const gazing = gaze.layer(lookX, lookY);
      const closed = Math.min(1, closing + FOLLOWS_DOWN * Math.max(0, lookY) * (1 - closing));
      const closes = closed > 0.001 ? lid(closed) : undefined;
      return (x, y, seen) => {
        gazing?.(x, y, seen);
        closes?.(x, y, seen);
      };
    },
    box: {
      left: frame.middle.x - reach,
      right: frame.middle.x + reach,
      top:
        Math.min(...[-1, 0, 1].map((t) => fromSlit(frame, t, Math.min(rest(t), upper(t) - 2 * height)).y)) -
        0.02 * unit,
      bottom: bottom + 0.15 * unit,
    },
  };
}

/** The lower edge of what is plainly darker than the lid and lies between it and the brow; the brow where there is nothing. */
function rimLine(still: Planes, { frame, upper, brow, lid, unit }: Opening): Curve {
  const points = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    const limit = 16 + 0.33 * (lid.luma(t) - 16);
    let dark = 0;
    let v = upper(t) - 0.06 * unit;
    for (; v > brow(t) && dark < 3; v--) {
      const p = fromSlit(frame, t, v);
      dark = toneAt(still, p.x, p.y).luma < limit ? dark + 1 : 0;
    }
    return { t, v: dark === 3 ? v + 4 : brow(t) };
  });
  return createCurve(points, 12);
}
