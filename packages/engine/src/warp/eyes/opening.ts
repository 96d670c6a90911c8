/**
 * The opening of an eye as the photo shows it: the iris model's contours, drawn out to where the white of the eye ends. On faces
 * that are turned, and on paintings, the model misses it by a tenth of the eye's width.
 */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../../media/planes.ts";
import { type Curve, createCurve, fromSlit, type SlitFrame, slitFrame, toSlit } from "../head/curve.ts";
import { type Head, MESH, type Point, type Side } from "../head/head.ts";
import { meanTone, type Tone, toneAt } from "../head/tone.ts";

/** Sizes in pixels, lines in the eye's own frame (`curve.ts`). */
export type Opening = {
  frame: SlitFrame;
  upper: Curve;
  lower: Curve;
  /** The underside of the brow. */
  brow: Curve;
  /** Height of the opening in its middle. */
  height: number;
  /** Lowest place of the lower lid in the still. */
  bottom: number;
  iris: Point & { radius: number };
  /** Skin above the lid's edge and below the eye, without folds and glints. */
  lid: SkinLine;
  cheek: SkinLine;
  /** At which end (t) the outer corner is. */
  outer: -1 | 1;
  unit: number;
};

type SkinLine = { luma: Curve; cb: Curve; cr: Curve };

/** How far beyond the model's contours the eye is looked for, in E: above and below, and beyond the corners. */
const BEYOND_LIDS = 0.06;
const BEYOND_CORNERS = 0.09;
/** The white of the eye has at most this share of the skin's colour, and at least this share of its light. */
const PALE = 0.55;
const LIT = 0.6;
/** Where the skin has no colour to tell them apart (black and white), the white of the eye is brighter by this factor. */
const BRIGHTER = 1.18;
const COLOURLESS = 7;
/** Skin of the lid beside that of the cheek, luma. */
const DARKEST_LID = 0.7;
/** Where the white passes into skin, pixels. */
const FRINGE = 1;
const COLUMNS = 33;

/** `face` in pixels of the still. */
export function findOpening(head: Head, face: Face, side: Side, still: Planes): Opening {
  const { unit } = head;
  const above = pairs(face.lids[side].upper);
  const below = pairs(face.lids[side].lower);
  const ends = [above[0]!, above.at(-1)!].toSorted((a, b) => a.x - b.x) as [Point, Point];
  const brow = MESH.browUnder[side].map((i) => head.point(i));
  const model = slitFrame(ends[0], ends[1]);
  const rough = linesIn(model, above, below, brow, 2);
  const skin = skinLines(still, model, rough, unit);
  const iris = circleOf(pairs(face.iris[side]));
  const pale = whiteness(still, skin, model);
  // A light iris is not white.
  const white = (t: number, v: number): boolean => {
    const p = fromSlit(model, t, v);
    return Math.hypot(p.x - iris.x, p.y - iris.y) > 1.15 * iris.radius && pale(t, v);
  };
  const step = 0.5;
  const farther = (t: number, v: number, sign: -1 | 1): number => {
    let reached = 0;
    for (let d = 0; d < BEYOND_LIDS * unit; d += step) {
      if (white(t, v + sign * d)) reached = d + step;
      else if (d > reached + 1.5) return v + sign * (reached > 0 ? reached + FRINGE : 0);
    }
    // Pale all the way: that is make-up.
    return v;
  };
  const columns = Array.from({ length: COLUMNS }, (_, i) => (2 * i) / (COLUMNS - 1) - 1);
  const fitted = (line: Curve, sign: -1 | 1): Point[] => {
    // At the iris there is no white to follow: the line goes on between what was found on both sides of it.
    const found = columns.flatMap((t) => {
      const p = fromSlit(model, t, line(t));
      return Math.abs(p.x - iris.x) < iris.radius ? [] : [{ t, v: farther(t, line(t), sign) - line(t) }];
    });
    const steady = found.map(({ t }, i) => ({
      t,
      v: median(found.slice(Math.max(0, i - 3), i + 4).map(({ v }) => v)),
    }));
    const beyond = createCurve(steady.length > 0 ? steady : [{ t: 0, v: 0 }], 6);
    return columns.map((t) => fromSlit(model, t, line(t) + beyond(t)));
  };
  const upperPoints = fitted(rough.upper, -1);
  const lowerPoints = fitted(rough.lower, 1);
  const corner = (sign: -1 | 1): Point => {
    let reached = 0;
    const v = (rough.upper(sign * 0.9) + rough.lower(sign * 0.9)) / 2;
    const limit = (BEYOND_CORNERS * unit) / model.halfWidth;
    for (let d = 0; d < limit; d += step / model.halfWidth) {
      if ([-1, 0, 1].some((dv) => white(sign * (0.95 + d), v + dv))) reached = d;
      else if (d > reached + 2 / model.halfWidth) break;
    }
    const t = Math.max(1, 0.95 + reached);
    return fromSlit(model, sign * t, t > 1.02 ? v : 0);
  };
  const frame = slitFrame(corner(-1), corner(1));
  const lines = linesIn(frame, upperPoints, lowerPoints, brow, 6);
  return {
    frame,
    ...lines,
    height: Math.max(1, lines.lower(0) - lines.upper(0)),
    bottom: Math.max(...lowerPoints.map((p) => p.y)),
    iris: findIris(iris, still, frame, lines),
    ...skinLines(still, frame, lines, unit),
    outer: side === "left" ? 1 : -1,
    unit,
  };
}

function pairs(flat: Float32Array): Point[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => ({ x: flat[2 * i]!, y: flat[2 * i + 1]! }));
}

/** The iris model's centre and four points of the rim. */
function circleOf([centre, ...rim]: Point[]): Opening["iris"] {
  const { x, y } = centre!;
  return { x, y, radius: rim.reduce((sum, p) => sum + Math.hypot(p.x - x, p.y - y), 0) / rim.length };
}

/**
 * The model's circle, moved sideways to where it is darker inside than beside it by the most (after Daugman 1993, IEEE PAMI 15(11)).
 * Above and below there are lids and their shadow.
 */
function findIris(model: Opening["iris"], still: Planes, frame: SlitFrame, { upper, lower }: Lines): Opening["iris"] {
  const { radius } = model;
  const from = toSlit(frame, model);
  const meanAt = (along: number, r: number): number => {
    const t = from.t + along / frame.halfWidth;
    const lumas = [-0.5, -0.3, -0.1, 0.1, 0.3, 0.5].flatMap((turn) =>
      [-1, 1].flatMap((side) => {
        const v = from.v + r * Math.sin(turn);
        const at = t + (side * r * Math.cos(turn)) / frame.halfWidth;
        if (v < upper(at) + 1 || v > lower(at) - 0.5) return [];
        const p = fromSlit(frame, at, v);
        return [toneAt(still, p.x, p.y).luma];
      }),
    );
    return lumas.length < 4 ? Number.NaN : lumas.reduce((sum, luma) => sum + luma, 0) / lumas.length;
  };
  let best = 0;
  let most = -Infinity;
  for (let i = -4; i <= 4; i++) {
    const along = i * 0.12 * radius;
    const contrast = meanAt(along, 1.2 * radius) - meanAt(along, 0.8 * radius) - 2.5 * Math.abs(i);
    if (contrast > most) {
      most = contrast;
      best = along;
    }
  }
  return { ...fromSlit(frame, from.t + best / frame.halfWidth, from.v), radius };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

type Lines = { upper: Curve; lower: Curve; brow: Curve };

function linesIn(frame: SlitFrame, above: Point[], below: Point[], brow: Point[], smoothing: number): Lines {
  const corners = [-1, 1].map((t) => ({ t, v: 0 }));
  const through = (points: Point[], smoothing: number, ends: { t: number; v: number }[]): Curve =>
    createCurve([...points.map((p) => toSlit(frame, p)).filter(({ t }) => Math.abs(t) < 0.999), ...ends], smoothing);
  return {
    upper: through(above, smoothing, corners),
    lower: through(below, smoothing, corners),
    brow: createCurve(
      brow.map((p) => toSlit(frame, p)),
      6,
    ),
  };
}

function skinLines(still: Planes, frame: SlitFrame, { upper, lower, brow }: Lines, unit: number) {
  const lid = skinLine(still, frame, (t, share) => {
    const bottom = upper(t) - 0.024 * unit;
    return bottom + (Math.min(brow(t), bottom - 3) - bottom) * share;
  });
  const cheek = skinLine(still, frame, (t, share) => lower(t) + (0.06 + 0.1 * share) * unit);
  // A lid that is all lashes and shadow has some skin nevertheless.
  const luma = (t: number): number => Math.max(lid.luma(t), 16 + DARKEST_LID * (cheek.luma(t) - 16));
  return { lid: { ...lid, luma }, cheek };
}

/** The brighter half of what lies at `place(t, 0…1)`, smoothed across the eye. */
function skinLine(still: Planes, frame: SlitFrame, place: (t: number, share: number) => number): SkinLine {
  const columns = Array.from({ length: 21 }, (_, i) => {
    const t = i / 10 - 1;
    const samples = Array.from({ length: 12 }, (_, k) => {
      const p = fromSlit(frame, t * 0.9, place(t * 0.9, k / 11));
      return toneAt(still, p.x, p.y);
    });
    return { t, ...meanTone(samples, 0.35, 0.9) };
  });
  const across = (of: keyof Tone) =>
    createCurve(
      columns.map((column) => ({ t: column.t, v: column[of] })),
      24,
    );
  return { luma: across("luma"), cb: across("cb"), cr: across("cr") };
}

/** Whether a place looks like the white of the eye rather than like the skin above and below. */
function whiteness(
  still: Planes,
  { lid, cheek }: { lid: SkinLine; cheek: SkinLine },
  frame: SlitFrame,
): (t: number, v: number) => boolean {
  return (t, v) => {
    const p = fromSlit(frame, t, v);
    const { luma, cb, cr } = toneAt(still, p.x, p.y);
    const light = (lid.luma(t) + cheek.luma(t)) / 2 - 16;
    const colour = Math.hypot((lid.cb(t) + cheek.cb(t)) / 2 - 128, (lid.cr(t) + cheek.cr(t)) / 2 - 128);
    if (colour < COLOURLESS) return luma - 16 > BRIGHTER * Math.max(lid.luma(t) - 16, cheek.luma(t) - 16);
    return luma - 16 > LIT * light && Math.hypot(cb - 128, cr - 128) < PALE * colour;
  };
}
