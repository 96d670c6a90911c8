/** Reads landmarks from a crop: the mesh (Kartynnik et al. 2019, arXiv:1907.06724), then each eye by the iris model (Ablavatski et al. 2020, arXiv:2006.11341). */
import { IRIS_SIZE, MESH_SIZE, type Models } from "./models.ts";
import { fromCrop, type Seen, squareOf } from "./sample.ts";
import type { FaceCrop, Landmarks, LidContours } from "./types.ts";

/** Corners of the eyes in the mesh: the person's right and left. */
const RIGHT_EYE = { outer: 33, inner: 133 };
const LEFT_EYE = { outer: 263, inner: 362 };
/** The iris model looks at a square this many times as wide as the eye. */
const EYE_ROOM = 2.3;
/** The mesh's own next crop is this many times as wide as its longer side. */
const MESH_ROOM = 1.5;

/** The mesh and its score at crops, without the eyes. */
export function meshesAt(models: Models, seen: Seen, crops: FaceCrop[]): { points: Float32Array; score: number }[] {
  const outputs = models.mesh(crops.map((crop) => squareOf(seen, crop, MESH_SIZE)));
  return outputs.map(({ points, score }, i) => ({ points: placedMesh(points, crops[i]!), score }));
}

/** A crop, to be looked at. */
export type Look = { seen: Seen; crop: FaceCrop };

/** The mesh at each crop, then irises and lids where it says that the eyes are. */
export function landmarksOf(models: Models, looks: Look[]): Landmarks[] {
  return looks.map(({ seen, crop }) => {
    const { points, score } = meshesAt(models, seen, [crop])[0]!;
    return { points, meshScore: score, ...eyesAt(models, seen, points, crop.angle) };
  });
}

/** What the mesh model says of a crop, in pixels of what the crop is in. */
export function placedMesh(points: Float32Array, crop: FaceCrop): Float32Array {
  const placed = new Float32Array(points.length);
  for (let p = 0; p < points.length; p += 3) {
    [placed[p], placed[p + 1]] = fromCrop(crop, points[p]! / MESH_SIZE, points[p + 1]! / MESH_SIZE);
    placed[p + 2] = (points[p + 2]! / MESH_SIZE) * crop.size;
  }
  return placed;
}

/** The crop that fits a mesh: level with the eyes, centred on the mesh. */
export function cropAround(points: Float32Array): FaceCrop {
  const angle = Math.atan2(
    points[LEFT_EYE.outer * 3 + 1]! - points[RIGHT_EYE.outer * 3 + 1]!,
    points[LEFT_EYE.outer * 3]! - points[RIGHT_EYE.outer * 3]!,
  );
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let p = 0; p < points.length; p += 3) {
    const across = points[p]! * cos + points[p + 1]! * sin;
    const down = points[p + 1]! * cos - points[p]! * sin;
    left = Math.min(left, across);
    right = Math.max(right, across);
    top = Math.min(top, down);
    bottom = Math.max(bottom, down);
  }
  const across = (left + right) / 2;
  const down = (top + bottom) / 2;
  return {
    x: across * cos - down * sin,
    y: across * sin + down * cos,
    size: Math.max(right - left, bottom - top) * MESH_ROOM,
    angle,
  };
}

/** Irises and lids where a mesh says that the eyes are. */
export function eyesAt(
  models: Models,
  seen: Seen,
  points: Float32Array,
  angle: number,
): Pick<Landmarks, "iris" | "lids" | "brows"> {
  const rightCrop = eyeCrop(points, RIGHT_EYE, angle);
  const leftCrop = eyeCrop(points, LEFT_EYE, angle);
  const [right, left] = models.iris([
    squareOf(seen, rightCrop, IRIS_SIZE),
    squareOf(seen, leftCrop, IRIS_SIZE, { mirrored: true }),
  ]) as [Float32Array, Float32Array];
  const rightEye = placeEye(right, rightCrop, false);
  const leftEye = placeEye(left, leftCrop, true);
  return {
    iris: { left: leftEye.iris, right: rightEye.iris },
    lids: { left: leftEye.lids, right: rightEye.lids },
    brows: { left: leftEye.brow, right: rightEye.brow },
  };
}

function eyeCrop(points: Float32Array, { outer, inner }: typeof LEFT_EYE, angle: number): FaceCrop {
  const [ax, ay, bx, by] = [points[outer * 3]!, points[outer * 3 + 1]!, points[inner * 3]!, points[inner * 3 + 1]!];
  return { x: (ax + bx) / 2, y: (ay + by) / 2, size: Math.hypot(ax - bx, ay - by) * EYE_ROOM, angle };
}

/** The model's points 0–8 run along the lower lid from the outer to the inner corner, 9–15 along the upper lid between them. */
const LOWER = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const UPPER = [0, 9, 10, 11, 12, 13, 14, 15, 8];
const IRIS = [71, 72, 73, 74, 75];
/** The upper edge of the brow (70, 63, 105, 66, 107 in the mesh of a right eye), from its outer end. */
const BROW = [64, 65, 66, 67, 68];

type Eye = { iris: Float32Array; lids: LidContours; brow: Float32Array };

function placeEye(output: Float32Array, crop: FaceCrop, mirrored: boolean): Eye {
  const pick = (indices: number[]) => {
    const places = new Float32Array(indices.length * 2);
    indices.forEach((index, i) => {
      const u = output[index * 3]! / IRIS_SIZE;
      [places[i * 2], places[i * 2 + 1]] = fromCrop(crop, mirrored ? 1 - u : u, output[index * 3 + 1]! / IRIS_SIZE);
    });
    return places;
  };
  return { iris: pick(IRIS), lids: { upper: pick(UPPER), lower: pick(LOWER) }, brow: pick(BROW) };
}
