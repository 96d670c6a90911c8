/**
 * Lips that part: above the line between them goes up, below it down. Behind them is what the photo shows there, if its mouth is
 * open; else teeth and the dark of the mouth are painted, in tones taken from the face so that they fit its light.
 */

import type { Face } from "../../face/face.ts";
import type { Box, Layer } from "../canvas/patch.ts";
import type { Planes } from "../canvas/planes.ts";
import { createCurve, fromSlit, slitFrame, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH, type Point } from "../head/head.ts";
import { meanTone, toneAt } from "../head/tone.ts";
import { createInterior, lipTone } from "./interior.ts";
import { JAW_OPEN } from "./mouth-shapes.ts";

/** In E: how far the upper lip can be drawn up and the lower one down, beyond what the jaw does. */
const LIP_TRAVEL = 0.05;
const BLEND = 1.3;
/** In E: how wide the wet edge of a lip is. */
const LIP_EDGE = 0.014;
/** A mouth that is open by this much (E) shows what is in it. */
const SHOWS_INSIDE = 0.035;

type Parting = { jaw: number; upperUp: number; lowerDown: number; smile: number };

type Mouth = {
  /**
   * How far a jaw opens beyond the still, of what `jawOpen` asks. What the mouth shows already needs no opening, and where it shows its
   * teeth the lower lip leaves them little: below them a dark crescent would appear.
   */
  jaw(asked: number): number;
  /** Nothing when the lips stay together. */
  layer(parting: Parting): Layer | undefined;
  box: Box;
};

/** `face` in pixels of the still. */
export function createMouth(head: Head, face: Face, still: Planes): Mouth {
  const point = (i: number) => head.point(i);
  const frame = slitFrame(point(MESH.lipInnerUpper[0]), point(MESH.lipInnerUpper[10]));
  const curve = (indices: readonly number[]) =>
    createCurve(
      indices.map((i) => toSlit(frame, point(i))),
      2,
    );
  const upperRaw = curve(MESH.lipInnerUpper);
  const lowerRaw = curve(MESH.lipInnerLower);
  const gap = Math.max(0, lowerRaw(0) - upperRaw(0)) / head.unit;
  const inside = smooth((gap - 0.5 * SHOWS_INSIDE) / (0.5 * SHOWS_INSIDE));
  // Lips that are closed touch in one line; the two contours differ there only by noise.
  const line = (t: number): number => (upperRaw(t) + lowerRaw(t)) / 2;
  const upper = (t: number): number => line(t) + inside * (Math.min(upperRaw(t), lowerRaw(t)) - line(t));
  const lower = (t: number): number => line(t) + inside * (Math.max(upperRaw(t), lowerRaw(t)) - line(t));
  const above = Math.max(0.12 * head.unit, -toSlit(frame, point(MESH.noseBase)).v);
  const below = Math.max(0.3 * head.unit, toSlit(frame, point(MESH.chin)).v);
  const interior = createInterior(head, face, still, frame);
  const open = Math.max(gap / JAW_OPEN, inside * 0.25);
  const teeth = teethSeen(head, still, (t) => fromSlit(frame, t, (upper(t) + lower(t)) / 2));

  return {
    jaw: (asked) => Math.max(0, asked - open) * (1 - inside * (0.35 + 0.4 * teeth)),
    layer({ jaw, upperUp, lowerDown, smile }) {
      // Lips that already show teeth are not drawn apart further by a smile.
      const lips = LIP_TRAVEL * head.unit * (1 - inside);
      const byJaw = 0.5 * JAW_OPEN * head.unit * jaw;
      const up = byJaw + lips * upperUp;
      const down = byJaw + lips * lowerDown;
      if (up + down < 0.05) return undefined;
      const paint = interior({ upperUp, smile, teeth: 1 - inside });
      const rim = inside * LIP_EDGE * head.unit;
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
        const behind = Math.min(v - upperEdge, lowerEdge - v);
        const share = smooth((behind + BLEND) / (2 * BLEND)) * smooth((raised + lowered) / 2);
        seen.x = x - shift * frame.across.y;
        seen.y = y + shift * frame.across.x;
        if (share <= 0) return;
        // What the photo shows between the lips hangs on the upper jaw: it keeps its place below the upper lip while the lower one
        // leaves it. The lips' own wet edges are no part of it.
        const hung = byJaw * profile;
        const own = v + hung;
        const revealed = Math.max(
          smooth((upper(t) + rim - own) / BLEND + 0.5),
          smooth((own - lower(t) + rim) / BLEND + 0.5),
        );
        const painted = 1 - inside * (1 - revealed);
        seen.x2 = seen.x;
        seen.y2 = seen.y;
        seen.x = x - hung * frame.across.y;
        seen.y = y + hung * frame.across.x;
        // out = lip × (1 - share) + (photo × (1 - painted) + paint × painted) × share
        seen.paint = share * painted;
        seen.share = (share - seen.paint) / Math.max(1e-6, 1 - seen.paint);
        paint({ t, down: v - upperEdge, gap: lowerEdge - upperEdge, x, y }, seen);
      };
    },
    box: {
      left: frame.middle.x - frame.halfWidth * 1.1,
      right: frame.middle.x + frame.halfWidth * 1.1,
      top: frame.middle.y - above - 0.1 * head.unit,
      bottom: frame.middle.y + below + 0.05 * head.unit,
    },
  };
}

/** 1 where what is between the lips is plainly lighter than they are. */
function teethSeen(head: Head, still: Planes, between: (t: number) => Point): number {
  const places = [-0.4, -0.2, 0, 0.2, 0.4].map(between);
  const inside = meanTone(
    places.map((p) => toneAt(still, p.x, p.y)),
    0,
    1,
  );
  const lips = lipTone(head, still);
  return smooth(((inside.luma - 16) / Math.max(1, lips.luma - 16) - 1.05) / 0.25);
}
