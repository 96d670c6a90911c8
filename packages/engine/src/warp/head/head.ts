/**
 * The head in the frame: its own axes, and places on it in units of E (distance of the outer eye corners, in space), so that
 * one description of a movement fits every face, size and angle of view.
 */
import type { Face } from "../../face/face.ts";

/** Indices into MediaPipe's face mesh (468 points). "right" is the person's right: at the left of the picture. */
export const MESH = {
  eyeOuter: { right: 33, left: 263 },
  eyeInner: { right: 133, left: 362 },
  lowerLid: { right: 145, left: 374 },
  upperLid: { right: 159, left: 386 },
  browInner: { right: 107, left: 336 },
  browMiddle: { right: 105, left: 334 },
  browOuter: { right: 70, left: 300 },
  browUnder: { right: [46, 53, 52, 65, 55], left: [276, 283, 282, 295, 285] },
  mouthCorner: { right: 61, left: 291 },
  noseWing: { right: 129, left: 358 },
  cheek: { right: 50, left: 280 },
  noseTip: 1,
  noseBase: 2,
  forehead: 10,
  chin: 152,
  /** From the person's right corner to the left one. */
  lipInnerUpper: [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
  lipInnerLower: [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
  lipOuterUpper: [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291],
  lipOuterLower: [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291],
  oval: [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
  ],
} as const;

export type Side = "right" | "left";
export type Point = { x: number; y: number };
export type Vector = { x: number; y: number; z: number };

export type Head = {
  /** Pixels of the frame per E. */
  unit: number;
  /** Mesh point in pixels of the frame; z in the same scale, larger is farther away. */
  point(index: number): Vector;
  /** The same in the head's axes and units of E, from the middle between the eyes: x to its left, y down, z away from the viewer. */
  local(index: number): Vector;
  /** A displacement in the head's axes (E) as it is seen in the frame (pixels). */
  project(x: number, y: number, z: number): Point;
  /** Degrees, as in `core/motion/motion.ts`. */
  yaw: number;
  pitch: number;
  /** The middle of the face oval, pixels. */
  centre: Point;
  /** How far out a place of the frame is: 0 at the centre, 1 on the face oval. */
  reach(x: number, y: number): number;
};

/** `face` in pixels of the frame. */
export function createHead(face: Face): Head {
  const point = (i: number): Vector => ({
    x: face.points[i * 3]!,
    y: face.points[i * 3 + 1]!,
    z: face.points[i * 3 + 2]!,
  });
  const right = point(MESH.eyeOuter.right);
  const left = point(MESH.eyeOuter.left);
  const unit = length(minus(left, right));
  const across = plus(normal(minus(left, right)), normal(minus(point(454), point(234))));
  const axisX = normal(across);
  const down = minus(point(MESH.chin), point(MESH.forehead));
  const axisY = normal(minus(down, times(axisX, dot(down, axisX))));
  const axisZ = cross(axisX, axisY);
  const origin = times(plus(left, right), 0.5);
  const { centre, reach } = ovalReach(MESH.oval.map(point));
  return {
    unit,
    point,
    local(i) {
      const from = times(minus(point(i), origin), 1 / unit);
      return { x: dot(from, axisX), y: dot(from, axisY), z: dot(from, axisZ) };
    },
    project: (x, y, z) => ({
      x: unit * (x * axisX.x + y * axisY.x + z * axisZ.x),
      y: unit * (x * axisX.y + y * axisY.y + z * axisZ.y),
    }),
    yaw: face.yaw,
    pitch: face.pitch,
    centre,
    reach,
  };
}

function ovalReach(oval: Vector[]): { centre: Point; reach(x: number, y: number): number } {
  const xs = oval.map((p) => p.x);
  const ys = oval.map((p) => p.y);
  const centre = { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2 };
  const STEPS = 128;
  const radius = Array.from({ length: STEPS }, (_, i) => rayLength(centre, oval, (i / STEPS) * 2 * Math.PI));
  return {
    centre,
    reach(x, y) {
      const turn = (Math.atan2(y - centre.y, x - centre.x) / (2 * Math.PI) + 1) * STEPS;
      const before = Math.floor(turn);
      const share = turn - before;
      const edge = radius[before % STEPS]! * (1 - share) + radius[(before + 1) % STEPS]! * share;
      return Math.hypot(x - centre.x, y - centre.y) / edge;
    },
  };
}

/** How far it is from `from` to the outline in a direction. */
function rayLength(from: Point, outline: Point[], angle: number): number {
  const dx = Math.cos(angle);
  const dy = Math.sin(angle);
  let farthest = 1;
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length]!;
    const det = dx * (a.y - b.y) - dy * (a.x - b.x);
    if (Math.abs(det) < 1e-9) return;
    const along = ((a.x - from.x) * (a.y - b.y) - (a.y - from.y) * (a.x - b.x)) / det;
    const share = (dx * (a.y - from.y) - dy * (a.x - from.x)) / det;
    if (along > 0 && share >= 0 && share <= 1) farthest = Math.max(farthest, along);
  });
  return farthest;
}

const plus = (a: Vector, b: Vector): Vector => ({ x: a.x + b.x, y: a.y + b.y, z: a.z + b.z });
const minus = (a: Vector, b: Vector): Vector => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
const times = (a: Vector, by: number): Vector => ({ x: a.x * by, y: a.y * by, z: a.z * by });
const dot = (a: Vector, b: Vector): number => a.x * b.x + a.y * b.y + a.z * b.z;
const length = (a: Vector): number => Math.hypot(a.x, a.y, a.z);
const normal = (a: Vector): Vector => times(a, 1 / length(a));
const cross = (a: Vector, b: Vector): Vector => ({
  x: a.y * b.z - a.z * b.y,
  y: a.z * b.x - a.x * b.z,
  z: a.x * b.y - a.y * b.x,
});
