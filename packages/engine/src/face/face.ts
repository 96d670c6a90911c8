/** Finds faces and reads their landmarks. */
import { AppError } from "@smileloop/core/errors.ts";
import type { Picture } from "../media/picture.ts";
import type { Candidate } from "./detect.ts";
import { cropAround, landmarksOf, meshesAt } from "./landmarks.ts";
import { type Models, models } from "./models.ts";
import { poseOf } from "./pose.ts";
import type { Seen } from "./sample.ts";
import { type Limits, search } from "./search.ts";
import type { Face, FaceCrop, Landmarks } from "./types.ts";

export type { Face, FaceCrop, Landmarks, LidContours } from "./types.ts";

/** Smallest distance of the outer eye corners, in pixels of the full picture, that is animated. */
export const MIN_EYE_DISTANCE = 24;

/** Faces of a picture, largest first, each once. `thorough: false` looks at the whole picture only, not turned and not closer. */
export async function findFaces(picture: Picture, { thorough = true } = {}): Promise<Face[]> {
  const ready = await models();
  const accept = (candidate: Candidate, limits: Limits) => readFace(ready, picture, candidate, limits);
  const faces = search(ready, picture, accept, thorough);
  return withoutDoubles(faces.sort((a, b) => b.eyeDistance - a.eyeDistance));
}

/** Landmarks at a fixed crop, without the detector: frames of a video measured with one crop do not jitter. */
export async function trackFace(seen: Seen, crop: FaceCrop): Promise<Landmarks> {
  return landmarksAt(await models(), seen, crop);
}

/** More in one go would take memory, and no less time. */
const MOST_AT_ONCE = 4;

/** `trackFace` for one crop in several pictures. */
export async function trackFaces(pictures: Picture[], crop: FaceCrop): Promise<Landmarks[]> {
  const ready = await models();
  const found: Landmarks[] = [];
  for (let i = 0; i < pictures.length; i += MOST_AT_ONCE) {
    found.push(
      ...landmarksOf(
        ready,
        pictures.slice(i, i + MOST_AT_ONCE).map((seen) => ({ seen, crop })),
      ),
    );
  }
  return found;
}

export const NO_FACE =
  "No face was found. Use a picture in which one is well lit and looks towards the camera. Pets and drawings work only where " +
  "a human-like face is found in them.";

/** The face that was asked for. Throws `no_face`, `face_not_there`. */
export function chooseFace(faces: Face[], index: number): Face {
  const face = faces[index];
  if (face !== undefined) return face;
  if (faces.length === 0) {
    throw new AppError("no_face", NO_FACE);
  }
  const count = faces.length === 1 ? "1 face" : `${faces.length} faces`;
  throw new AppError(
    "face_not_there",
    `The picture has only ${count}. Faces are numbered from 0, largest first, so \`face\` is at most ${faces.length - 1}, got ${index}.`,
  );
}

/** A face that was found before, read again: `crop` and `score` are those of `Face`. */
export async function faceAt(seen: Seen, crop: FaceCrop, score: number): Promise<Face> {
  return faceOf(await trackFace(seen, crop), crop, score);
}

function readFace(ready: Models, picture: Picture, candidate: Candidate, limits: Limits): Face | undefined {
  const first = meshesAt(ready, picture, [candidate.crop])[0]!;
  if (first.score < limits.mesh) return undefined;
  const crop = cropAround(first.points);
  const landmarks = landmarksAt(ready, picture, crop);
  const { meshScore } = landmarks;
  if (meshScore < limits.mesh || candidate.score + meshScore < limits.sum) return undefined;
  return faceOf(landmarks, crop, candidate.score);
}

/** From what was read at a crop to what is known of a face. */
export function faceOf(landmarks: Landmarks, crop: FaceCrop, score: number): Face {
  const { points } = landmarks;
  return {
    ...landmarks,
    crop,
    box: boxOf(points),
    eyeDistance: Math.hypot(points[263 * 3]! - points[33 * 3]!, points[263 * 3 + 1]! - points[33 * 3 + 1]!),
    score,
    ...poseOf(points),
  };
}

function landmarksAt(ready: Models, seen: Seen, crop: FaceCrop): Landmarks {
  return landmarksOf(ready, [{ seen, crop }])[0]!;
}

/** Views overlap, so a face may have been read twice; of two meshes in one place the larger stays. */
function withoutDoubles(faces: Face[]): Face[] {
  const kept: Face[] = [];
  for (const face of faces) {
    const twin = kept.some(({ crop, box }) => {
      const distance = Math.hypot(crop.x - face.crop.x, crop.y - face.crop.y);
      return distance < 0.4 * Math.min(box.width, box.height);
    });
    if (!twin) kept.push(face);
  }
  return kept;
}

function boxOf(points: Float32Array): Face["box"] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let p = 0; p < points.length; p += 3) {
    left = Math.min(left, points[p]!);
    right = Math.max(right, points[p]!);
    top = Math.min(top, points[p + 1]!);
    bottom = Math.max(bottom, points[p + 1]!);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
