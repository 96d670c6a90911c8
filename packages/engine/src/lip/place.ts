/** Where a face lies in a frame, in its own measure: places on it are told in E from a fixed point between its eyes, whatever the frame. Pure. */

export type Point = { x: number; y: number };
/** (x, y) of a place on the face ↦ (a·x − b·y + x0, b·x + a·y + y0) in the frame. */
export type Place = { a: number; b: number; x: number; y: number };

/** What expressions move least: the corners of the eyes, the bridge of the nose, the temples. */
export const STEADY = [33, 133, 362, 263, 6, 168, 197, 195, 5, 4, 127, 356, 234, 454] as const;

/** The face itself: its steady points, level, with its eyes' outer corners 1 apart and the middle between them at 0. `points`: x, y, z by threes. */
export function shapeOf(points: Float32Array): Point[] {
  const at = (i: number): Point => ({ x: points[i * 3]!, y: points[i * 3 + 1]! });
  const [right, left] = [at(33), at(263)];
  const level = { a: left.x - right.x, b: left.y - right.y, x: (right.x + left.x) / 2, y: (right.y + left.y) / 2 };
  return STEADY.map((i) => onFace(level, at(i)));
}

/** The shift, turn and growth that bring a face's shape onto its points in a frame with the least squares (Umeyama 1991, in the plane). */
export function placeOf(shape: readonly Point[], points: Float32Array): Place {
  const count = shape.length;
  const mean = { x: 0, y: 0, u: 0, v: 0 };
  for (const [nth, { x, y }] of shape.entries()) {
    const i = STEADY[nth]! * 3;
    mean.u += x / count;
    mean.v += y / count;
    mean.x += points[i]! / count;
    mean.y += points[i + 1]! / count;
  }
  let [real, imaginary, size] = [0, 0, 0];
  for (const [nth, { x, y }] of shape.entries()) {
    const i = STEADY[nth]! * 3;
    const [u, v, p, q] = [x - mean.u, y - mean.v, points[i]! - mean.x, points[i + 1]! - mean.y];
    real += u * p + v * q;
    imaginary += u * q - v * p;
    size += u * u + v * v;
  }
  const [a, b] = [real / size, imaginary / size];
  return { a, b, x: mean.x - a * mean.u + b * mean.v, y: mean.y - b * mean.u - a * mean.v };
}

/** E in pixels of the frame. */
export function unitOf({ a, b }: Place): number {
  return Math.hypot(a, b);
}

export function inFrame({ a, b, x, y }: Place, at: Point): Point {
  return { x: a * at.x - b * at.y + x, y: b * at.x + a * at.y + y };
}

export function onFace({ a, b, x, y }: Place, at: Point): Point {
  const size = a * a + b * b;
  const [p, q] = [at.x - x, at.y - y];
  return { x: (a * p + b * q) / size, y: (a * q - b * p) / size };
}

/** Frames to both sides that a place is smoothed over, and by how many E of a shift another frame's counts less. */
const REACH = 8;
const SPREAD = { frames: 3.5, e: 0.014 };
/** A face that is farther away in a frame nearby has jumped, E: a cut. */
const JUMP = 0.5;
const KEYS = ["a", "b", "x", "y"] as const;

/**
 * Places without the tremble of landmarks: each becomes the mean of its neighbours in time, of those that lie nearly alike once the way
 * that the head goes just then is taken off. Nothing is late, and a head that nods fast has few neighbours.
 */
export function steadied(places: readonly (Place | null)[], mouth: Point): (Place | null)[] {
  return places.map((place, n) => {
    if (!place) return null;
    const here = inFrame(place, mouth);
    const unit = unitOf(place);
    const apart = (other: Place) => {
      const there = inFrame(other, mouth);
      return Math.hypot(there.x - here.x, there.y - here.y, unitOf(other) - unit) / unit;
    };
    const near: { by: number; other: Place; weight: number }[] = [];
    for (let m = Math.max(0, n - REACH); m <= Math.min(places.length - 1, n + REACH); m++) {
      const other = places[m];
      if (!other || apart(other) > JUMP) continue;
      near.push({ by: m - n, other, weight: Math.exp(-(((m - n) / SPREAD.frames) ** 2) / 2) });
    }
    const going = wayOf(near);
    const sum = { a: 0, b: 0, x: 0, y: 0 };
    let weights = 0;
    for (const { by, other, weight } of near) {
      const back = mapped((key) => other[key] - by * going[key]);
      const counts = weight * Math.exp(-((apart(back) / SPREAD.e) ** 2) / 2);
      for (const key of KEYS) sum[key] += counts * back[key];
      weights += counts;
    }
    return mapped((key) => sum[key] / weights);
  });
}

/** What a place changes by from frame to frame, with the least squares. */
function wayOf(near: readonly { by: number; other: Place; weight: number }[]): Place {
  const total = near.reduce((sum, { weight }) => sum + weight, 0);
  const mean = (value: (each: (typeof near)[number]) => number) =>
    near.reduce((sum, each) => sum + each.weight * value(each), 0) / total;
  const middle = mean(({ by }) => by);
  const spread = mean(({ by }) => (by - middle) ** 2);
  return mapped((key) => (spread > 0 ? mean(({ by, other }) => (by - middle) * other[key]) / spread : 0));
}

function mapped(value: (key: keyof Place) => number): Place {
  return { a: value("a"), b: value("b"), x: value("x"), y: value("y") };
}
