/**
 * Whether the mesh of a face can be trusted. The mesh model fits a human face to whatever the detector proposes and is sure of
 * it (score ≥ 0.98) for dogs and stuffed animals, too. What tells them apart is that their meshes are unsteady.
 */
import { meshesAt } from "./landmarks.ts";
import { models } from "./models.ts";
import type { Seen } from "./sample.ts";
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
/**
 * How far the lips move when the crop does, in E. Seen on nine portraits with E from 20 to 200 pixels: 0.022 or less, 0.038 with mouths
 * that are wide open; behind drawn masks of any pattern 0.041 to 0.118, behind hands, which are plain, 0.026 to 0.08.
 */
const MOST_UNSTEADY_LIPS = { plain: 0.026, rich: 0.04 };
/** Mouths that vary less in their brightness are plain: few are, and most that are lie behind something. */
const PLAIN_MOUTH = 0.3;
const LIPS = [61, 291, 0, 17, 13, 14, 37, 267, 84, 314, 78, 308];
/** The eyes' corners and lids. */
const EYES = [33, 133, 362, 263, 159, 386, 145, 374];
/** In E: a mouth that is as near to the edge of the picture is only guessed. */
const EDGE = 0.03;
/** Parts of a face's width or height that may lie outside the picture: the mesh reaches a little beyond what is seen. */
const MOST_CUT = 0.1;

/** Shift (right, down) and growth of the crop by its size, and its turn in radians. */
const NUDGES = [
  [0.06, -0.06, 1.12, -0.1],
  [-0.04, 0.04, 0.9, 0.1],
] as const;

type Place = { x: number; y: number };

/** False for what only resembles a person's face, and for faces that are covered, cut or blurred too much to be read well. */
export async function isClear(seen: Seen, face: Face): Promise<boolean> {
  return isPerson(face) || isSteady(seen, face);
}

/** Whether detector and eyes alone tell that a face is a person's. */
function isPerson(face: Face): boolean {
  return face.score >= SURE_SCORE || eyesApart(face) < MOST_APART;
}

/** Whether a mouth is there to be moved: in the picture, and not behind a mask or a hand. */
export async function mouthOf(seen: Seen, face: Face): Promise<"seen" | "covered" | "outside"> {
  const edge = EDGE * face.eyeDistance;
  const outside = [61, 291, 13, 14].some((i) => {
    const { x, y } = placeOf(face, i);
    return x < edge || y < edge || x > seen.width - edge || y > seen.height - edge;
  });
  if (outside) return "outside";
  if (mouthContrast(seen, face) < LEAST_MOUTH) return "covered";
  if (!(await areLipsUnsteady(seen, face))) return "seen";
  // where there is not a person's face, nothing is steady
  return isPerson(face) || (await areEyesSteady(seen, face)) ? "covered" : "seen";
}

/** What is known of a face by its mesh alone. */
type MeshedFace = Pick<Face, "points" | "crop" | "eyeDistance" | "yaw">;

/** Whether the mouth of a face that is known to be a person's is behind something. */
export async function isMouthHidden(seen: Seen, face: MeshedFace): Promise<boolean> {
  if (mouthContrast(seen, face) < LEAST_MOUTH) return true;
  return (await areLipsUnsteady(seen, face)) && areEyesSteady(seen, face);
}

async function areLipsUnsteady(seen: Seen, face: MeshedFace): Promise<boolean> {
  const most = mouthContrast(seen, face) < PLAIN_MOUTH ? MOST_UNSTEADY_LIPS.plain : MOST_UNSTEADY_LIPS.rich;
  return (await unsteadiness(seen, face, LIPS)) > mostUnsteady(face, most);
}

async function areEyesSteady(seen: Seen, face: MeshedFace): Promise<boolean> {
  return (await unsteadiness(seen, face, EYES)) < mostUnsteady(face, MOST_UNSTEADY);
}

/** Whether the edge of the picture cuts a part of the face off. */
export function isCut({ width, height }: Pick<Seen, "width" | "height">, { box }: Pick<Face, "box">): boolean {
  const across = Math.max(-box.x, box.x + box.width - width) / box.width;
  const down = Math.max(-box.y, box.y + box.height - height) / box.height;
  return Math.max(across, down) > MOST_CUT;
}

function placeOf({ points }: MeshedFace, i: number): Place {
  return { x: points[i * 3]!, y: points[i * 3 + 1]! };
}

/** A turned face is less steady. */
function mostUnsteady({ yaw }: MeshedFace, facing: number): number {
  return facing * (1 + Math.abs(yaw) / UNSTEADY_YAW);
}

function mouthContrast(seen: Seen, face: MeshedFace): number {
  const { crop, eyeDistance } = face;
  const [right, left, upper, lower] = [61, 291, 13, 14].map((i) => placeOf(face, i)) as [Place, Place, Place, Place];
  const middle = { x: (upper.x + lower.x) / 2, y: (upper.y + lower.y) / 2 };
  const mouth = tonesIn(seen, {
    ...middle,
    size: 0.55 * Math.hypot(left.x - right.x, left.y - right.y),
    angle: crop.angle,
  });
  const forehead = tonesIn(seen, { ...placeOf(face, 151), size: 0.2 * eyeDistance, angle: crop.angle });
  return (mouth.light - mouth.dark) / Math.max(0.02, forehead.middle);
}

/**
 * Whether the mesh stays where it is when its crop is moved, grown and turned a little. That of a mask, of a hand before the mouth
 * or of a mouth wide open may not: nothing can be measured by it.
 */
export async function isSteady(seen: Seen, face: Face): Promise<boolean> {
  return (await unsteadiness(seen, face)) < mostUnsteady(face, MOST_UNSTEADY);
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

/** How far the mesh moves, or those points of it, root mean square, in E. */
async function unsteadiness(seen: Seen, face: MeshedFace, indices?: number[]): Promise<number> {
  const { points, eyeDistance } = face;
  const chosen = indices ?? Array.from({ length: points.length / 3 }, (_, i) => i);
  const meshes = await nudgedMeshes(seen, face);
  let squares = 0;
  for (const mesh of meshes) {
    for (const i of chosen) {
      squares += (mesh[i * 3]! - points[i * 3]!) ** 2 + (mesh[i * 3 + 1]! - points[i * 3 + 1]!) ** 2;
    }
  }
  return Math.sqrt(squares / (meshes.length * chosen.length)) / eyeDistance;
}

/** Each face is asked about several times. */
const nudged = new WeakMap<MeshedFace, Promise<Float32Array[]>>();

function nudgedMeshes(seen: Seen, face: MeshedFace): Promise<Float32Array[]> {
  const known = nudged.get(face) ?? readNudged(seen, face);
  nudged.set(face, known);
  return known;
}

async function readNudged(seen: Seen, { crop }: MeshedFace): Promise<Float32Array[]> {
  const crops = NUDGES.map(
    ([right, down, growth, turn]): FaceCrop => ({
      x: crop.x + right * crop.size,
      y: crop.y + down * crop.size,
      size: crop.size * growth,
      angle: crop.angle + turn,
    }),
  );
  return meshesAt(await models(), seen, crops).map(({ points }) => points);
}
