/** A curve y(t) across an eye or a mouth, t from -1 at one corner to 1 at the other. */
import type { Point } from "./head.ts";

/** Axes of a slit in the frame: `middle` between its corners, `halfWidth` in pixels, x towards the picture's right. */
export type SlitFrame = { middle: Point; across: Point; halfWidth: number };

export function slitFrame(left: Point, right: Point): SlitFrame {
  const width = Math.hypot(right.x - left.x, right.y - left.y);
  return {
    middle: { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 },
    across: { x: (right.x - left.x) / width, y: (right.y - left.y) / width },
    halfWidth: width / 2,
  };
}

/** Along the slit (−1 … 1 between the corners) and below it (pixels). */
export function toSlit({ middle, across, halfWidth }: SlitFrame, p: Point): { t: number; v: number } {
  const dx = p.x - middle.x;
  const dy = p.y - middle.y;
  return { t: (dx * across.x + dy * across.y) / halfWidth, v: dy * across.x - dx * across.y };
}

export function fromSlit({ middle, across, halfWidth }: SlitFrame, t: number, v: number): Point {
  return {
    x: middle.x + t * halfWidth * across.x - v * across.y,
    y: middle.y + t * halfWidth * across.y + v * across.x,
  };
}

export type Curve = (t: number) => number;

const STEPS = 64;
const REACH = 1.25;

/** Through points (t, v) in any order, smoothed; beyond the outermost points it goes on level. */
export function createCurve(points: { t: number; v: number }[], smoothing: number): Curve {
  const table = smoothed(tableOf(points.toSorted((a, b) => a.t - b.t)), smoothing);
  return (t) => {
    const at = Math.min(STEPS - 0.001, Math.max(0, ((t + REACH) / (2 * REACH)) * STEPS));
    const before = Math.floor(at);
    return table[before]! + (table[before + 1]! - table[before]!) * (at - before);
  };
}

type Table = Float64Array<ArrayBuffer>;

/** `points` from left to right. */
function tableOf(points: { t: number; v: number }[]): Table {
  const table = new Float64Array(STEPS + 1);
  let after = 0;
  for (let i = 0; i <= STEPS; i++) {
    const t = (i / STEPS) * 2 * REACH - REACH;
    while (after < points.length && points[after]!.t <= t) after++;
    if (after === 0) table[i] = points[0]!.v;
    else if (after === points.length) table[i] = points.at(-1)!.v;
    else {
      const a = points[after - 1]!;
      const b = points[after]!;
      table[i] = a.v + ((b.v - a.v) * (t - a.t)) / Math.max(1e-6, b.t - a.t);
    }
  }
  return table;
}

function smoothed(table: Table, passes: number): Table {
  let [from, to] = [table, new Float64Array(table.length)];
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 0; i <= STEPS; i++) {
      const v = from[i]!;
      const left = i > 0 ? from[i - 1]! : v;
      const right = i < STEPS ? from[i + 1]! : v;
      to[i] = (v * 2 + left + right) / 4;
    }
    [from, to] = [to, from];
  }
  return from;
}
