/**
 * Lids that close. The upper lid's edge, lashes and all, travels rigidly towards the lower one; the skin between edge and brow
 * stretches, most in its middle; the eyeball stays where it is and is covered.
 */
import type { LidContours } from "../face/face.ts";
import { smooth } from "./channels.ts";
import { createCurve, slitFrame, toSlit } from "./curve.ts";
import { type Head, MESH, type Side } from "./head.ts";
import type { Box, Layer } from "./patch.ts";

/** The contour is that of the visible eyeball; lashes reach a little beyond the corners and above it. */
const WIDER = 1.06;
const HIGHER = 0.06;
/** A closed lid ends this share of the opening above the lower lid's contour. */
const MEETS = 0.06;
/** Lid edge and lash roots, in E. */
const EDGE = 0.012;
/** Where the lid's edge passes into the eyeball, pixels. */
const BLEND = 1.1;

export type Eye = {
  /** What a closing (0–1) shows. */
  layer(closing: number): Layer;
  box: Box;
};

export function createEye(head: Head, lids: LidContours, side: Side): Eye {
  const pairs = (flat: Float32Array) =>
    Array.from({ length: flat.length / 2 }, (_, i) => ({ x: flat[2 * i]!, y: flat[2 * i + 1]! }));
  const upperPoints = pairs(lids.upper);
  const lowerPoints = pairs(lids.lower);
  const ends = [upperPoints[0]!, upperPoints.at(-1)!].toSorted((a, b) => a.x - b.x);
  const narrow = slitFrame(ends[0]!, ends[1]!);
  const frame = { ...narrow, halfWidth: narrow.halfWidth * WIDER };
  const curve = (points: { x: number; y: number }[]) =>
    createCurve(
      points.map((p) => toSlit(frame, p)),
      2,
    );
  const upperLine = curve(upperPoints);
  const lower = curve(lowerPoints);
  const brow = createCurve(
    MESH.browUnder[side].map((i) => toSlit(frame, head.point(i))),
    6,
  );
  const opening = Math.max(1, lower(0) - upperLine(0));
  const upper = (t: number): number => upperLine(t) - HIGHER * (lower(t) - upperLine(t));
  const edge = EDGE * head.unit;

  const layer =
    (closing: number): Layer =>
    (x, y, seen) => {
      const { t, v } = toSlit(frame, { x, y });
      if (t < -1.15 || t > 1.15) return;
      const from = upper(t);
      const full = (lower(t) - from) * (1 - MEETS);
      const travel = closing * Math.max(0, full) * (1 - smooth((Math.abs(t) - 0.95) / 0.2));
      if (travel < 0.02) return;
      const now = from + travel;
      // The skin gives way from the brow down, or from higher where the brow is close.
      const rest = Math.min(brow(t), from - 0.9 * opening);
      const shift = v >= now - edge ? travel : travel * smooth((v - rest) / (now - edge - rest));
      seen.x = x + shift * frame.across.y;
      seen.y = y - shift * frame.across.x;
      seen.x2 = x;
      seen.y2 = y;
      seen.share = Math.min(1, Math.max(0, (now - v) / BLEND + 0.5));
    };

  const reach = frame.halfWidth * 1.2;
  const top = Math.min(...MESH.browUnder[side].map((i) => head.point(i).y), frame.middle.y - 2 * opening);
  return {
    layer,
    box: {
      left: frame.middle.x - reach,
      right: frame.middle.x + reach,
      top: top - 0.05 * head.unit,
      bottom: Math.max(...lowerPoints.map((p) => p.y)) + 0.05 * head.unit,
    },
  };
}
