/**
 * Follows points from one picture of a face to another by the brightness around them (Lucas & Kanade 1981; in pyramids, from coarse to
 * fine, Bouguet 2001). Landmarks are what a model expects of faces; this sees how far what is there really went.
 */
import { cropTensor } from "../face/sample.ts";
import type { FaceCrop } from "../face/types.ts";
import type { Picture } from "../media/picture.ts";

/** A square part of a picture in brightness, 0–255, then halved again and again; row by row. */
export type Pyramid = { side: number; pixels: Float32Array }[];

/** Pixels of a face's crop: its eyes lie some 70 apart. */
export const SIDE = 256;
const LEVELS = 4;
/** Half the side of the square around a point that is looked for. */
const REACH = 7;
const MOST_STEPS = 20;
/** A step that is shorter than this ends the search; pixels. */
const ENOUGH = 0.02;
/** Determinant of the brightness' changes by pixel: below it a place is as good as any other. */
const LEAST_CONTRAST = 1e-4;
/** Pixels by which the way back may miss the point. */
const MOST_ASTRAY = 1;

export function pyramidOf(picture: Picture, crop: FaceCrop): Pyramid {
  const rgb = cropTensor(picture, crop, SIDE, { scale: 1, offset: 0, outside: "border" });
  const pixels = new Float32Array(SIDE * SIDE).map(
    (_, i) => 0.21 * rgb[i * 3]! + 0.72 * rgb[i * 3 + 1]! + 0.07 * rgb[i * 3 + 2]!,
  );
  const levels: Pyramid = [{ side: SIDE, pixels }];
  while (levels.length < LEVELS) levels.push(halved(levels.at(-1)!));
  return levels;
}

export type Point = { x: number; y: number };

/** Where a point of the first picture, in its pixels, lies in the other. Null where it isn't found again on the way back. */
export function follow(from: Pyramid, to: Pyramid, point: Point): Point | null {
  const there = search(from, to, point);
  const back = search(to, from, there);
  return Math.hypot(back.x - point.x, back.y - point.y) <= MOST_ASTRAY ? there : null;
}

function search(from: Pyramid, to: Pyramid, point: Point): Point {
  let way: Point = { x: 0, y: 0 };
  for (let level = LEVELS - 1; level >= 0; level--) {
    const part = 2 ** -level;
    const at = { x: (point.x + 0.5) * part - 0.5, y: (point.y + 0.5) * part - 0.5 };
    const step = closer(from[level]!, to[level]!, at, { x: way.x * part, y: way.y * part });
    way = { x: step.x / part, y: step.y / part };
  }
  return { x: point.x + way.x, y: point.y + way.y };
}

type Level = Pyramid[number];
const WIDTH = 2 * REACH + 1;
const COUNT = WIDTH * WIDTH;
/** With one pixel more on each side, for the changes from pixel to pixel. */
const OUTER = WIDTH + 2;
/** Used again for each point. */
const around = new Float32Array(OUTER * OUTER);
const [inner, dx, dy, now] = [0, 1, 2, 3].map(() => new Float32Array(COUNT)) as Float32Array[] as [
  Float32Array,
  Float32Array,
  Float32Array,
  Float32Array,
];

/** The way to the place that is most alike, searched from `way`; `way` itself where nothing is to be seen. */
function closer(from: Level, to: Level, at: Point, way: Point): Point {
  sample(from, at.x, at.y, OUTER, around);
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < COUNT; i++) {
    const middle = (Math.floor(i / WIDTH) + 1) * OUTER + (i % WIDTH) + 1;
    const x = (around[middle + 1]! - around[middle - 1]!) / 2;
    const y = (around[middle + OUTER]! - around[middle - OUTER]!) / 2;
    inner[i] = around[middle]!;
    dx[i] = x;
    dy[i] = y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const determinant = xx * yy - xy * xy;
  if (determinant < LEAST_CONTRAST * COUNT * COUNT) return way;
  let { x, y } = way;
  for (let step = 0; step < MOST_STEPS; step++) {
    sample(to, at.x + x, at.y + y, WIDTH, now);
    let [bx, by] = [0, 0];
    for (let i = 0; i < COUNT; i++) {
      const apart = inner[i]! - now[i]!;
      bx += dx[i]! * apart;
      by += dy[i]! * apart;
    }
    const [sx, sy] = [(yy * bx - xy * by) / determinant, (xx * by - xy * bx) / determinant];
    x += sx;
    y += sy;
    if (Math.hypot(x - way.x, y - way.y) > WIDTH) return way;
    if (Math.hypot(sx, sy) < ENOUGH) break;
  }
  return { x, y };
}

/** The square of `width` pixels around a place, row by row; beyond the edge the last pixels. */
function sample({ side, pixels }: Level, x: number, y: number, width: number, out: Float32Array): void {
  const [left, top] = [x - (width - 1) / 2, y - (width - 1) / 2];
  const [x0, y0] = [Math.floor(left), Math.floor(top)];
  const [fx, fy] = [left - x0, top - y0];
  const last = side - 1;
  const isInside = x0 >= 0 && y0 >= 0 && x0 + width <= last && y0 + width <= last;
  const within = (value: number) => (isInside ? value : Math.max(0, Math.min(last, value)));
  for (let row = 0, i = 0; row < width; row++) {
    const upper = within(y0 + row) * side;
    const lower = within(y0 + row + 1) * side;
    for (let column = 0; column < width; column++, i++) {
      const a = isInside ? x0 + column : within(x0 + column);
      const b = isInside ? a + 1 : within(x0 + column + 1);
      const above = pixels[upper + a]! * (1 - fx) + pixels[upper + b]! * fx;
      out[i] = above + (pixels[lower + a]! * (1 - fx) + pixels[lower + b]! * fx - above) * fy;
    }
  }
}

function halved({ side, pixels }: Level): Level {
  const half = side >> 1;
  const out = new Float32Array(half * half);
  for (let y = 0, to = 0; y < half; y++) {
    for (let x = 0, at = y * 2 * side; x < half; x++, at += 2, to++) {
      out[to] = (pixels[at]! + pixels[at + 1]! + pixels[at + side]! + pixels[at + side + 1]!) / 4;
    }
  }
  return { side: half, pixels: out };
}
