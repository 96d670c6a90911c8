/**
 * Eyes that look elsewhere: the iris moves as a whole with its texture, over a white of the eye that is completed where the iris
 * was; what the lid hid of the iris is completed ring by ring. The catchlight is a reflection: it goes less far than the iris.
 */

import type { Planes } from "../../media/planes.ts";
import type { Layer, Patch, Seen } from "../canvas/patch.ts";
import { fromSlit, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { meanTone, type Tone, toneAt } from "../head/tone.ts";
import type { Opening } from "./opening.ts";

/** How far the iris goes for a full look aside, in half widths of the eye (so less in an eye that is turned away), and up or down, in E. */
const LOOK_ASIDE = 0.3;
const LOOK_UP = 0.026;
const LOOK_DOWN = 0.024;
/** The iris's middle stays within this part of the half width. */
const FARTHEST = 0.62;
/** A reflection in the cornea goes half as far as the pupil (Guestrin & Eizenman 2006, IEEE TBME 53(6): centre of the cornea's curvature). */
const CATCHLIGHT_FOLLOWS = 0.4;
/** A catchlight is brighter than its ring of the iris by this much, luma. */
const CATCHLIGHT = 38;
/** The most of the iris that catchlights take. */
const MOST_SHINE = 0.22;
/** How far the rim of the iris fades into the white, in radii. */
const FADES = 0.16;
const RINGS = 8;
/** How soft the rims of the iris and of the opening are, in radii of the iris, and at least, pixels. */
const SOFT = 0.17;
const LEAST_SOFT = 1.6;

type Gaze = { patch(lookX: number, lookY: number): Patch | undefined };

export function createGaze(opening: Opening, still: Planes): Gaze {
  const { frame, upper, lower, iris, unit } = opening;
  const { radius } = iris;
  const soft = Math.max(LEAST_SOFT, SOFT * radius);
  // The dark rim fades into the white.
  const edge = radius * 1.05 + 0.5;
  const rings = ringTones(opening, still);
  const white = whiteTones(opening, still);
  if (!white) return { patch: () => undefined };
  const glint = catchlight(opening, still, rings);
  const disc = (dx: number, dy: number, r: number): number => smooth((r - Math.sqrt(dx * dx + dy * dy)) / soft + 0.5);
  const at = toSlit(frame, iris).t;
  return {
    patch(lookX, lookY) {
      const asked = LOOK_ASIDE * lookX;
      const to = Math.min(Math.max(FARTHEST, at), Math.max(Math.min(-FARTHEST, at), at + asked));
      const along = (to - at) * frame.halfWidth;
      const down = (lookY > 0 ? LOOK_DOWN : LOOK_UP) * unit * lookY;
      const dx = along * frame.across.x - down * frame.across.y;
      const dy = along * frame.across.y + down * frame.across.x;
      const way = Math.hypot(dx, dy);
      if (way < 0.02) return undefined;
      const reach = 1.15 * radius + way + 3;
      const layer: Layer = (seen) => {
        const x = seen.atX;
        const y = seen.atY;
        const fx = x - iris.x;
        const fy = y - iris.y;
        const away = Math.sqrt(fx * fx + fy * fy);
        if (away > reach) return;
        const { t, v } = toSlit(frame, { x, y });
        if (t <= -1 || t >= 1) return;
        const inside = smooth((v - upper(t)) / soft) * smooth((lower(t) - v) / soft + 0.3);
        if (inside <= 0) return;
        const now = disc(fx - dx, fy - dy, edge);
        const behind = smooth(0.5 - (fx * dx + fy * dy) / (away * way + 1e-6));
        const was = disc(fx, fy, edge + FADES * behind * Math.min(radius, 2 * way));
        const kx = x - CATCHLIGHT_FOLLOWS * dx;
        const ky = y - CATCHLIGHT_FOLLOWS * dy;
        const shines = glint(kx, ky);
        const sx = x - dx;
        const sy = y - dy;
        const source = toSlit(frame, { x: sx, y: sy });
        const hidden = Math.max(
          1 - smooth((source.v - upper(source.t)) / soft - 0.3),
          1 - smooth((lower(source.t) - source.v) / soft + 0.2),
        );
        seen.x2 = x;
        seen.y2 = y;
        if (shines > 0.5) {
          // Light over whatever lies there now.
          seen.x = kx;
          seen.y = ky;
          seen.share = inside * smooth((shines - 0.5) * 2 + 0.5);
          return;
        }
        seen.x = sx;
        seen.y = sy;
        seen.share = inside * now;
        const uncovered = Math.max(0, was - now);
        const mended = now * Math.min(1, hidden + glint(sx, sy) + glint(x, y));
        seen.paint = inside * Math.max(uncovered, mended) * (1 - shines);
        if (seen.paint <= 0) return;
        if (mended > uncovered) ringTone(rings, Math.hypot(fx - dx, fy - dy) / radius, seen);
        else white(t, v, seen);
      };
      const { x, y } = iris;
      return { layer, box: { left: x - reach - 1, top: y - reach - 1, right: x + reach + 1, bottom: y + reach + 1 } };
    },
  };
}

/** Tones of the iris from its middle outwards, without the catchlight. */
function ringTones({ frame, upper, lower, iris }: Opening, still: Planes): Tone[] {
  return Array.from({ length: RINGS }, (_, ring) => {
    const tones: Tone[] = [];
    const r = (iris.radius * (ring + 0.5)) / RINGS;
    for (let k = 0; k < 24; k++) {
      const p = { x: iris.x + r * Math.cos((k * Math.PI) / 12), y: iris.y + r * Math.sin((k * Math.PI) / 12) };
      const { t, v } = toSlit(frame, p);
      if (Math.abs(t) < 0.95 && v > upper(t) + 1.5 && v < lower(t) - 1) tones.push(toneAt(still, p.x, p.y));
    }
    return tones.length > 0 ? meanTone(tones, 0.1, 0.7) : toneAt(still, iris.x, iris.y);
  });
}

function ringTone(rings: Tone[], reach: number, into: Seen): void {
  const at = Math.min(RINGS - 1.001, Math.max(0, reach * RINGS - 0.5));
  const a = rings[Math.floor(at)]!;
  const b = rings[Math.floor(at) + 1]!;
  const share = at - Math.floor(at);
  into.luma = a.luma + (b.luma - a.luma) * share;
  into.cb = a.cb + (b.cb - a.cb) * share;
  into.cr = a.cr + (b.cr - a.cr) * share;
}

/** The white of the eye from what there is of it on both sides of the iris; nothing where none is seen. */
function whiteTones(
  { frame, upper, lower, iris, height }: Opening,
  still: Planes,
): ((t: number, v: number, into: Seen) => void) | undefined {
  const sides: { left: Tone[]; right: Tone[] } = { left: [], right: [] };
  for (let i = -18; i <= 18; i++) {
    const t = i / 20;
    for (const share of [0.35, 0.5, 0.65, 0.8]) {
      const p = fromSlit(frame, t, upper(t) + share * (lower(t) - upper(t)));
      if (Math.hypot(p.x - iris.x, p.y - iris.y) < iris.radius * 1.15 + 0.8) continue;
      sides[p.x < iris.x ? "left" : "right"].push(toneAt(still, p.x, p.y));
    }
  }
  const enough = [sides.left, sides.right]
    .filter((tones) => tones.length >= 6)
    .map((tones) => meanTone(tones, 0.55, 0.95));
  const left = enough[0];
  if (!left) return undefined;
  const right = enough[1] ?? left;
  const middle = toSlit(frame, iris).t;
  return (t, v, into) => {
    const share = smooth((t - middle) / 0.8 + 0.5);
    // The upper lid and its lashes shade what is right below them.
    const shade = 0.74 + 0.26 * smooth((v - upper(t)) / (0.5 * height));
    into.luma = 16 + (left.luma + (right.luma - left.luma) * share - 16) * shade;
    into.cb = left.cb + (right.cb - left.cb) * share;
    into.cr = left.cr + (right.cr - left.cr) * share;
  };
}

/** Where light is reflected in the iris, 0–1. */
function catchlight(
  { iris, frame, upper, lower }: Opening,
  still: Planes,
  rings: Tone[],
): (x: number, y: number) => number {
  const reach = Math.ceil(iris.radius * 1.1);
  const side = 2 * reach + 1;
  const left = Math.round(iris.x) - reach;
  const top = Math.round(iris.y) - reach;
  const bright = new Float32Array(side * side);
  for (let i = 0; i < bright.length; i++) {
    const x = left + (i % side);
    const y = top + Math.floor(i / side);
    const distance = Math.hypot(x - iris.x, y - iris.y) / iris.radius;
    const { t, v } = toSlit(frame, { x, y });
    if (distance > 0.85 || v < upper(t) || v > lower(t)) continue;
    const ring = rings[Math.min(RINGS - 1, Math.floor(distance * RINGS))]!;
    bright[i] = smooth((toneAt(still, x, y).luma - ring.luma - 0.5 * CATCHLIGHT) / CATCHLIGHT);
  }
  // What covers much of the iris lies on the lens of glasses, or is the iris's own pattern.
  const area = Math.PI * iris.radius ** 2;
  if (bright.reduce((sum, value) => sum + value, 0) > MOST_SHINE * area) bright.fill(0);
  // A light has a soft rim that belongs to it.
  const mask = bright.map((value, i) =>
    Math.max(value, ...[-1, 1, -side, side].map((step) => 0.8 * (bright[i + step] ?? 0))),
  );
  return (x, y) => {
    const column = x - left;
    const row = y - top;
    if (column < 0 || row < 0 || column >= side - 1 || row >= side - 1) return 0;
    const at = Math.floor(row) * side + Math.floor(column);
    const fx = column - Math.floor(column);
    const a = mask[at]! + (mask[at + 1]! - mask[at]!) * fx;
    const b = mask[at + side]! + (mask[at + side + 1]! - mask[at + side]!) * fx;
    return a + (b - a) * (row - Math.floor(row));
  };
}
