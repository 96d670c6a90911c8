/** One eye: its lid that closes, and its gaze. */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../../media/planes.ts";
import type { Layer, Patch } from "../canvas/patch.ts";
import { type Curve, createCurve, fromSlit, toSlit } from "../head/curve.ts";
import type { Head, Side } from "../head/head.ts";
import { toneAt } from "../head/tone.ts";
import { createGaze } from "./gaze.ts";
import type { Glasses } from "./glasses.ts";
import { createLid } from "./lids.ts";
import { findOpening, type Opening } from "./opening.ts";

/** A lid follows the eye down by this share of its opening. */
const FOLLOWS_DOWN = 0.38;

/** `closing` 0–1; `lookX` and `lookY` −1–1, to the right of the picture and down. */
export type EyeState = { closing: number; lookX: number; lookY: number };

export type Eye = {
  /** Nothing where the eye stays as it is. */
  patch(state: EyeState): Patch | undefined;
};

/** `face` in pixels of the still. */
export function createEye(head: Head, face: Face, side: Side, still: Planes, glasses: Glasses): Eye {
  const opening = findOpening(head, face, side, still);
  const { frame, upper, lower, brow, height, bottom, unit } = opening;
  const rim = rimLine(still, opening, glasses.score);
  // The skin gives way from the brow down, from higher where the brow is close, from below the rim of glasses.
  const rest = (t: number): number => {
    const from = upper(t);
    return Math.min(
      Math.max(Math.min(brow(t), from - 0.9 * height), rim(t)),
      from - (0.3 - 0.2 * glasses.score) * height,
    );
  };
  const outside = (x: number, y: number): boolean => {
    const { t, v } = toSlit(frame, { x, y });
    return Math.abs(t) > 1 || v < upper(t) - 1 || v > lower(t) + 1;
  };
  const glint = (x: number, y: number): number => (outside(x, y) ? glasses.glint(x, y) : 0);
  const lid = createLid(opening, still, { rest, rim }, glasses.score > 0 ? glint : undefined);
  const gaze = createGaze(opening, still);
  const reach = frame.halfWidth * 1.35;
  const box = {
    left: frame.middle.x - reach,
    right: frame.middle.x + reach,
    top: lid.top - 1,
    bottom: bottom + 0.15 * unit,
  };
  return {
    patch({ closing, lookX, lookY }) {
      if (glasses.hidden[side] > 0.5) return undefined;
      const gazing = gaze.patch(lookX, lookY);
      const closed = Math.min(1, closing + FOLLOWS_DOWN * Math.max(0, lookY) * (1 - closing));
      const closes = closed > 0.001 ? lid.layer(closed) : undefined;
      if (!closes) return gazing;
      if (!gazing) return { layer: closes, box };
      const both: Layer = (seen) => {
        gazing.layer(seen);
        closes(seen);
      };
      return { layer: both, box };
    },
  };
}

/** The lower edge of what is plainly darker than the lid and lies between it and the brow; the brow where there is nothing. */
function rimLine(still: Planes, { frame, upper, brow, lid, unit }: Opening, glasses: number): Curve {
  const darker = 0.33 + 0.42 * glasses;
  const points = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    const limit = 16 + darker * (lid.luma(t) - 16);
    // Glasses may cover the brow.
    const end = glasses > 0.5 ? Math.min(brow(t), upper(t) - 0.2 * unit) : brow(t);
    let dark = 0;
    let v = upper(t) - (0.06 - 0.02 * glasses) * unit;
    for (; v > end && dark < 3; v--) {
      const p = fromSlit(frame, t, v);
      dark = toneAt(still, p.x, p.y).luma < limit ? dark + 1 : 0;
    }
    return { t, v: dark === 3 ? v + 4 : end };
  });
  return createCurve(points, 12);
}
