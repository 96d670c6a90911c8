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

/** Frames to both sides that a place is the mean of, and within which they count more. */
export const REACH = 8;
const SPREAD = 3.5;
const SAME: Place = { a: 1, b: 0, x: 0, y: 0 };

/**
 * Places without the tremble of landmarks: each becomes the mean of what the frames around it say, brought to it by how the picture has
 * moved since. Nothing is late, and a head that moves is followed as its skin moves. `slips`: by frame, where the face of the frame before
 * is found on this one's (slip.ts); what lies beyond a null says nothing.
 */
export function steadied(places: readonly (Place | null)[], slips: readonly (Place | null)[]): (Place | null)[] {
  return places.map((_, n) => steadiedAt(places, slips, n));
}

/** The same of one frame, which needs no more than `REACH` frames to both sides. */
export function steadiedAt(
  places: readonly (Place | null)[],
  slips: readonly (Place | null)[],
  n: number,
): Place | null {
  const place = places[n];
  if (!place) return null;
  const sum = { a: 0, b: 0, x: 0, y: 0 };
  let weights = 0;
  const add = (other: Place, by: number) => {
    const weight = Math.exp(-((by / SPREAD) ** 2) / 2);
    for (const key of KEYS) sum[key] += weight * other[key];
    weights += weight;
  };
  add(SAME, 0);
  let from: Place | null = SAME;
  for (let m = n; from && m > Math.max(0, n - REACH); m--) {
    from = slips[m] && places[m - 1] ? throughBoth(from, slips[m]!) : null;
    if (from) add(from, n - m + 1);
  }
  from = SAME;
  for (let m = n + 1; from && m <= Math.min(places.length - 1, n + REACH); m++) {
    from = slips[m] && places[m] ? throughBoth(from, backwards(slips[m]!)) : null;
    if (from) add(from, m - n);
  }
  return throughBoth(
    place,
    mapped((key) => sum[key] / weights),
  );
}

const KEYS = ["a", "b", "x", "y"] as const;

function mapped(value: (key: keyof Place) => number): Place {
  return { a: value("a"), b: value("b"), x: value("x"), y: value("y") };
}

/** Where `outer` brings a place of the face, as `inner` has it. */
function throughBoth(inner: Place, outer: Place): Place {
  const { x, y } = inFrame(inner, outer);
  return { a: inner.a * outer.a - inner.b * outer.b, b: inner.a * outer.b + inner.b * outer.a, x, y };
}

function backwards({ a, b, x, y }: Place): Place {
  const size = a * a + b * b;
  return { a: a / size, b: -b / size, x: -(a * x + b * y) / size, y: (b * x - a * y) / size };
}
