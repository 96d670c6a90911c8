/** The part of a frame in which a mouth is replaced. */
import type { Frame } from "./look.ts";
import { inFrame, type Place, type Point } from "./place.ts";

export type Target = {
  place: Place;
  /** Middle of the mouth on the face, and how far below it the chin of the frame lies, E. */
  mouth: Point;
  chin: number;
  /** How much of the frame's own mouth is replaced, 0–1. */
  strength: number;
};

/** E: the mask above and beside the mouth, below the lowest chin, and its core, where nothing of the frame is left. */
const MASK = { up: 0.205, side: 0.5, below: 0.13, down: 0.62, core: 0.6 };

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
  /** How far below the middle of the mouth the mask ends, E. */
  down: number;
};

/** `lowest`: how far below the middle of the mouth a chin may be, E. */
export function regionOf({ width, height }: Frame, { place, mouth }: Target, lowest: number): Region {
  const down = Math.max(MASK.down, lowest + MASK.below);
  const middle = inFrame(place, mouth);
  const corners = [-MASK.side, MASK.side].flatMap((x) =>
    [-MASK.up, down].map((y) => inFrame(place, { x: mouth.x + x, y: mouth.y + y })),
  );
  const left = even(Math.max(0, Math.min(...corners.map(({ x }) => x))));
  const top = even(Math.max(0, Math.min(...corners.map(({ y }) => y))));
  const columns = Math.min(width, even(Math.max(...corners.map(({ x }) => x)) + 2)) - left;
  const rows = Math.min(height, even(Math.max(...corners.map(({ y }) => y)) + 2)) - top;
  const region: Region = {
    left,
    top,
    width: Math.max(0, columns),
    height: Math.max(0, rows),
    ...emptyMaps(columns, rows),
    down,
  };
  const size = place.a ** 2 + place.b ** 2;
  for (let row = 0, at = 0; row < region.height; row++) {
    for (let column = 0; column < region.width; column++, at++) {
      const p = left + column - middle.x;
      const q = top + row - middle.y;
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
  const far = farAt(u, v, down);
  if (far >= 1) return 0;
  if (far <= MASK.core) return 1;
  return 0.5 + 0.5 * Math.cos((Math.PI * (far - MASK.core)) / (1 - MASK.core));
}

/** How far out a place of the mask is: 0 in the middle of the mouth, 1 on the rim. */
export function farAt(u: number, v: number, down: number): number {
  const across = u / MASK.side;
  const along = v < 0 ? v / MASK.up : v / down;
  // not `** 4`, which takes about twice as long
  const squared = along * along;
  return Math.sqrt(across * across + squared * squared);
}

/** The same region in the planes of colours. */
export function halved(region: Region): Region {
  const [width, height] = [region.width / 2, region.height / 2];
  const { left, top, down } = region;
  const half = { left: left / 2, top: top / 2, width, height, down, ...emptyMaps(width, height) };
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const from = 2 * row * region.width + 2 * column;
      const below = from + region.width;
      half.mask[at] = meanAt(region.mask, from, below);
      half.u[at] = meanAt(region.u, from, below);
      half.v[at] = meanAt(region.v, from, below);
    }
  }
  return half;
}

function meanAt(values: Float32Array, from: number, below: number): number {
  return (values[from]! + values[from + 1]! + values[below]! + values[below + 1]!) / 4;
}

function even(value: number): number {
  return Math.floor(value / 2) * 2;
}
