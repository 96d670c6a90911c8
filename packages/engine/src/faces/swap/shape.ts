/**
 * The target's face with the proportions of the source: the source's mesh is laid on it (Horn 1987, JOSA A 4(4)), and what differs is
 * spread by thin-plate splines (Bookstein 1989, IEEE PAMI 11(6)). Lids, lips and brows move as wholes, so that the expression stays
 * the target's.
 */
import type { Face } from "../../face/types.ts";
import { rigidFit } from "../../motion/rigid.ts";
import { smooth } from "../../warp/head/falloff.ts";
import { createHead, type Head, MESH, type Point } from "../../warp/head/head.ts";
import { createSpline } from "../../warp/head/spline.ts";
import { fromCell, type Grid, SIDE } from "./grid.ts";
import { MIRROR, SIDES } from "./mesh.ts";

export type Shape = {
  /** The mesh after the change, pixels of the frame, and its head. */
  points: Float32Array;
  head: Head;
  /** The irises' centres after the change. */
  iris: Record<"left" | "right", Point>;
  /** Per node, from a place in the result to the place in the frame that is seen there, pixels; NODES × NODES over the grid. */
  backX: Float32Array;
  backY: Float32Array;
};

/** Cells between two nodes, and nodes along a side. */
export const NODE = 6;
export const NODES = SIDE / NODE + 1;

/** How much of the difference is made up for. */
const STRENGTH = 0.6;
/** Degrees between the two heads from which on less of it is, and from which on nothing: depth is only guessed. */
const POSES: [number, number] = [14, 36];
/** Of the differences of the jaw. */
const JAW_SHARE = 0.35;
/** In E: no place moves further. */
const MOST = 0.14;
const MOST_WIDER = 0.12;
const STIFFNESS = 0.02;
/** In face ovals: the change fades from the first to nothing at the second. */
const FADE: [number, number] = [1.02, 1.3];
const RING = 24;

const both = (points: readonly number[]): number[] => [...points, ...points.map((point) => MIRROR[point]!)];
/** What expressions move least. */
const RIGID = [...both([33, 133, 127, 234, 162, 93, 98, 129, 48, 64]), 6, 168, 197, 195, 5, 4, 1, 2];
const POINTWISE = [...both([33, 133, 98, 129, 48, 64]), 6, 168, 197, 195, 5, 4, 1, 2];
const BROW = { all: [70, 63, 105, 66, 107, 46, 53, 52, 65, 55], handles: [70, 105, 107] };
const LIPS = [...new Set<number>([...MESH.lipOuterUpper, ...MESH.lipOuterLower])];
const LIP_HANDLES = [...both([61, 40, 91]), 0, 17];
const JAW = [...both([148, 149, 136, 172, 58, 132]), 152];
const STILL = [...both([109, 67, 103, 54, 21, 162, 127, 234, 93]), 10];

type Handle = { at: Point; move: Point };

/** `target`: with lids (`withLids`), pixels of the frame; `source` likewise in its own pixels. `grid`: the target's. */
export function shapeOf(target: Face, source: Face, head: Head, grid: Grid): Shape {
  const handles = handlesOf(target, source, head);
  const unit = head.unit;
  const local = ({ x, y }: Point): Point => ({ x: (x - head.centre.x) / unit, y: (y - head.centre.y) / unit });
  const fade = ({ x, y }: Point): number => 1 - smooth((head.reach(x, y) - FADE[0]) / (FADE[1] - FADE[0]));

  const irises = SIDES.map((side): Point => ({ x: target.iris[side][0]!, y: target.iris[side][1]! }));
  const places = [...Array.from({ length: 468 }, (_, i) => pointOf(target.points, i)), ...irises];
  const forward = createSpline(
    handles.map(({ at }) => local(at)),
    places.map(local),
    STIFFNESS,
  );
  const moves = [forward.spread(handles.map(({ move }) => move.x)), forward.spread(handles.map(({ move }) => move.y))];
  const moved = places.map((place, i): Point => {
    const share = fade(place);
    return { x: place.x + share * moves[0]![i]!, y: place.y + share * moves[1]![i]! };
  });
  const points = target.points.slice();
  for (let i = 0; i < 468; i++) {
    points[i * 3] = moved[i]!.x;
    points[i * 3 + 1] = moved[i]!.y;
  }

  const nodes = Array.from({ length: NODES * NODES }, (_, i): Point => {
    const [x, y] = fromCell(grid, (i % NODES) * NODE, Math.floor(i / NODES) * NODE);
    return { x, y };
  });
  const arrived = handles.map(({ at, move }) => local({ x: at.x + move.x, y: at.y + move.y }));
  const backward = createSpline(arrived, nodes.map(local), STIFFNESS);
  const shares = nodes.map(fade);
  const back = (axis: "x" | "y") =>
    backward.spread(handles.map(({ move }) => -move[axis])).map((value, i) => value * shares[i]!);
  return {
    points,
    head: createHead({ ...target, points }),
    iris: { right: moved[468]!, left: moved[469]! },
    backX: back("x"),
    backY: back("y"),
  };
}

function handlesOf(target: Face, source: Face, head: Head): Handle[] {
  const fit = rigidFit(source.points, target.points, RIGID);
  const apart = Math.hypot(source.yaw - target.yaw, source.pitch - target.pitch);
  const strength = STRENGTH * (1 - smooth((apart - POSES[0]) / (POSES[1] - POSES[0])));
  const laid = (i: number): Point => {
    const [x, y] = fit.apply([source.points[i * 3]!, source.points[i * 3 + 1]!, source.points[i * 3 + 2]!]);
    return { x, y };
  };
  const most = MOST * head.unit;
  const handle = (i: number, { x, y }: Point, share: number): Handle => {
    const held = share * Math.min(1, most / (share * Math.hypot(x, y) || 1));
    return { at: pointOf(target.points, i), move: { x: x * held, y: y * held } };
  };
  const off = (i: number): Point => minus(laid(i), pointOf(target.points, i));
  const mean = (indices: readonly number[]): Point => {
    const all = indices.map(off);
    return { x: sum(all.map(({ x }) => x)) / all.length, y: sum(all.map(({ y }) => y)) / all.length };
  };

  const brows = [BROW, { all: BROW.all.map((i) => MIRROR[i]!), handles: BROW.handles.map((i) => MIRROR[i]!) }];
  return [
    ...POINTWISE.map((i) => handle(i, off(i), strength)),
    ...brows.flatMap(({ all, handles }) => handles.map((i) => handle(i, mean(all), strength))),
    ...lipMoves(target, laid, mean(LIPS)).map(({ i, move }) => handle(i, move, strength)),
    ...JAW.map((i) => handle(i, off(i), strength * JAW_SHARE)),
    ...STILL.map((i) => handle(i, { x: 0, y: 0 }, 0)),
    ...ringAround(head),
  ];
}

/** The mouth as a whole, a little wider or narrower. */
function lipMoves({ points }: Face, laid: (i: number) => Point, shift: Point): { i: number; move: Point }[] {
  const [right, left] = [pointOf(points, 61), pointOf(points, 291)];
  const across = minus(left, right);
  const wanted = minus(laid(291), laid(61));
  const ratio = Math.hypot(wanted.x, wanted.y) / (Math.hypot(across.x, across.y) || 1) - 1;
  const wider = Math.min(MOST_WIDER, Math.max(-MOST_WIDER, ratio));
  const middle = { x: (right.x + left.x) / 2, y: (right.y + left.y) / 2 };
  const square = across.x ** 2 + across.y ** 2 || 1;
  return LIP_HANDLES.map((i) => {
    const from = minus(pointOf(points, i), middle);
    const along = (wider * (from.x * across.x + from.y * across.y)) / square;
    return { i, move: { x: shift.x + along * across.x, y: shift.y + along * across.y } };
  });
}

function ringAround({ centre, reach }: Head): Handle[] {
  return Array.from({ length: RING }, (_, k) => {
    const [x, y] = [Math.cos((k / RING) * 2 * Math.PI), Math.sin((k / RING) * 2 * Math.PI)];
    const edge = FADE[1] / reach(centre.x + x, centre.y + y);
    return { at: { x: centre.x + x * edge, y: centre.y + y * edge }, move: { x: 0, y: 0 } };
  });
}

export function pointOf(points: Float32Array, i: number): Point {
  return { x: points[i * 3]!, y: points[i * 3 + 1]! };
}

const minus = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
