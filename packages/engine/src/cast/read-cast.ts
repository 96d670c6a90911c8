/** The faces of a cast in a picture: read where it says that they are; nothing is looked for or chosen. */
import type { Cast, CastMover } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { type Face, faceAt } from "../face/face.ts";
import type { Picture } from "../media/picture.ts";

export type ReadMover = CastMover & { face: Face };

/** Each mover with its face, in the picture's own pixels. Throws `invalid_request` where the cast is of another picture. */
export async function readCast(picture: Picture, cast: Cast): Promise<ReadMover[]> {
  const { width, height } = cast.picture;
  if (width !== picture.fullWidth || height !== picture.fullHeight) {
    throw new AppError(
      "invalid_request",
      `The cast is of a picture of ${width} × ${height} pixels, not ${picture.fullWidth} × ${picture.fullHeight}.`,
    );
  }
  const toSmall = picture.width / picture.fullWidth;
  const movers: ReadMover[] = [];
  for (const mover of cast.movers) {
    const { x, y, size, angle } = mover.crop;
    const crop = { x: x * toSmall, y: y * toSmall, size: size * toSmall, angle };
    movers.push({ ...mover, face: await faceAt(picture, crop, mover.score) });
  }
  return movers;
}

/** The curves of a mover. Throws `invalid_request` where the motion has none for it. */
export function curvesOf<Curves>(motion: { faces: Curves[] }, nth: number): Curves {
  const curves = motion.faces[nth];
  if (curves !== undefined) return curves;
  throw new AppError("invalid_request", `The motion has no curves for mover ${nth}.`);
}
