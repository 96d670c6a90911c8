/** Lips that part: above the line between them goes up, below it down, and what lies behind is seen or painted. */
import { JAW_OPEN, smooth } from "./channels.ts";
import { createCurve, slitFrame, toSlit } from "./curve.ts";
import { type Head, MESH } from "./head.ts";
import type { Box, Layer } from "./patch.ts";
import type { Planes } from "./planes.ts";

/** In E: how far the upper lip can be drawn up and the lower one down, beyond what the jaw does. */
const LIP_TRAVEL = 0.05;
const BLEND = 1.2;

export type Parting = { jaw: number; upperUp: number; lowerDown: number };

export type Mouth = {
  /** How far the lips are apart in the still, as a share of a full jaw opening. */
  open: number;
  /** Nothing when the lips stay together. */
  layer(parting: Parting): Layer | undefined;
  box: Box;
};

export function createMouth(head: Head, still: Planes): Mouth {
  const point = (i: number) => head.point(i);
  const frame = slitFrame(point(MESH.lipInnerUpper[0]), point(MESH.lipInnerUpper[10]));
  const curve = (indices: readonly number[]) =>
    createCurve(
      indices.map((i) => toSlit(frame, point(i))),
      2,
    );
  const upperRaw = curve(MESH.lipInnerUpper);
  const lowerRaw = curve(MESH.lipInnerLower);
  const upper = (t: number): number => Math.min(upperRaw(t), lowerRaw(t));
  const lower = (t: number): number => Math.max(upperRaw(t), lowerRaw(t));
  const gap = lower(0) - upper(0);
  const open = gap / (JAW_OPEN * head.unit);
  const above = Math.max(0.12 * head.unit, -toSlit(frame, point(MESH.noseBase)).v);
  const below = Math.max(0.3 * head.unit, toSlit(frame, point(MESH.chin)).v);
  const dark = darkest(still, head);

  return {
    open,
    layer({ jaw, upperUp, lowerDown }) {
      const up = 0.5 * JAW_OPEN * head.unit * jaw + LIP_TRAVEL * head.unit * upperUp;
      const down = 0.5 * JAW_OPEN * head.unit * jaw + LIP_TRAVEL * head.unit * lowerDown;
      if (up + down < 0.05) return undefined;
      return (x, y, seen) => {
        const { t, v } = toSlit(frame, { x, y });
        if (t <= -1 || t >= 1) return;
        const profile = (1 - t * t) ** 0.8;
        const raised = up * profile;
        const lowered = down * profile;
        const upperEdge = upper(t) - raised;
        const lowerEdge = lower(t) + lowered;
        let shift = 0;
        if (v < upperEdge) shift = raised * (1 - smooth((upperEdge - v) / above));
        else if (v > lowerEdge) shift = -lowered * (1 - smooth((v - lowerEdge) / below));
        else shift = v - upperEdge < lowerEdge - v ? raised : -lowered;
        seen.x = x - shift * frame.across.y;
        seen.y = y + shift * frame.across.x;
        const inside = Math.min(v - upperEdge, lowerEdge - v);
        if (inside > -BLEND) {
          seen.paint = smooth((inside + BLEND) / (2 * BLEND)) * smooth((raised + lowered) / 2);
          seen.luma = dark.luma;
          seen.cb = dark.cb;
          seen.cr = dark.cr;
        }
      };
    },
    box: {
      left: frame.middle.x - frame.halfWidth * 1.1,
      right: frame.middle.x + frame.halfWidth * 1.1,
      top: frame.middle.y - above - 0.1 * head.unit,
      bottom: frame.middle.y + below + 0.3 * head.unit,
    },
  };
}

function darkest(_still: Planes, _head: Head): { luma: number; cb: number; cr: number } {
  return { luma: 34, cb: 124, cr: 138 };
}
