/** Puts a borrowed mouth into a frame: turned and sized as the face lies there, opened as asked, in the light of the frame, without a seam. */

import { lightOf } from "./light.ts";
import type { Frame } from "./look.ts";
import type { Patch } from "./patch.ts";
import { type Place, type Point, unitOf } from "./place.ts";
import { sampleInto } from "./sample.ts";

export type Lent = {
  patch: Patch;
  /** Of several that are shown in one another, 1 in all. */
  share: number;
  /** How much further the lips are parted than in the patch, and how much wider the mouth is, E. */
  more: number;
  wider: number;
};

export type Target = {
  place: Place;
  /** Middle of the mouth on the face, and how far below it the chin of the frame lies, E. */
  mouth: Point;
  chin: number;
  /** How much of the frame's own mouth is replaced, 0–1. */
  strength: number;
};

/** E: the mask above and beside the mouth, below the lowest chin, and its core, where nothing of the frame is left. */
const MASK = { up: 0.24, side: 0.5, below: 0.13, down: 0.62, core: 0.6 };

/** A part of the frame with a mask, 0–1, and places on the face. */
export type Region = {
  left: number;
  top: number;
  width: number;
  height: number;
  /** By pixel: how much is replaced, and where it is on the face from the middle of the mouth, E. */
  mask: Float32Array;
  u: Float32Array;
  v: Float32Array;
};

/** Mean difference of the lent mouth and the frame around it where they meet, levels. */
export type Seam = { difference: number };

/** Changes the frame's pixels inside the mask and no other. */
export function pasteMouth(frame: Frame, target: Target, lent: readonly Lent[]): Seam {
  const lowest = Math.max(target.chin, ...lent.map(({ patch, more }) => patch.look.chin - target.mouth.y + more));
  const region = regionOf(frame, target, Math.max(MASK.down, lowest + MASK.below));
  if (region.width < 4 || region.height < 4) return { difference: 0 };
  const planes = ["y", "u", "v"] as const;
  let seam = 0;
  for (const plane of planes) {
    const by = plane === "y" ? 1 : 2;
    const part = by === 1 ? region : halved(region);
    const values = new Float32Array(part.width * part.height);
    for (const each of lent) sampleInto(values, part, { ...each, plane, by, target });
    const from = planeOf(frame, plane);
    const light = lightOf(frame.yuv, { from, stride: frame.width / by }, part, values);
    if (plane === "y") seam = light.rest;
    blend(frame, { from, stride: frame.width / by }, part, values, { light: light.at, strength: target.strength });
  }
  return { difference: seam };
}

function planeOf({ width, height }: Frame, plane: "y" | "u" | "v"): number {
  const luma = width * height;
  return { y: 0, u: luma, v: luma + luma / 4 }[plane];
}

function regionOf({ width, height }: Frame, { place, mouth }: Target, down: number): Region {
  const unit = unitOf(place);
  const middle = {
    x: place.a * mouth.x - place.b * mouth.y + place.x,
    y: place.b * mouth.x + place.a * mouth.y + place.y,
  };
  const reach = unit * Math.hypot(MASK.side, Math.max(down, MASK.up));
  const left = even(Math.max(0, middle.x - reach));
  const top = even(Math.max(0, middle.y - reach));
  const columns = Math.min(width, even(middle.x + reach + 2)) - left;
  const rows = Math.min(height, even(middle.y + reach + 2)) - top;
  const region: Region = {
    left,
    top,
    width: Math.max(0, columns),
    height: Math.max(0, rows),
    ...emptyMaps(columns, rows),
  };
  const size = place.a ** 2 + place.b ** 2;
  for (let row = 0, at = 0; row < region.height; row++) {
    for (let column = 0; column < region.width; column++, at++) {
      const [p, q] = [left + column - middle.x, top + row - middle.y];
      const u = (place.a * p + place.b * q) / size;
      const v = (place.a * q - place.b * p) / size;
      region.u[at] = u;
      region.v[at] = v;
      region.mask[at] = maskAt(u, v, down);
    }
  }
  return region;
}

function emptyMaps(columns: number, rows: number): Pick<Region, "mask" | "u" | "v"> {
  const count = Math.max(0, columns) * Math.max(0, rows);
  return { mask: new Float32Array(count), u: new Float32Array(count), v: new Float32Array(count) };
}

/** An egg: a raised cosine from the core to the rim. */
function maskAt(u: number, v: number, down: number): number {
  const across = u / MASK.side;
  const along = v < 0 ? v / MASK.up : v / down;
  const far = Math.hypot(across, along ** 2 * Math.sign(along));
  if (far >= 1) return 0;
  if (far <= MASK.core) return 1;
  return 0.5 + 0.5 * Math.cos((Math.PI * (far - MASK.core)) / (1 - MASK.core));
}

/** The same region in the planes of colours. */
function halved(region: Region): Region {
  const [width, height] = [region.width / 2, region.height / 2];
  const half = { left: region.left / 2, top: region.top / 2, width, height, ...emptyMaps(width, height) };
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const from = 2 * row * region.width + 2 * column;
      const below = from + region.width;
      for (const map of ["mask", "u", "v"] as const) {
        const values = region[map];
        half[map][at] = (values[from]! + values[from + 1]! + values[below]! + values[below + 1]!) / 4;
      }
    }
  }
  return half;
}

type Blending = { light: (u: number, v: number) => number; strength: number };

function blend(
  { yuv }: Frame,
  { from, stride }: { from: number; stride: number },
  region: Region,
  values: Float32Array,
  { light, strength }: Blending,
): void {
  for (let row = 0, at = 0; row < region.height; row++) {
    let to = from + (region.top + row) * stride + region.left;
    for (let column = 0; column < region.width; column++, at++, to++) {
      const mask = region.mask[at]! * strength;
      if (mask <= 0) continue;
      const value = values[at]! + light(region.u[at]!, region.v[at]!);
      yuv[to] = Math.min(255, Math.max(0, Math.round(yuv[to]! + mask * (value - yuv[to]!))));
    }
  }
}

function even(value: number): number {
  return Math.floor(value / 2) * 2;
}
