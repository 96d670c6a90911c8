/**
 * Lids that close and eyes that look elsewhere. The upper lid's edge, lashes and all, travels rigidly towards the lower one; the skin between edge and brow
 * stretches, most in its middle; the eyeball stays where it is and is covered. The iris slides within the opening.
 */
import type { Face } from "../face/face.ts";
import { type Curve, createCurve, fromSlit, type SlitFrame, slitFrame, toSlit } from "./curve.ts";
import { bell, smooth } from "./falloff.ts";
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

/** `face` in pixels of the still. */
export function createEye(head: Head, face: Face, side: Side, still: Planes): Eye {
  const shape = eyeShape(head, face, side);
  const { frame, upper, lower, brow, unit } = shape;
  const tone = lidTone(
    still,
    (t, share) => {
      const bottom = upper(t) - 2 * EDGE * unit;
      return fromSlit(frame, t, bottom + (Math.min(brow(t), bottom - 3) - bottom) * share);
    },
    (t, share) => fromSlit(frame, t, lower(t) + (0.06 + 0.1 * share) * unit),
  );
  const rim = rimLine(still, shape, tone.luma);
  const reach = frame.halfWidth * 1.2;
  const browTop = Math.min(...MESH.browUnder[side].map((i) => head.point(i).y));
  return {
    layer: (state) => eyeLayer(shape, tone, rim, state),
    box: {
      left: frame.middle.x - reach,
      right: frame.middle.x + reach,
      top: Math.min(browTop, frame.middle.y - 2 * shape.opening) - 0.05 * unit,
      bottom: shape.bottom + 0.05 * unit,
    },
  };
}

/** Lines across the eye in its own frame (`curve.ts`), and sizes in pixels. */
type EyeShape = {
  frame: SlitFrame;
  upper: Curve;
  lower: Curve;
  brow: Curve;
  /** Height of the opening in its middle. */
  opening: number;
  /** Lowest place of the lower lid in the still. */
  bottom: number;
  iris: Point;
  unit: number;
};

function eyeShape(head: Head, face: Face, side: Side): EyeShape {
  const pairs = (flat: Float32Array): Point[] =>
    Array.from({ length: flat.length / 2 }, (_, i) => ({ x: flat[2 * i]!, y: flat[2 * i + 1]! }));
  const above = pairs(face.lids[side].upper);
  const below = pairs(face.lids[side].lower);
  const ends = [above[0]!, above.at(-1)!].toSorted((a, b) => a.x - b.x);
  const narrow = slitFrame(ends[0]!, ends[1]!);
  const frame = { ...narrow, halfWidth: narrow.halfWidth * WIDER };
  const through = (points: Point[], smoothing: number): Curve =>
    createCurve(
      points.map((p) => toSlit(frame, p)),
      smoothing,
    );
  const upperLine = through(above, 2);
  const lower = through(below, 2);
  return {
    frame,
    upper: (t) => upperLine(t) - HIGHER * (lower(t) - upperLine(t)),
    lower,
    brow: through(
      MESH.browUnder[side].map((i) => head.point(i)),
      6,
    ),
    opening: Math.max(1, lower(0) - upperLine(0)),
    bottom: Math.max(...below.map((p) => p.y)),
    iris: { x: face.iris[side][0]!, y: face.iris[side][1]! },
    unit: head.unit,
  };
}

function eyeLayer(shape: EyeShape, tone: LidTone, rim: Curve, { closing, lookX, lookY }: EyeState): Layer {
  const { frame, upper, lower, brow, opening, iris, unit } = shape;
  const edge = EDGE * unit;
  const dx = LOOK_ASIDE * unit * lookX;
  const dy = LOOK_UP * unit * lookY;
  return (x, y, seen) => {
    const { t, v } = toSlit(frame, { x, y });
    if (t < -1.15 || t > 1.15) return;
    const from = upper(t);
    const height = lower(t) - from;
    if (dx !== 0 || dy !== 0) {
      const band = 0.3 * height + 0.5;
      const inside = smooth((v - from) / band) * smooth((lower(t) - v) / band);
      const carried = inside * bell(Math.hypot(x - iris.x - dx, y - iris.y - dy), CARRIED * unit);
      seen.x = seen.x2 = x - dx * carried;
      seen.y = seen.y2 = y - dy * carried;
    }
    const travel = closing * Math.max(0, height * (1 + BEYOND)) * (1 - smooth((Math.abs(t) - 0.95) / 0.2));
    if (travel < 0.02) return;
    const now = from + travel;
    // The skin gives way from the brow down, from higher where the brow is close, from below the rim of glasses.
    const rest = Math.min(Math.max(Math.min(brow(t), from - 0.9 * opening), rim(t)), from - 0.35 * opening);
    const shift = v >= now - edge ? travel : travel * smooth((v - rest) / (now - edge - rest));
    seen.x = x + shift * frame.across.y;
    seen.y = y - shift * frame.across.x;
    seen.share = Math.min(1, Math.max(0, (now - v) / BLEND + 0.5));
    const down = (v - from) / travel;
    const unrolled = smooth((down + 0.35) / 0.6) * (1 - smooth((v - now + 2.6 * edge) / (1.6 * edge)));
    const middle = 1 - smooth((Math.abs(t) - 0.5) / 0.5);
    seen.paint = UNROLLED * unrolled * seen.share * smooth(travel / (0.5 * opening)) * middle;
    if (seen.paint <= 0) return;
    // The lid is a ball under skin: lightest half way down.
    seen.luma = 16 + (tone.luma(t) - 16) * (0.93 + 0.15 * Math.sin(Math.PI * Math.min(1, Math.max(0, down))));
    seen.cb = tone.cb(t);
    seen.cr = tone.cr(t);
  };
}

type LidTone = { luma: Curve; cb: Curve; cr: Curve };

/** Skin between lid and brow without its darkest folds and its glints, and some of that below the eye; smoothed across the eye. */
function lidTone(
  still: Planes,
  lid: (t: number, share: number) => Point,
  below: (t: number, share: number) => Point,
): LidTone {
  const toneOf = (place: (t: number, share: number) => Point, t: number): Tone => {
    const samples = Array.from({ length: 12 }, (_, k) => place(t * 0.8, k / 11));
    return meanTone(
      samples.map((p) => toneAt(still, p.x, p.y)),
      0.45,
      0.95,
    );
  };
  const columns = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    return { t, lid: toneOf(lid, t), below: toneOf(below, t) };
  });
  const across = (of: keyof Tone) =>
    createCurve(
      columns.map((column) => ({ t: column.t, v: column.lid[of] + 0.5 * (column.below[of] - column.lid[of]) })),
      40,
    );
  return { luma: across("luma"), cb: across("cb"), cr: across("cr") };
}

/** The lower edge of what is plainly darker than the lid and lies between it and the brow; the brow where there is nothing. */
function rimLine(still: Planes, { frame, upper, brow, unit }: EyeShape, luma: Curve): Curve {
  const points = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    const limit = 16 + 0.33 * (luma(t) - 16);
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
