/**
 * How a head has moved, from where points of it lie in two pictures. Their depth is known from a mesh in the first one, so a head that
 * turns is told by how much further near points go than far ones (weak perspective: Tomasi & Kanade 1992, IJCV 9(2)).
 */
import type { Point } from "./follow.ts";

export type Head = {
  /** Degrees with the signs of `core/motion/motion.ts`, against the first picture. */
  yaw: number;
  pitch: number;
  roll: number;
  /** By which share it is larger. */
  growth: number;
  /** How far the middle of the points has gone, pixels. */
  shift: Point;
  /** How far a point has gone beside what the head takes it along, pixels in the axes and the size of the first picture. */
  beside(from: Place, to: Point): Point;
};

type Place = Point & { z: number };

/** Points that are off by more are what the head doesn't take along; times the median. */
const FAR = 2;
/** Pixels: all points may fit better than any can be seen. */
const LEAST_OFF = 0.15;
const ROUNDS = 3;

/** Least squares, in which points that stay off count less and less. */
export function headOf(pairs: [from: Place, to: Point][]): Head {
  const middle = {
    x: mean(pairs.map(([{ x }]) => x)),
    y: mean(pairs.map(([{ y }]) => y)),
    z: mean(pairs.map(([{ z }]) => z)),
  };
  const rows = pairs.map(([{ x, y, z }]) => [x - middle.x, y - middle.y, z - middle.z, 1]);
  let weights = rows.map(() => 1);
  let [toX, toY]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    toX = fitted(
      rows,
      pairs.map(([, { x }]) => x),
      weights,
    );
    toY = fitted(
      rows,
      pairs.map(([, { y }]) => y),
      weights,
    );
    const off = pairs.map(([, to], i) => Math.hypot(to.x - dot(rows[i]!, toX!), to.y - dot(rows[i]!, toY!)));
    const usual = Math.max(LEAST_OFF, [...off].sort((a, b) => a - b)[off.length >> 1]!);
    weights = off.map((distance) => 1 / (1 + (distance / (FAR * usual)) ** 2));
  }
  const [xx, xy, xz, x0] = toX as [number, number, number, number];
  const [yx, yy, yz, y0] = toY as [number, number, number, number];
  // the part of the fit that is a turn in the plane and a growth
  const [cos, sin] = [(xx + yy) / 2, (yx - xy) / 2];
  const size = Math.hypot(cos, sin);
  const unturned = (x: number, y: number): Point => ({
    x: (cos * x + sin * y) / size ** 2,
    y: (cos * y - sin * x) / size ** 2,
  });
  const depth = unturned(xz, yz);
  return {
    yaw: -degrees(Math.asin(within(depth.x))),
    pitch: -degrees(Math.asin(within(depth.y))),
    roll: -degrees(Math.atan2(sin, cos)),
    growth: size - 1,
    shift: { x: x0 - middle.x, y: y0 - middle.y },
    beside(from, to) {
      const row = [from.x - middle.x, from.y - middle.y, from.z - middle.z, 1];
      return unturned(to.x - dot(row, toX!), to.y - dot(row, toY!));
    },
  };
}

/** Weighted least squares by the normal equations, with a little that keeps them solvable. */
function fitted(rows: number[][], values: number[], weights: number[]): number[] {
  const count = rows[0]!.length;
  const system = Array.from({ length: count }, (_, r) => [
    ...Array.from(
      { length: count },
      (_, c) => rows.reduce((sum, row, i) => sum + weights[i]! * row[r]! * row[c]!, 0) + (r === c ? 1e-6 : 0),
    ),
    rows.reduce((sum, row, i) => sum + weights[i]! * row[r]! * values[i]!, 0),
  ]);
  for (let r = 0; r < count; r++) {
    for (let below = r + 1; below < count; below++) {
      const part = system[below]![r]! / system[r]![r]!;
      for (let c = r; c <= count; c++) system[below]![c]! -= part * system[r]![c]!;
    }
  }
  const solution = new Array<number>(count).fill(0);
  for (let r = count - 1; r >= 0; r--) {
    const known = solution.reduce((sum, value, c) => (c > r ? sum + system[r]![c]! * value : sum), 0);
    solution[r] = (system[r]![count]! - known) / system[r]![r]!;
  }
  return solution;
}

const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const degrees = (radians: number): number => (radians * 180) / Math.PI;
const within = (value: number): number => Math.max(-1, Math.min(1, value));
