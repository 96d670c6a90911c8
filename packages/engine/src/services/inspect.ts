/** The service `inspect`: which faces a picture shows, and what will work with them, before any work is asked for. */
import type { FoundFace, InspectRequest, InspectResult } from "@smileloop/core/engine/services.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { castOf } from "../cast/cast.ts";
import { type Face, findFaces, NO_FACE } from "../face/face.ts";
import { sharpnessOf } from "../face/sharpness.ts";
import type { Picture } from "../media/picture.ts";
import { smallPicture } from "../media/small-picture.ts";
import type { TaskContext } from "../task.ts";

const LEAST_SHARP = 0.07;

/** Faces largest first, in pixels of the upright full picture; none is an answer, too. Throws what `decodePicture` throws. */
export async function inspect(
  request: InspectRequest,
  { signal }: Pick<TaskContext, "signal">,
): Promise<InspectResult> {
  const started = performance.now();
  // as for animating, so that `face` means the same face
  const picture = await smallPicture(request.inputs.image[0]!.path);
  signal.throwIfAborted();
  const decoded = performance.now();
  const found = await findFaces(picture);
  signal.throwIfAborted();
  const warnings: Warning[] = found.length > 0 ? [] : [{ code: "no_face", detail: NO_FACE }];
  const faces: FoundFace[] = [];
  for (const [index, face] of found.entries()) {
    const { moves, warnings: own } = await foresee(picture, found, index);
    const sharpness = sharpnessOf(picture, face);
    if (moves && sharpness < LEAST_SHARP) own.push({ code: "face_blurred", detail: BLURRED });
    faces.push({ ...placed(face, picture.fullWidth / picture.width), sharpness, moves, warnings: own });
    signal.throwIfAborted();
  }
  return {
    width: picture.fullWidth,
    height: picture.fullHeight,
    orientation: picture.orientation,
    faces,
    warnings,
    timings: { decode: decoded - started, detect: performance.now() - decoded },
  };
}

const BLURRED =
  "The face is blurred, and so will be the video. Use a sharper picture, or one in which the face is larger.";

/** What animating this face, in a square around it, would answer. */
async function foresee(
  picture: Picture,
  faces: Face[],
  index: number,
): Promise<{ moves: boolean; warnings: Warning[] }> {
  try {
    const { warnings } = await castOf(picture, faces, { size: 512, face: index });
    // how large a picture is wanted is not known yet
    return { moves: true, warnings: warnings.filter(({ code }) => code !== "enlarged") };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { moves: false, warnings: [{ code: error.code, detail: error.message }] };
  }
}

function placed(
  { box, eyeDistance, score, pitch, yaw, roll }: Face,
  scale: number,
): Omit<FoundFace, "sharpness" | "moves" | "warnings"> {
  return {
    box: { x: box.x * scale, y: box.y * scale, width: box.width * scale, height: box.height * scale },
    eyeDistance: eyeDistance * scale,
    score,
    pitch,
    yaw,
    roll,
  };
}
