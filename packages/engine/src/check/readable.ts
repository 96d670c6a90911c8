/** Which faces of a picture can be followed in a video of it, and where they lie there. */
import type { Cast } from "@smileloop/core/engine/services.ts";
import type { ReadMover } from "../cast/read-cast.ts";
import { isSteady } from "../face/clarity.ts";
import type { Face, FaceCrop } from "../face/face.ts";
import type { Picture } from "../media/picture.ts";

/**
 * How sure the detector is of a face whose landmarks can tell how it moves: portraits have ≥ 0.87, a face that a damaged JPEG
 * shows in two shifted halves 0.71. Of the others no special movement is demanded: there the picture is odd, not the result.
 */
const LEAST_SURE = 0.8;
/** E in pixels of the video: the landmarks of smaller faces are too coarse to tell how they move, the more so beside others. */
const LEAST_MEASURED = { one: 40, ofMany: 64 };

/** Whether the landmarks of a mover can tell how it moves in the video, where it may be smaller. */
export async function isReadable(picture: Picture, mover: ReadMover, { movers, frame }: Cast): Promise<boolean> {
  const least = movers.length > 1 ? LEAST_MEASURED.ofMany : LEAST_MEASURED.one;
  const { full, scale } = scalesOf(picture, frame);
  return mover.face.eyeDistance * full * scale >= least && isLegible(picture, mover);
}

/** `full`: pixels of the full picture in one of `picture`; `scale`: pixels of the frame in one of the full picture. */
function scalesOf(picture: Picture, frame: Cast["frame"]): { full: number; scale: number } {
  return { full: picture.fullWidth / picture.width, scale: frame.width / frame.crop.width };
}

/** Whether the landmarks of a face can tell how it moves. */
export async function isLegible(picture: Picture, { face, ease }: ReadMover): Promise<boolean> {
  return face.score >= LEAST_SURE && ease.why !== "unclear" && isSteady(picture, face);
}

/** Where a face of the picture lies in the frame of a video. */
export function cropInFrame({ crop }: Face, picture: Picture, frame: Cast["frame"]): FaceCrop {
  const { full, scale } = scalesOf(picture, frame);
  const x = (crop.x * full - frame.crop.x) * scale;
  const y = (crop.y * full - frame.crop.y) * scale;
  return { x, y, size: crop.size * full * scale, angle: crop.angle };
}
