/**
 * Where lips end and the inside of an open mouth begins. The mesh knows it roughly, and mostly sees less of an opening than there is; the
 * colours around its contours say it better.
 */
import type { Planes } from "../../media/planes.ts";
import { type Curve, fromSlit, type SlitFrame } from "../head/curve.ts";
import { type Head, MESH } from "../head/head.ts";
import { meanTone, type Tone, toneAt } from "../head/tone.ts";

/** In E: how far from the mesh's contour an edge is looked for, outwards and inwards, and in which steps. */
const REACH = { out: 0.1, in: 0.006, step: 0.006 };
/** Steps on either side of an edge that are compared; levels by which they have to differ, and what an edge an E farther off counts less. */
const SIDE = 4;
const LEAST_CHANGE = 8;
const NEARBY = 120;
const COLUMNS = Array.from({ length: 13 }, (_, i) => -0.6 + 0.1 * i);

export type LipEdges = { upper: Curve; lower: Curve };

/** The mesh's contours, moved to where the colours change. `mesh`: pixels below the slit by `t`. */
export function findLipEdges(head: Head, still: Planes, frame: SlitFrame, mesh: LipEdges): LipEdges {
  const { unit } = head;
  const look = (t: number, v: number): Tone => {
    const { x, y } = fromSlit(frame, t, v);
    return toneAt(still, x, y);
  };
  const moved = (edge: Curve, outer: readonly number[], inner: readonly number[], out: 1 | -1): Curve => {
    const lip = lipTone(head, still, outer, inner);
    const ways = COLUMNS.map((t) => wayToLip((way) => look(t, edge(t) + out * way * unit), lip));
    // one step for the whole lip: single columns meet glints, gaps between teeth and shadows
    const step = out * median(ways) * unit;
    return (t) => edge(t) + (Math.abs(t) < 1 ? step * Math.sqrt(1 - t * t) : 0);
  };
  return {
    upper: moved(mesh.upper, MESH.lipOuterUpper, MESH.lipInnerUpper, -1),
    lower: moved(mesh.lower, MESH.lipOuterLower, MESH.lipInnerLower, 1),
  };
}

/**
 * How far outwards from the mesh's contour the lip begins, E: where what is beyond is most like the lip and what is before it least,
 * rather nearby; 0 where nothing tells.
 */
function wayToLip(look: (way: number) => Tone, lip: Tone): number {
  const steps = Math.round((REACH.out + REACH.in) / REACH.step) + 2 * SIDE;
  const unlike = Array.from({ length: steps }, (_, i) => difference(look((i - SIDE) * REACH.step - REACH.in), lip));
  const mean = (from: number): number => unlike.slice(from, from + SIDE).reduce((sum, value) => sum + value, 0) / SIDE;
  let best = { way: 0, score: LEAST_CHANGE };
  for (let i = SIDE; i <= steps - SIDE; i++) {
    const way = (i - SIDE - 0.5) * REACH.step - REACH.in;
    const score = mean(i - SIDE) - mean(i) - NEARBY * Math.abs(way);
    if (score > best.score) best = { way, score };
  }
  return best.way;
}

/** Of the part of a lip that is nearer to its outer edge: the inner one may lie within the opening. */
function lipTone(head: Head, still: Planes, outer: readonly number[], inner: readonly number[]): Tone {
  const tones = outer.slice(3, 8).flatMap((index, i) => {
    const [p, q] = [head.point(index), head.point(inner[i + 3]!)];
    return [0.1, 0.25, 0.4].map((share) => toneAt(still, p.x + share * (q.x - p.x), p.y + share * (q.y - p.y)));
  });
  return meanTone(tones, 0.2, 0.8);
}

/** Colour counts more than light, which changes with every fold. */
function difference(a: Tone, b: Tone): number {
  return Math.hypot(0.5 * (a.luma - b.luma), 1.5 * (a.cb - b.cb), 1.5 * (a.cr - b.cr));
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
