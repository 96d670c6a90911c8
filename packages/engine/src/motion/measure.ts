/** What can be measured of a face in a frame against the same face at rest, with the movement of its head taken out. */
import type { Landmarks, LidContours } from "../face/types.ts";
import { dot, pointAt, type RigidFit, rigidFit, type Vector } from "./rigid.ts";
import { STABLE } from "./track.ts";

/**
 * Lengths are in E (distance of the outer eye corners, in space), against the face at rest, in the head's own axes: "up"
 * towards the crown, "out" away from the middle of the face, "left" towards the person's left.
 */
export type SideMeasure = {
  cornerOut: number;
  cornerUp: number;
  cheekUp: number;
  noseUp: number;
  /** Above the line between the eye's corners, not against the rest. */
  browInnerUp: number;
  browOuterUp: number;
  lipUp: number;
  lipDown: number;
  /** Mean height of the eye's opening, not against the rest. */
  opening: number;
  /** The iris between the corners of the eye, not against the rest. */
  irisLeft: number;
  irisUp: number;
};

export type FaceMeasure = {
  left: SideMeasure;
  right: SideMeasure;
  /** How far the lips are parted, not against the rest. */
  gap: number;
  chinDown: number;
  /** Degrees, E and a factor − 1 with the signs of `core/motion/motion.ts`. */
  head: { yaw: number; pitch: number; roll: number; x: number; y: number; scale: number };
};

const MIDDLE = { lipsUpper: [13, 82, 312], lipsLower: [14, 87, 317], chin: [152, 148, 377, 175] };
const SIDES = {
  right: {
    corner: [61, 76, 62],
    cheek: [50, 205, 36],
    nose: [129, 98],
    lipUpper: [37, 39, 0],
    lipLower: [84, 181, 17],
  },
  left: {
    corner: [291, 306, 292],
    cheek: [280, 425, 266],
    nose: [358, 327],
    lipUpper: [267, 269, 0],
    lipLower: [314, 405, 17],
  },
} as const;

/**
 * Where a head turns about, from the middle of the steady points, in E: down and back, at the top of the neck. What a turn about
 * it shifts is part of the turn, not a shift.
 */
const NECK = { down: 1.0, back: 0.5 };

export type Rest = {
  points: Float32Array;
  unit: number;
  axes: { left: Vector; down: Vector; back: Vector };
};

/** A face at rest: the mesh of one frame, or the mean of several. */
export function restOf(points: Float32Array): Rest {
  const right = pointAt(points, 33);
  const leftEye = pointAt(points, 263);
  const unit = length(minus(leftEye, right));
  const left = normal(plus(normal(minus(leftEye, right)), normal(minus(pointAt(points, 454), pointAt(points, 234)))));
  const line = minus(pointAt(points, 152), pointAt(points, 10));
  const down = normal(plus(line, times(left, -dot(line, left))));
  return {
    points,
    unit,
    axes: { left, down, back: cross(left, down) },
  };
}

/** `now` against `rest`; the head's movement against `head`, which may be another moment. */
export function measure(now: Landmarks, rest: Rest, head: Rest): FaceMeasure {
  const fit = rigidFit(now.points, rest.points, STABLE);
  const { left, down } = rest.axes;
  const unit = rest.unit;
  const moved = (indices: readonly number[]): { left: number; up: number } => {
    let [sideways, up] = [0, 0];
    for (const i of indices) {
      const by = minus(fit.apply(pointAt(now.points, i)), pointAt(rest.points, i));
      sideways += dot(by, left) / indices.length / unit;
      up -= dot(by, down) / indices.length / unit;
    }
    return { left: sideways, up };
  };
  const middle = (indices: readonly number[]): Vector =>
    times(
      indices.map((i) => fit.apply(pointAt(now.points, i))).reduce((sum, p) => plus(sum, p)),
      1 / indices.length,
    );
  const seenUnit = unit / fit.scale;
  const side = (name: "left" | "right"): SideMeasure => {
    const outwards = name === "left" ? 1 : -1;
    const places = SIDES[name];
    const corner = moved(places.corner);
    const contour = now.lids[name];
    const iris = irisIn(contour, now.iris[name], seenUnit, name);
    return {
      cornerOut: outwards * corner.left,
      cornerUp: corner.up,
      cheekUp: moved(places.cheek).up,
      noseUp: moved(places.nose).up,
      browInnerUp: above(contour, now.brows[name], [3, 4]) / seenUnit,
      browOuterUp: above(contour, now.brows[name], [0, 1, 2]) / seenUnit,
      lipUp: moved(places.lipUpper).up,
      lipDown: -moved(places.lipLower).up,
      opening: opening(contour) / seenUnit,
      irisLeft: iris.left,
      irisUp: iris.up,
    };
  };
  return {
    left: side("left"),
    right: side("right"),
    gap: Math.max(0, dot(minus(middle(MIDDLE.lipsLower), middle(MIDDLE.lipsUpper)), down) / unit),
    chinDown: -moved(MIDDLE.chin).up,
    head: headOf(rigidFit(head.points, now.points, STABLE), head),
  };
}

function headOf({ rotation, scale, from, to }: RigidFit, head: Rest): FaceMeasure["head"] {
  const ahead = rotation.map((row) => -row[2]!) as Vector;
  const across = rotation.map((row) => row[0]!) as Vector;
  const turn = (v: Vector): Vector => rotation.map((row) => dot(row, v)) as Vector;
  const neck = plus(times(head.axes.down, NECK.down), times(head.axes.back, NECK.back));
  // The neck's place is measured, so that turns about it shift nothing.
  const shift = minus(plus(minus(to, from), times(turn(neck), head.unit * scale)), times(neck, head.unit));
  return {
    yaw: degrees(Math.atan2(ahead[0], -ahead[2])),
    pitch: degrees(Math.asin(Math.max(-1, Math.min(1, ahead[1])))),
    roll: -degrees(Math.atan2(across[1], across[0])),
    x: shift[0] / head.unit,
    y: shift[1] / head.unit,
    scale: scale - 1,
  };
}

/** Mean height of an eye's opening, pixels. */
function opening({ upper, lower }: LidContours): number {
  const points = upper.length / 2;
  let height = 0;
  for (let i = 1; i < points - 1; i++) {
    height += Math.hypot(upper[2 * i]! - lower[2 * i]!, upper[2 * i + 1]! - lower[2 * i + 1]!);
  }
  return height / (points - 2);
}

function irisIn({ lower }: LidContours, iris: Float32Array, unit: number, side: "left" | "right") {
  const { at } = eyeAxes(lower);
  const { along, down } = at(iris[0]!, iris[1]!);
  // contours run from the outer to the inner corner
  return { left: ((side === "left" ? -1 : 1) * along) / unit, up: -down / unit };
}

/** How far points lie above the line between the eye's corners, mean, pixels. */
function above({ lower }: LidContours, line: Float32Array, indices: number[]): number {
  const { at } = eyeAxes(lower);
  return indices.reduce((sum, i) => sum - at(line[2 * i]!, line[2 * i + 1]!).down / indices.length, 0);
}

/** Places from the middle between the corners: along from the outer to the inner corner, and down the face. */
function eyeAxes(contour: Float32Array) {
  const n = contour.length / 2 - 1;
  const [ax, ay, bx, by] = [contour[0]!, contour[1]!, contour[2 * n]!, contour[2 * n + 1]!];
  const width = Math.hypot(bx - ax, by - ay) || 1;
  const [ux, uy] = [(bx - ax) / width, (by - ay) / width];
  const below = ux > 0 ? 1 : -1;
  return {
    at(x: number, y: number) {
      const [dx, dy] = [x - (ax + bx) / 2, y - (ay + by) / 2];
      return { along: dx * ux + dy * uy, down: below * (dy * ux - dx * uy) };
    },
  };
}

const degrees = (radians: number): number => (radians * 180) / Math.PI;
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const plus = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const times = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
const length = (a: Vector): number => Math.hypot(...a);
const normal = (a: Vector): Vector => times(a, 1 / (length(a) || 1));
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
