/** How a head is turned, read from its mesh. */

const degrees = (radians: number) => (radians * 180) / Math.PI;

/** The mesh's line from the top of the forehead (10) to the chin (152) leans back by this much when the head looks ahead. */
const UPRIGHT_LEAN = 5;

/** Degrees with the signs of `core/motion/motion.ts`. */
export function poseOf(points: Float32Array): { pitch: number; yaw: number; roll: number } {
  // To the right of the picture: both outer eye corners and both sides of the face.
  const across = unit(add(between(points, 33, 263), between(points, 234, 454)));
  const line = between(points, 10, 152);
  const down = unit(add(line, across, -dot(line, across)));
  // across × down points away from the camera; the face looks the other way.
  const ahead = cross(down, across);
  return {
    pitch: degrees(Math.asin(Math.max(-1, Math.min(1, ahead[1])))) - UPRIGHT_LEAN,
    yaw: degrees(Math.atan2(ahead[0], -ahead[2])),
    roll: -degrees(Math.atan2(across[1], across[0])),
  };
}

type Vector = [number, number, number];

function between(points: Float32Array, from: number, to: number): Vector {
  return [0, 1, 2].map((k) => points[to * 3 + k]! - points[from * 3 + k]!) as Vector;
}

function add(a: Vector, b: Vector, times = 1): Vector {
  return [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(a: Vector): Vector {
  const length = Math.hypot(...a) || 1;
  return [a[0] / length, a[1] / length, a[2] / length];
}
