/**
 * A lid that closes. Its edge travels rigidly, lashes and all, down to the lower lid, which rises a little; the skin above gives
 * way. The skin that unrolls from the fold cannot be seen in the photo: it is laid over in the tone of the skin above and below,
 * rounded by the light, with the grain of the photo. The eyeball stays where it is and is covered.
 */

import type { Planes } from "../../media/planes.ts";
import type { Layer, Seen } from "../canvas/patch.ts";
import { type Curve, createCurve, fromSlit } from "../head/curve.ts";
import { bell, smooth } from "../head/falloff.ts";
import { toneAt } from "../head/tone.ts";
import { lineOf, placeAt, placeOn, readLine } from "./lines.ts";
import type { Opening } from "./opening.ts";

/** Lashes reach above the contour by this share of the opening. */
const HIGHER = 0.08;
/** A closed lid reaches this share of the opening beyond the lower contour, so that no slit of the eyeball stays. */
const BEYOND = 0.03;
/** How far the lower lid comes to meet it, as a share of the opening, and how far down the cheek that fades, in E. */
const RISE = 0.1;
const RISE_FADES = 0.12;
/** An opening of this height, in E, is as good as shut. */
const SHUT = 0.018;
/** Lid edge and lash roots, in E. */
const EDGE = 0.012;
/** Lashes above the lid's edge in the still, in E: they go down with it. */
const LASHES = 0.05;
/** Where lids meet there is a dark line, also in a photo whose lashes are too fair to be seen: its weight, and its light beside the lid's. */
const LASH_LINE = 0.5;
const LASH_LIGHT = 0.35;
/** How high beside the outer corner lashes are looked for, in E, and how dark they are beside the lid, luma. */
const WING = 0.075;
const DARK_LASH = 0.68;
/** Where the lid's edge passes into the eyeball, in E, and at least, pixels. */
const BLEND = 0.008;
const LEAST_BLEND = 1.1;
/** Grain beyond this is a spot or an edge, luma. */
const MOST_GRAIN = 7;

/** `top`: the highest place that it moves or paints, pixels of the still. */
type Lid = { layer(closing: number): Layer; top: number };
/** 0–1 each; `lashes`: the weight of the dark line where lids meet. */
type Closed = { closing: number; lashes: number };

/** Lines in the eye's frame: above `rest` nothing moves, and `rim` (of glasses, or the brow) is not painted over. `glint`: light on glasses, 0–1, which stays where it is. */
export function createLid(
  opening: Opening,
  still: Planes,
  { rest, rim }: { rest: Curve; rim: Curve },
  glint: ((x: number, y: number) => number) | undefined,
): Lid {
  const { frame, height, lid, unit } = opening;
  const { middle, across: axis, halfWidth } = frame;
  const edge = EDGE * unit;
  const blend = Math.max(LEAST_BLEND, BLEND * unit);
  // An eye that is shut already has no more skin to unroll.
  const open = smooth((height / unit - SHUT) / SHUT);
  const unrolled = createUnrolled(opening, still);
  const [upper, lower, wing] = [lineOf(opening.upper), lineOf(opening.lower), lineOf(lashWing(opening, still))];
  const [restLine, rimLine] = [lineOf(rest), lineOf(rim)];
  const lidAt = ({ closing, lashes }: Closed, seen: Seen): void => {
    const x = seen.atX;
    const y = seen.atY;
    const dx = x - middle.x;
    const dy = y - middle.y;
    const t = (dx * axis.x + dy * axis.y) / halfWidth;
    const v = dy * axis.x - dx * axis.y;
    const side = Math.abs(t);
    if (side > 1.35) return;
    const at = placeOn(t);
    const top = readLine(upper, at);
    const bottom = readLine(lower, at);
    const tall = Math.max(0, bottom - top);
    const beside = readLine(wing, at);
    const from = Math.min(top - HIGHER * tall, bottom - beside);
    const still0 = readLine(restLine, at);
    const start = Math.max(readLine(rimLine, at) + 1, from - LASHES * unit);
    // Above all of them nothing moves, nor is anything painted.
    if (v <= still0 && v <= start && v < from - 3 * edge) return;
    // Nor does the eyeball, below the farthest that the lid can have come and above the lower one.
    const farthest = closing * Math.max(0, bottom - from + BEYOND * tall + 0.8 * edge);
    if (v > from + farthest + blend && v + RISE * closing * tall < bottom) return;
    const kept = glint ? 1 - glint(x, y) : 1;
    if (kept <= 0) return;
    const taper = 1 - smooth((side - (beside > 0 ? 1.15 : 0.95)) / 0.2);
    const rise = RISE * closing * tall * taper * kept;
    const travel = farthest * taper - rise;
    const paints = closing * open * height * (1 - smooth((side - 1.1) / 0.25));
    if (travel < 0.02 && paints < 0.02) return;
    const now = from + Math.max(0, travel);
    if (v > now + blend) {
      const lift = rise * (1 - smooth((v - bottom) / (RISE_FADES * unit)));
      // The eyeball stays: only from the lower lid's edge on.
      if (v + lift >= bottom && lift > 0) sees(seen, x - lift * axis.y, y + lift * axis.x);
      return;
    }
    const covered = Math.min(1, Math.max(0, (now - v) / blend + 0.5));
    // Below the edge the eyeball is seen as the gaze has left it.
    if (covered < (seen.share < 1 || seen.paint > 0 ? 0.5 : 0.001) && v > from) return;
    const ramp = smooth((v - still0) / Math.max(2, now - edge - still0));
    const shift = (v >= now - edge ? travel : travel * ramp) * kept;
    seen.x = x + shift * axis.y;
    seen.y = y - shift * axis.x;
    seen.share = v < from ? 1 : covered;
    seen.paint = 0;
    const lashBand = edge * (2.4 - 1.2 * smooth((side - 0.5) / 0.5));
    const inside = smooth((v - start) / (0.7 * LASHES * unit)) * smooth((now - lashBand - v) / (1.2 * edge) + 0.5);
    const across = 1 - smooth((side - 1.08) / 0.25);
    seen.paint = inside * across * covered * smooth(paints / (0.55 * height)) * kept;
    if (seen.paint > 0) unrolled(t, v, (v - from) / Math.max(1, now - from), seen);
    if (lashes === 0) return;
    const line = lashes * bell(now - v - 0.4 * edge, 0.7 * edge) * covered;
    const shadow = line * kept * (1 - smooth((side - 0.45) / 0.5));
    if (shadow <= seen.paint) return;
    seen.paint = shadow;
    seen.luma = 16 + LASH_LIGHT * (lid.luma(t) - 16);
    seen.cb = lid.cb(t);
    seen.cr = lid.cr(t);
  };
  // as in `lidAt`
  const quietAt = (i: number): number => {
    const [bottom, tall] = [lower[i]!, Math.max(0, lower[i]! - upper[i]!)];
    const from = Math.min(upper[i]! - HIGHER * tall, bottom - wing[i]!);
    return Math.min(restLine[i]!, Math.max(rimLine[i]! + 1, from - LASHES * unit), from - 3 * edge);
  };
  return {
    layer(closing) {
      const closed = { closing, lashes: LASH_LINE * open * smooth(2 * closing - 0.8) };
      return (seen) => lidAt(closed, seen);
    },
    top: Math.min(...Array.from(upper, (_, i) => fromSlit(frame, placeAt(i), quietAt(i)).y)),
  };
}

function sees(seen: Seen, x: number, y: number): void {
  seen.x = seen.x2 = x;
  seen.y = seen.y2 = y;
  seen.share = 1;
  seen.paint = 0;
}

/**
 * Lashes and make-up beyond the outer corner: how high above its line they reach, pixels. They come down with the lid, or they
 * would stand there cut off.
 */
function lashWing({ frame, upper, lower, lid, outer, unit }: Opening, still: Planes): Curve {
  const points = Array.from({ length: 12 }, (_, i) => {
    const t = outer * (0.8 + i * 0.04);
    const dark = 16 + DARK_LASH * (lid.luma(outer * 0.6) - 16);
    let reach = 0;
    for (let up = 0; up < WING * unit; up++) {
      const p = fromSlit(frame, t, lower(t) - up);
      if (toneAt(still, p.x, p.y).luma < dark) reach = up;
      else if (up > reach + 0.02 * unit + 1) break;
    }
    // The lid's line goes on straight: what stands higher stays.
    const straight = ((1.25 - Math.abs(t)) / 0.45) * (1 + HIGHER) * (lower(0.8 * outer) - upper(0.8 * outer));
    return { t, v: Math.max(0, Math.min(Math.max(reach, lower(t) - upper(t)), straight)) };
  });
  return createCurve([{ t: outer * 0.7, v: 0 }, ...points, { t: outer * 1.25, v: 0 }], 5);
}

/** Colours the lid's skin at a place; `down` is 0 at its fold and 1 at its edge. */
function createUnrolled(
  { frame, upper, lower, lid, cheek, unit }: Opening,
  still: Planes,
): (t: number, v: number, down: number, into: Seen) => void {
  const mix = (a: number, b: number, share: number): number => a + (b - a) * share;
  return (t, v, down, into) => {
    const place = Math.min(1, Math.max(0, down));
    const share = 0.1 + 0.4 * place;
    // The lid is a ball under skin: lightest half way down, darker in the fold and where it turns in towards the lashes.
    const ball = 0.92 + 0.09 * Math.sin(Math.PI * place) - 0.05 * Math.max(0, Math.abs(t) - 0.4);
    const luma = 16 + (mix(lid.luma(t), cheek.luma(t), share) - 16) * ball;
    into.cb = mix(lid.cb(t), cheek.cb(t), share);
    into.cr = mix(lid.cr(t), cheek.cr(t), share);
    // Grain from the skin below the eye, mirrored.
    const mirrored = lower(t) + 0.06 * unit + 0.6 * Math.max(0, lower(t) - v) + 0.2 * Math.max(0, upper(t) - v);
    const p = fromSlit(frame, t, mirrored);
    into.luma = luma + grainAt(still, Math.round(p.x), Math.round(p.y));
  };
}

/** What a pixel has beyond the mean of its surroundings, luma. */
function grainAt({ width, height, y }: Planes, column: number, row: number): number {
  if (column < 2 || row < 2 || column >= width - 2 || row >= height - 2) return 0;
  const at = row * width + column;
  const around =
    (y[at - 2]! +
      y[at + 2]! +
      y[at - 2 * width]! +
      y[at + 2 * width]! +
      y[at - width - 1]! +
      y[at - width + 1]! +
      y[at + width - 1]! +
      y[at + width + 1]!) /
    8;
  return Math.min(MOST_GRAIN, Math.max(-MOST_GRAIN, y[at]! - around));
}
