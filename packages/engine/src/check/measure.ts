/** How a face has moved between two frames, read from its landmarks. */
import { poseOf } from "../face/pose.ts";
import type { Landmarks, LidContours } from "../face/types.ts";

/**
 * Lengths are in E (distance of the outer eye corners in the neutral frame) and free of the head's shift, turn in the plane and
 * growth; angles are in degrees with the signs of `core/motion/motion.ts`.
 */
export type Moved = {
  /** How much wider the mouth is, plus how much higher its corners are, mean. */
  smile: number;
  /** How much wider the lips are parted. */
  lips: number;
  /** How much narrower the mouth is. */
  pucker: number;
  /** Which share of the eyes' opening has closed, mean of both; below 0 where they opened. */
  lids: number;
  /** By which share more the left eye has closed than the right. */
  wink: number;
  pitch: number;
  yaw: number;
  roll: number;
  /** How much further to the right of the picture, and down in it, the head is, in E. */
  x: number;
  y: number;
  /** By which share the head is larger. */
  growth: number;
  /** How much lower the lower lip is. */
  jaw: number;
};

/** Points of the mesh that skin and bone hold still while a face smiles or blinks: bridge of the nose, forehead, sides, eye corners. */
export const STABLE = [6, 168, 197, 195, 5, 8, 9, 151, 10, 234, 454, 127, 356, 21, 251, 54, 284, 133, 362, 33, 263];
const EYE_OUTER = [33, 263] as const;
const CORNER = { right: 61, left: 291 };
const LIP = { upper: 13, lower: 14 };
const LOWER_LIP = [17, 84, 314, 181, 405];
/** The outline of a face. */
const EDGE = [10, 152, 234, 454, 127, 356, 21, 251, 172, 397];

export function movedBetween(neutral: Landmarks, now: Landmarks): Moved {
  const from = pointsOf(neutral);
  const fit = similarity(pointsOf(now), from, STABLE);
  const [a, b] = EYE_OUTER.map((i) => from(i)) as [Point, Point];
  const unit = Math.hypot(b.x - a.x, b.y - a.y);
  const along = { x: (b.x - a.x) / unit, y: (b.y - a.y) / unit };
  /** A point's way in E: along the line of the eyes, and up from it. */
  const way = (i: number) => {
    const to = fit.apply(pointsOf(now)(i));
    const dx = (to.x - from(i).x) / unit;
    const dy = (to.y - from(i).y) / unit;
    return { along: dx * along.x + dy * along.y, up: dx * along.y - dy * along.x };
  };
  const left = way(CORNER.left);
  const right = way(CORNER.right);
  const closed = (side: "left" | "right") => 1 - opening(now.lids[side]) / opening(neutral.lids[side]);
  const shift = (axis: "x" | "y") => mean(EDGE, (i) => pointsOf(now)(i)[axis] - from(i)[axis]) / unit;
  return {
    smile: left.along - right.along + (left.up + right.up) / 2,
    lips: way(LIP.upper).up - way(LIP.lower).up,
    lids:
      1 -
      (opening(now.lids.left) + opening(now.lids.right)) / (opening(neutral.lids.left) + opening(neutral.lids.right)),
    pucker: right.along - left.along,
    wink: closed("left") - closed("right"),
    pitch: poseOf(now.points).pitch - poseOf(neutral.points).pitch,
    yaw: poseOf(now.points).yaw - poseOf(neutral.points).yaw,
    roll: (fit.turn * 180) / Math.PI,
    ...{ x: shift("x"), y: shift("y"), growth: 1 / fit.growth - 1 },
    jaw: -mean(LOWER_LIP, (i) => way(i).up),
  };
}

function mean(indices: readonly number[], value: (i: number) => number): number {
  return indices.reduce((sum, i) => sum + value(i), 0) / indices.length;
}

type Point = { x: number; y: number };

function pointsOf({ points }: Landmarks): (i: number) => Point {
  return (i) => ({ x: points[i * 3]!, y: points[i * 3 + 1]! });
}

/** Mean height of an eye's opening by its width. */
function opening({ upper, lower }: LidContours): number {
  const points = upper.length / 2;
  let height = 0;
  for (let i = 1; i < points - 1; i++) {
    height += Math.hypot(upper[2 * i]! - lower[2 * i]!, upper[2 * i + 1]! - lower[2 * i + 1]!);
  }
  const width = Math.hypot(upper[2 * points - 2]! - upper[0]!, upper[2 * points - 1]! - upper[1]!);
  return height / (points - 2) / width;
}

type Fit = {
  apply(point: Point): Point;
  /** By how much `from` is turned against `to`, radians, counter-clockwise as seen. */
  turn: number;
  /** By how much `from` is enlarged: 1 for the same size. */
  growth: number;
  /** Root mean square distance that is left, in the unit of `to`. */
  rest: number;
};

/** The shift, turn and growth that bring points onto others with the least squares (Umeyama 1991, in the plane). */
export function similarity(from: (i: number) => Point, to: (i: number) => Point, indices: readonly number[]): Fit {
  const middle = (at: (i: number) => Point): Point => ({
    x: mean(indices, (i) => at(i).x),
    y: mean(indices, (i) => at(i).y),
  });
  const [p, q] = [middle(from), middle(to)];
  let [real, imaginary, size] = [0, 0, 0];
  for (const i of indices) {
    const [ax, ay, bx, by] = [from(i).x - p.x, from(i).y - p.y, to(i).x - q.x, to(i).y - q.y];
    real += ax * bx + ay * by;
    imaginary += ax * by - ay * bx;
    size += ax * ax + ay * ay;
  }
  const [c, s] = [real / size, imaginary / size];
  const apply = ({ x, y }: Point): Point => ({
    x: q.x + c * (x - p.x) - s * (y - p.y),
    y: q.y + s * (x - p.x) + c * (y - p.y),
  });
  const squares = indices.reduce((sum, i) => {
    const [a, b] = [apply(from(i)), to(i)];
    return sum + (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
  }, 0);
  return { apply, turn: Math.atan2(s, c), growth: Math.hypot(c, s), rest: Math.sqrt(squares / indices.length) };
}
