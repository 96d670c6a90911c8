import { expect, test } from "vitest";
import type { Point } from "./head.ts";
import { createSpline } from "./spline.ts";

let state = 1;
function random(): number {
  state = (state * 16807) % 2147483647;
  return state / 2147483647;
}
const scattered = (count: number): Point[] =>
  Array.from({ length: count }, () => ({ x: 3 * random() - 1.5, y: 3 * random() - 1.5 }));

/** As far apart as those of a face, at least. */
const HANDLES = scattered(300).reduce<Point[]>(
  (kept, p) => (kept.some((q) => Math.hypot(p.x - q.x, p.y - q.y) < 0.1) ? kept : kept.concat(p)),
  [],
);
const PLACES = scattered(203);
const VALUES = HANDLES.map(({ x, y }) => Math.sin(2 * x) + y * y + 0.02 * random());

function bend(a: Point, b: Point): number {
  const square = (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
  return square === 0 ? 0 : 0.5 * square * Math.log(square);
}

/** The whole system by Gauss-Jordan with pivots. */
function plainly(handles: Point[], places: Point[], stiffness: number, values: number[]): number[] {
  const n = handles.length;
  const rows = handles.map((p, i) => [
    ...handles.map((q, j) => (i === j ? stiffness : bend(p, q))),
    ...[1, p.x, p.y, values[i]!],
  ]);
  const planes = [(_: Point) => 1, ({ x }: Point) => x, ({ y }: Point) => y];
  for (const plane of planes) rows.push([...handles.map(plane), 0, 0, 0, 0]);
  for (let k = 0; k < n + 3; k++) {
    const pivot = rows
      .slice(k)
      .reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n + 3; i++) {
      const factor = i === k ? 0 : rows[i]![k]! / rows[k]![k]!;
      if (factor !== 0) rows[i] = rows[i]!.map((value, j) => value - factor * rows[k]![j]!);
    }
  }
  const weights = rows.map((row, i) => row.at(-1)! / row[i]!);
  return places.map(
    (p) =>
      weights[n]! +
      weights[n + 1]! * p.x +
      weights[n + 2]! * p.y +
      handles.reduce((sum, q, j) => sum + weights[j]! * bend(p, q), 0),
  );
}

test.each([2e-4, 0.1])("the surface is that of the whole system of equations, with a stiffness of %d", (stiffness) => {
  const surface = createSpline(HANDLES, PLACES, stiffness).spread(VALUES);
  const expected = plainly(HANDLES, PLACES, stiffness, VALUES);
  expect(surface).toHaveLength(PLACES.length);
  for (const [i, value] of surface.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(5e-6);
});

test("a plane stays a plane, also far away", () => {
  const plane = ({ x, y }: Point): number => 3 - 2 * x + 0.5 * y;
  const far = [{ x: 40, y: -70 }, ...PLACES];
  const surface = createSpline(HANDLES, far, 2e-4).spread(HANDLES.map(plane));
  for (const [i, place] of far.entries()) expect(surface[i]).toBeCloseTo(plane(place), 3);
});

test("without stiffness the surface goes through its handles", () => {
  const surface = createSpline(HANDLES, HANDLES, 0).spread(VALUES);
  for (const [i, value] of VALUES.entries()) expect(surface[i]).toBeCloseTo(value, 5);
});
