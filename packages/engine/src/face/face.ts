import { AppError } from "@smileloop/core/errors.ts";
import type { Picture } from "../media/picture.ts";
import type { Face, FaceCrop, Landmarks } from "./types.ts";

export type { Face, FaceCrop, Landmarks, LidContours } from "./types.ts";

/** Smallest distance of the outer eye corners, in pixels of the full picture, that is animated. */
export const MIN_EYE_DISTANCE = 24;

/** Faces of a picture, largest first, each once. */
export async function findFaces(_picture: Picture): Promise<Face[]> {
  throw new Error("not ready");
}

/** Landmarks at a fixed crop, without the detector: frames of a video measured with one crop do not jitter. */
export async function trackFace(_picture: Picture, _crop: FaceCrop): Promise<Landmarks> {
  throw new Error("not ready");
}

/** Loads the models and runs each once, so that the first picture does not wait for it. */
export async function warmUp(): Promise<void> {}

/** The face that was asked for. Throws `no_face`, `face_not_there`. */
export function chooseFace(faces: Face[], index: number): Face {
  const face = faces[index];
  if (face === undefined) throw new AppError("no_face", "No face was found.");
  return face;
}
