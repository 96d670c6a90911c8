/**
 * Lips that part: above the line between them goes up, below it down. Behind them is what the photo shows there, if its mouth is
 * open; else teeth and the dark of the mouth are painted, in tones taken from the face so that they fit its light.
 */

import { createCurve, fromSlit, type SlitFrame, slitFrame, toSlit } from "./curve.ts";
import { smooth } from "./falloff.ts";
import { type Head, MESH } from "./head.ts";
import { JAW_OPEN } from "./mouth-shapes.ts";
import type { Box, Layer } from "./patch.ts";
import type { Planes } from "./planes.ts";
import { meanTone, type Tone, toneAt } from "./tone.ts";

/** In E: how far the upper lip can be drawn up and the lower one down, beyond what the jaw does. */
const LIP_TRAVEL = 0.05;
const BLEND = 1.3;
/** A mouth that is open by this much (E) shows what is in it. */
const SHOWS_INSIDE = 0.035;
/** In E: edges between upper teeth from the middle outwards (they turn away, so they narrow), and how far teeth reach down. */
const TEETH_EDGES = [0, 0.092, 0.162, 0.225, 0.272];
const TEETH_HEIGHT = 0.075;

export type Parting = { jaw: number; upperUp: number; lowerDown: number };

export type Mouth = {
  /** A jaw opening up to this shows nothing that the still does not show already. */
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
  const gap = Math.max(0, lowerRaw(0) - upperRaw(0)) / head.unit;
  const inside = smooth((gap - 0.5 * SHOWS_INSIDE) / (0.5 * SHOWS_INSIDE));
  // Lips that are closed touch in one line; the two contours differ there only by noise.
  const line = (t: number): number => (upperRaw(t) + lowerRaw(t)) / 2;
  const upper = (t: number): number => line(t) + inside * (Math.min(upperRaw(t), lowerRaw(t)) - line(t));
  const lower = (t: number): number => line(t) + inside * (Math.max(upperRaw(t), lowerRaw(t)) - line(t));
  const above = Math.max(0.12 * head.unit, -toSlit(frame, point(MESH.noseBase)).v);
  const below = Math.max(0.3 * head.unit, toSlit(frame, point(MESH.chin)).v);
  const paint = createInterior(head, still, frame);

  return {
    open: Math.max(gap / JAW_OPEN, inside * 0.25),
    layer({ jaw, upperUp, lowerDown }) {
      // Lips that already show teeth are not drawn apart further by a smile.
      const lips = LIP_TRAVEL * head.unit * (1 - inside);
      const up = 0.5 * JAW_OPEN * head.unit * jaw + lips * upperUp;
      const down = 0.5 * JAW_OPEN * head.unit * jaw + lips * lowerDown;
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
        const behind = Math.min(v - upperEdge, lowerEdge - v);
        const share = smooth((behind + BLEND) / (2 * BLEND)) * smooth((raised + lowered) / 2);
        seen.x = x - shift * frame.across.y;
        seen.y = y + shift * frame.across.x;
        if (share <= 0) return;
        // What the photo shows between the lips is fixed to the upper jaw, so it stays.
        const revealed = Math.max(smooth((upper(t) - v) / BLEND + 0.5), smooth((v - lower(t)) / BLEND + 0.5));
        const painted = 1 - inside * (1 - revealed);
        seen.x2 = seen.x;
        seen.y2 = seen.y;
        seen.x = x;
        seen.y = y;
        seen.share = share;
        seen.paint = share * painted;
        paint(t, v - upperEdge, lowerEdge - upperEdge, seen);
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

/** Colours what is behind parted lips: `down` pixels below the upper lip's edge where the gap is `gap` pixels high. */
function createInterior(
  head: Head,
  still: Planes,
  frame: SlitFrame,
): (t: number, down: number, gap: number, into: Tone) => void {
  const { skin, lightAt } = skinTones(head, still);
  const lips = lipTone(head, still);
  const width = frame.halfWidth / head.unit;
  const light = skin.luma - 16;
  // Teeth are a little darker than the brightest skin, or they glow, and have some of its hue, or they look cold.
  const teeth: Tone = { luma: 16 + 0.94 * light, cb: 128 + 0.72 * (skin.cb - 128), cr: 128 + 0.72 * (skin.cr - 128) };
  const cavity: Tone = { luma: 16 + 0.3 * (lips.luma - 16), cb: lips.cb, cr: 128 + 0.8 * (lips.cr - 128) };
  return (t, down, gap, into) => {
    const x = Math.abs(t * width);
    const nearest = Math.min(...TEETH_EDGES.map((edge) => Math.abs(x - edge)));
    const height = TEETH_HEIGHT * head.unit * (1 - 0.25 * t * t) * (0.95 + 0.05 * smooth(nearest / 0.025));
    const bottom = Math.min(height, gap - 0.004 * head.unit);
    const tooth = smooth((bottom - down) / (0.02 * head.unit) + 0.5) * (1 - smooth((Math.abs(t) - 0.72) / 0.28));
    const lipShadow = 0.7 + 0.3 * smooth(down / (0.03 * head.unit));
    const turned = 1 - 0.4 * smooth(Math.abs(t) / 0.95);
    const between = 1 - 0.13 * Math.exp(-((nearest / 0.008) ** 2)) * smooth(down / (0.02 * head.unit));
    const shade = lipShadow * turned * between * lightAt(t);
    // In the corners the lips touch behind the gap.
    const dark = cavity.luma + (lips.luma * 0.62 - cavity.luma) * smooth((Math.abs(t) - 0.6) / 0.4);
    into.luma = dark + tooth * (16 + (teeth.luma - 16) * shade - dark);
    into.cb = cavity.cb + tooth * (teeth.cb - cavity.cb);
    into.cr = cavity.cr + tooth * (teeth.cr - cavity.cr);
  };
}

function lipTone(head: Head, still: Planes): Tone {
  const middle = (a: readonly number[], b: readonly number[]) =>
    a.slice(3, 8).map((index, i) => {
      const p = head.point(index);
      const q = head.point(b[i + 3]!);
      return toneAt(still, (p.x + q.x) / 2, (p.y + q.y) / 2);
    });
  const tones = [...middle(MESH.lipInnerUpper, MESH.lipOuterUpper), ...middle(MESH.lipInnerLower, MESH.lipOuterLower)];
  return meanTone(tones, 0.1, 0.8);
}

/**
 * The brighter skin around the mouth, and how light it is there across the mouth: 1 is as `skin`, so that teeth lie in the
 * shadow where the face does.
 */
function skinTones(head: Head, still: Planes): { skin: Tone; lightAt: (t: number) => number } {
  const frame = slitFrame(head.point(MESH.mouthCorner.right), head.point(MESH.mouthCorner.left));
  const noseBase = toSlit(frame, head.point(MESH.noseBase)).v;
  const chin = toSlit(frame, head.point(MESH.chin)).v;
  const columns = Array.from({ length: 9 }, (_, i) =>
    [1.6 * noseBase, 0.7 * noseBase, 0.6 * chin, 0.8 * chin].map((v) => {
      const { x, y } = fromSlit(frame, (i / 4 - 1) * 1.2, v);
      return toneAt(still, x, y);
    }),
  );
  const skin = meanTone(columns.flat(), 0.45, 0.95);
  const side = (chosen: Tone[][]): number => {
    const { luma } = meanTone(chosen.flat(), 0.25, 0.95);
    return Math.min(1.05, Math.max(0.55, (luma - 16) / Math.max(1, skin.luma - 16)));
  };
  const [right, left] = [side(columns.slice(0, 4)), side(columns.slice(5))];
  return { skin, lightAt: (t) => right + (left - right) * smooth((t + 1) / 2) };
}
