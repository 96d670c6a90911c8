/**
 * Lids that close and eyes that look elsewhere. The upper lid's edge, lashes and all, travels rigidly towards the lower one; the skin between edge and brow
 * stretches, most in its middle; the eyeball stays where it is and is covered. The iris slides within the opening.
 */
import type { Face } from "../face/face.ts";
import { bell, smooth } from "./channels.ts";
import { createCurve, fromSlit, slitFrame, toSlit } from "./curve.ts";
import { type Head, MESH, type Point, type Side } from "./head.ts";
import type { Box, Layer } from "./patch.ts";
import type { Planes } from "./planes.ts";
import { meanTone, type Tone, toneAt } from "./tone.ts";

/** The contour is that of the visible eyeball; lashes reach a little beyond the corners and above it. */
const WIDER = 1.06;
const HIGHER = 0.08;
/** A closed lid reaches this share of the opening beyond the lower lid's contour, so that no slit of the eyeball stays. */
const BEYOND = 0.03;
/** Lid edge and lash roots, in E. */
const EDGE = 0.012;
/** How much of the skin that unrolls from the fold is painted in the lid's own tone: stretched alone it would be streaky. */
const UNROLLED = 0.72;
/** Where the lid's edge passes into the eyeball, pixels. */
const BLEND = 1.1;

/** How far the iris goes for a full look aside and up or down, and how wide it carries the eyeball along, in E. */
const LOOK_ASIDE = 0.05;
const LOOK_UP = 0.04;
const CARRIED = 0.1;

/** `closing` 0–1; `lookX` and `lookY` −1–1, to the right of the picture and down. */
export type EyeState = { closing: number; lookX: number; lookY: number };

export type Eye = {
  layer(state: EyeState): Layer;
  box: Box;
};

export function createEye(head: Head, face: Face, side: Side, still: Planes): Eye {
  const lids = face.lids[side];
  const iris = { x: face.iris[side][0]!, y: face.iris[side][1]! };
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

  const tone = lidTone(
    still,
    (t, share) => {
      const bottom = upper(t) - 2 * edge;
      return fromSlit(frame, t, bottom + (Math.min(brow(t), bottom - 3) - bottom) * share);
    },
    (t, share) => fromSlit(frame, t, lower(t) + (0.06 + 0.1 * share) * head.unit),
  );
  const rim = rimLine(still, (t, v) => fromSlit(frame, t, v), { upper, brow, tone: tone.luma, unit: head.unit });

  const layer =
    ({ closing, lookX, lookY }: EyeState): Layer =>
    (x, y, seen) => {
      const { t, v } = toSlit(frame, { x, y });
      if (t < -1.15 || t > 1.15) return;
      const from = upper(t);
      const full = (lower(t) - from) * (1 + BEYOND);
      const travel = closing * Math.max(0, full) * (1 - smooth((Math.abs(t) - 0.95) / 0.2));
      const now = from + travel;
      if (lookX !== 0 || lookY !== 0) {
        const dx = LOOK_ASIDE * head.unit * lookX;
        const dy = LOOK_UP * head.unit * lookY;
        const band = 0.3 * (lower(t) - from) + 0.5;
        const inside = smooth((v - from) / band) * smooth((lower(t) - v) / band);
        const carried = inside * bell(Math.hypot(x - iris.x - dx, y - iris.y - dy), CARRIED * head.unit);
        seen.x2 = x - dx * carried;
        seen.y2 = y - dy * carried;
      }
      if (travel < 0.02) {
        seen.x = seen.x2;
        seen.y = seen.y2;
        return;
      }
      // The skin gives way from the brow down, from higher where the brow is close, from below the rim of glasses.
      const rest = Math.min(Math.max(Math.min(brow(t), from - 0.9 * opening), rim(t)), from - 0.35 * opening);
      const shift = v >= now - edge ? travel : travel * smooth((v - rest) / (now - edge - rest));
      seen.x = x + shift * frame.across.y;
      seen.y = y - shift * frame.across.x;
      seen.share = Math.min(1, Math.max(0, (now - v) / BLEND + 0.5));
      const height = (v - from) / travel;
      const unrolled = smooth((height + 0.35) / 0.6) * (1 - smooth((v - now + 2.6 * edge) / (1.6 * edge)));
      const paint =
        UNROLLED * unrolled * seen.share * smooth(travel / (0.5 * opening)) * (1 - smooth((Math.abs(t) - 0.5) / 0.5));
      if (paint <= 0) return;
      seen.paint = paint;
      // The lid is a ball under skin: lightest half way down.
      seen.luma = 16 + (tone.luma(t) - 16) * (0.93 + 0.09 * Math.sin(Math.PI * Math.min(1, Math.max(0, height))));
      seen.cb = tone.cb(t);
      seen.cr = tone.cr(t);
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

/** Skin between lid and brow without its darkest folds and its glints, and some of that below the eye; smoothed across the eye. */
function lidTone(still: Planes, lid: (t: number, share: number) => Point, below: (t: number, share: number) => Point) {
  const toneOf = (place: (t: number, share: number) => Point, t: number): Tone => {
    const samples = Array.from({ length: 12 }, (_, k) => place(t * 0.8, k / 11));
    return meanTone(
      samples.map((p) => toneAt(still, p.x, p.y)),
      0.35,
      0.9,
    );
  };
  const columns = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    return { t, lid: toneOf(lid, t), below: toneOf(below, t) };
  });
  const across = (of: keyof Tone) =>
    createCurve(
      columns.map((column) => ({ t: column.t, v: column.lid[of] + 0.3 * (column.below[of] - column.lid[of]) })),
      40,
    );
  return { luma: across("luma"), cb: across("cb"), cr: across("cr") };
}

/** The lower edge of what is plainly darker than the lid and lies between it and the brow: −∞ where there is nothing. */
function rimLine(
  still: Planes,
  place: (t: number, v: number) => Point,
  eye: { upper(t: number): number; brow(t: number): number; tone(t: number): number; unit: number },
): (t: number) => number {
  const points = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    const limit = 16 + 0.33 * (eye.tone(t) - 16);
    let dark = 0;
    let v = eye.upper(t) - 0.06 * eye.unit;
    for (; v > eye.brow(t) && dark < 3; v--) {
      const p = place(t, v);
      dark = toneAt(still, p.x, p.y).luma < limit ? dark + 1 : 0;
    }
    return { t, v: dark === 3 ? v + 4 : eye.brow(t) };
  });
  return createCurve(points, 3);
}
