/**
 * Whether the mesh of a face can be trusted. The mesh model fits a human face to whatever the detector proposes and is sure of
 * it (score ≥ 0.98) for dogs and stuffed animals, too. What tells them apart is that their meshes are unsteady.
 */
import type { Picture } from "../media/picture.ts";
import { meshesAt } from "./landmarks.ts";
import { models } from "./models.ts";
import type { Face, FaceCrop, LidContours } from "./types.ts";

/**
 * Seen on 280 faces of people (photos, paintings, drawings, 3D figures) and on 6 pets and toys whose faces are found: one of the
 * three limits at the least is kept by every uncovered frontal face of a person whose E is 55 pixels or more, and by most smaller
 * ones; pets and toys miss all three (score ≤ 0.85, corners ≥ 0.124, unsteadiness ≥ 0.030), as do faces that are half cut off or
 * lie behind a mask.
 */
const SURE_SCORE = 0.87;
const MOST_APART = 0.11;
const MOST_UNSTEADY = 0.0265;
/** A face turned by so many degrees may be twice as unsteady. */
const UNSTEADY_YAW = 60;

/** Shift (right, down) and growth of the crop by its size, and its turn in radians. */
const NUDGES = [
  [0.06, 0, 1, 0],
  [0, -0.06, 1, 0],
  [0, 0, 1.12, -0.1],
  [-0.04, 0.04, 0.9, 0.1],
] as const;

/** False for what only resembles a person's face, and for faces that are covered, cut or blurred too much to be read well. */
export async function isClear(picture: Picture, face: Face): Promise<boolean> {
  return face.score >= SURE_SCORE || eyesApart(face) < MOST_APART || isSteady(picture, face);
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
