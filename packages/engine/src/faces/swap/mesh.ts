/** The face mesh as a surface: its triangles, which points mirror each other, and which parts of a face they belong to. */
import type { Face } from "../../face/types.ts";
import { smooth } from "../../warp/head/falloff.ts";
import { MESH } from "../../warp/head/head.ts";
import data from "./triangles.json" with { type: "json" };

/** Three points of the mesh each; those between the lips are missing. MediaPipe's canonical face model (© Google, Apache-2.0). */
export const TRIANGLES: Uint16Array = Uint16Array.from(data.triangles);
/** The point at the same place of the other half of the face: the nearest one after mirroring the model's texture. */
export const MIRROR: Uint16Array = Uint16Array.from(data.mirror);
export const POINTS = 468;

/** Points of the mesh beside those of the iris model's contours, from the outer to the inner corner. */
const LIDS = {
  right: { upper: [33, 246, 161, 160, 159, 158, 157, 173, 133], lower: [33, 7, 163, 144, 145, 153, 154, 155, 133] },
  left: {
    upper: [263, 466, 388, 387, 386, 385, 384, 398, 362],
    lower: [263, 249, 390, 373, 374, 380, 381, 382, 362],
  },
} as const;

export const SIDES = ["right", "left"] as const;

/** The mesh with its lids where the iris model sees them: its own do not close. (x, y, z) as in `Landmarks`. */
export function withLids({ points, lids }: Pick<Face, "points" | "lids">): Float32Array {
  const result = points.slice();
  for (const side of SIDES) {
    for (const edge of ["upper", "lower"] as const) {
      LIDS[side][edge].forEach((point, i) => {
        result[point * 3] = lids[side][edge][2 * i]!;
        result[point * 3 + 1] = lids[side][edge][2 * i + 1]!;
      });
    }
  }
  return result;
}

/** A face as seen from another origin. */
export function shiftedFace(face: Face, dx: number, dy: number): Face {
  const shift = (places: Float32Array, step: number): Float32Array =>
    places.map((value, i) => value + (i % step === 0 ? dx : i % step === 1 ? dy : 0));
  const pair = <T extends object>(of: { left: T; right: T }, each: (one: T) => T) => ({
    left: each(of.left),
    right: each(of.right),
  });
  return {
    ...face,
    points: shift(face.points, 3),
    iris: pair(face.iris, (places) => shift(places, 2)),
    brows: pair(face.brows, (places) => shift(places, 2)),
    lids: pair(face.lids, ({ upper, lower }) => ({ upper: shift(upper, 2), lower: shift(lower, 2) })),
    box: { ...face.box, x: face.box.x + dx, y: face.box.y + dy },
    crop: { ...face.crop, x: face.crop.x + dx, y: face.crop.y + dy },
  };
}

const mirrored = (points: readonly number[]): number[] => [...points, ...points.map((point) => MIRROR[point]!)];

/** Skin that nothing hangs over: cheeks, nose, chin. */
export const PLAIN_SKIN = [...mirrored([50, 205, 101, 36, 118, 187, 207, 119, 100]), 197, 195, 5, 4, 199, 200];
/** Brows, the edges of the lids, nostrils and lips: dark or red by themselves, not by the light. */
const FEATURES = [
  ...mirrored([70, 63, 105, 66, 107, 46, 53, 52, 65, 55]),
  ...SIDES.flatMap((side) => [...LIDS[side].upper, ...LIDS[side].lower]),
  ...mirrored([98, 97, 60, 75, 166, 59, 219, 218, 237, 44, 19, 20, 242, 141]),
  ...[...MESH.lipOuterUpper, ...MESH.lipOuterLower, ...MESH.lipInnerUpper, ...MESH.lipInnerLower],
];

const RIGHT_EYE = [
  ...[
    ...LIDS.right.upper,
    ...LIDS.right.lower,
    70,
    63,
    105,
    66,
    107,
    46,
    53,
    52,
    65,
    55,
    130,
    247,
    30,
    29,
    27,
    28,
    56,
    190,
  ],
  ...[243, 112, 26, 22, 23, 24, 110, 25, 226, 113, 225, 224, 223, 222, 221, 189],
];
/** The points of each eye with its lids and its brow. */
export const EYES = [RIGHT_EYE, RIGHT_EYE.map((point) => MIRROR[point]!)];

/** Per point: 1 where it belongs to brows, eyes, nostrils or lips. */
export const FEATURE: Float32Array = new Float32Array(POINTS);
for (const point of FEATURES) FEATURE[point] = 1;

/** Per point, how much of it is better taken from the other half of the face, because the camera sees it from the side only. 0–1. */
export function turnedAway(points: Float32Array): Float32Array {
  const normals = new Float32Array(POINTS * 3);
  for (let t = 0; t < TRIANGLES.length; t += 3) {
    const [a, b, c] = [TRIANGLES[t]! * 3, TRIANGLES[t + 1]! * 3, TRIANGLES[t + 2]! * 3];
    const p = [0, 1, 2].map((k) => points[b + k]! - points[a + k]!) as [number, number, number];
    const q = [0, 1, 2].map((k) => points[c + k]! - points[a + k]!) as [number, number, number];
    const n = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    for (const corner of [a, b, c]) for (let k = 0; k < 3; k++) normals[corner + k]! += n[k]!;
  }
  const facing = new Float32Array(POINTS);
  let sum = 0;
  for (let i = 0; i < POINTS; i++) {
    const length = Math.hypot(normals[i * 3]!, normals[i * 3 + 1]!, normals[i * 3 + 2]!) || 1;
    facing[i] = normals[i * 3 + 2]! / length;
    sum += facing[i]!;
  }
  // whichever way the triangles run, most of a face looks at the camera
  const sign = Math.sign(sum);
  return facing.map((z, i) => {
    const other = sign * facing[MIRROR[i]!]!;
    return sign * z >= other ? 0 : 1 - smooth((sign * z - 0.12) / 0.3);
  });
}

/** Averages values with those of the points beside them. */
export function smoothedOverMesh(values: Float32Array, passes: number): Float32Array {
  let now = values;
  for (let pass = 0; pass < passes; pass++) {
    const sum = now.slice();
    const count = new Float32Array(POINTS).fill(1);
    for (let t = 0; t < TRIANGLES.length; t++) {
      const next = t % 3 === 2 ? t - 2 : t + 1;
      const [a, b] = [TRIANGLES[t]!, TRIANGLES[next]!];
      sum[a]! += now[b]!;
      count[a]!++;
    }
    now = sum.map((value, i) => value / count[i]!);
  }
  return now;
}
