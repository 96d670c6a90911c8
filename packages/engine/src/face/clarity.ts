/**
 * Whether the mesh of a face can be trusted. The mesh model fits a human face to whatever the detector proposes and is sure of
 * it (score ≥ 0.98) for dogs and stuffed animals, too. What tells them apart is that their meshes are unsteady.
 */
import type { Picture } from "../media/picture.ts";
import { meshesAt } from "./landmarks.ts";
import { models } from "./models.ts";
import { tonesIn } from "./tones.ts";
import type { Face, FaceCrop, LidContours } from "./types.ts";

/**
 * Seen on 280 faces of people (photos, paintings, drawings, 3D figures) and on 6 pets and toys whose faces are found: one of the
 * three limits at the least is kept by every uncovered frontal face of a person whose E is 50 pixels or more, and by most smaller
 * ones. Dogs and toys miss all three by far (score ≤ 0.85, corners ≥ 0.13, unsteadiness ≥ 0.052), a monkey just (0.81, 0.124,
 * 0.032), as do faces that are half cut off or behind a printed mask (0.036 to 0.046).
 */
const SURE_SCORE = 0.87;
const MOST_APART = 0.11;
const MOST_UNSTEADY = 0.031;
/** A face turned by so many degrees may be twice as unsteady. */
const UNSTEADY_YAW = 60;
/** How much the brightness varies between the lips' corners, by that of the forehead: mouths reach 0.16 and more, a plain mask 0.13. */
const LEAST_MOUTH = 0.14;

/** Shift (right, down) and growth of the crop by its size, and its turn in radians. */
const NUDGES = [
  [0.06, -0.06, 1.12, -0.1],
  [-0.04, 0.04, 0.9, 0.1],
] as const;

type Place = { x: number; y: number };

/** False for what only resembles a person's face, and for faces that are covered, cut or blurred too much to be read well. */
export async function isClear(picture: Picture, face: Face): Promise<boolean> {
  if (mouthContrast(picture, face) < LEAST_MOUTH) return false;
  return face.score >= SURE_SCORE || eyesApart(face) < MOST_APART || isSteady(picture, face);
}

function mouthContrast(picture: Picture, { points, crop, eyeDistance }: Face): number {
  const place = (i: number) => ({ x: points[i * 3]!, y: points[i * 3 + 1]! });
  const [right, left, upper, lower] = [61, 291, 13, 14].map(place) as [Place, Place, Place, Place];
  const middle = { x: (upper.x + lower.x) / 2, y: (upper.y + lower.y) / 2 };
  const mouth = tonesIn(picture, {
    ...middle,
    size: 0.55 * Math.hypot(left.x - right.x, left.y - right.y),
    angle: crop.angle,
  });
  const forehead = tonesIn(picture, { ...place(151), size: 0.2 * eyeDistance, angle: crop.angle });
  return (mouth.light - mouth.dark) / Math.max(0.02, forehead.middle);
}

/**
 * Whether the mesh stays where it is when its crop is moved, grown and turned a little. That of a mask, of a hand before the mouth
 * or of a mouth wide open may not: nothing can be measured by it.
 */
export async function isSteady(picture: Picture, face: Face): Promise<boolean> {
  return (await unsteadiness(picture, face)) < MOST_UNSTEADY * (1 + Math.abs(face.yaw) / UNSTEADY_YAW);
}

/** How far the mesh and the iris model put the corners of the eyes apart, mean, by the eyes' width. */
function eyesApart({ points, lids }: Face): number {
  const corners = (contour: LidContours, outer: number, inner: number): number => {
    const { upper } = contour;
    const [ox, oy, ix, iy] = [points[outer * 3]!, points[outer * 3 + 1]!, points[inner * 3]!, points[inner * 3 + 1]!];
    const off = Math.hypot(upper[0]! - ox, upper[1]! - oy) + Math.hypot(upper.at(-2)! - ix, upper.at(-1)! - iy);
    return off / 2 / Math.hypot(ox - ix, oy - iy);
  };
  return (corners(lids.right, 33, 133) + corners(lids.left, 263, 362)) / 2;
}

/** How far the mesh moves, root mean square, in E. */
async function unsteadiness(picture: Picture, { crop, points, eyeDistance }: Face): Promise<number> {
  const crops = NUDGES.map(
    ([right, down, growth, turn]): FaceCrop => ({
      x: crop.x + right * crop.size,
      y: crop.y + down * crop.size,
      size: crop.size * growth,
      angle: crop.angle + turn,
    }),
  );
  const meshes = meshesAt(await models(), picture, crops);
  let squares = 0;
  for (const mesh of meshes) {
    for (let p = 0; p < points.length; p += 3) {
      squares += (mesh.points[p]! - points[p]!) ** 2 + (mesh.points[p + 1]! - points[p + 1]!) ** 2;
    }
  }
  return Math.sqrt(squares / (meshes.length * (points.length / 3))) / eyeDistance;
}
