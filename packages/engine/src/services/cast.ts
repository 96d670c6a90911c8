/** The service `cast`: who moves in a picture and what becomes the frame, decided once, for rendering and for the check. */
import type { CastMover, CastParams, CastRequest, CastResult } from "@smileloop/core/engine/services.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { castOf, type Mover } from "../cast/cast.ts";
import { openAhead } from "../check/photo.ts";
import { type Face, findFaces } from "../face/face.ts";
import { asJpeg, type Picture } from "../media/picture.ts";
import { smallPicture } from "../media/small-picture.ts";
import type { TaskContext } from "../task.ts";

/** Throws what `decodePicture` and `castOf` throw, and the signal's reason. */
export function cast(
  { inputs, params, outputs }: CastRequest,
  { signal }: Pick<TaskContext, "signal">,
): Promise<CastResult> {
  return blaming("image", castInput(inputs.image[0]!.path, params, outputs?.image, signal));
}

async function castInput(
  path: string,
  params: CastParams,
  output: string | undefined,
  signal: AbortSignal,
): Promise<CastResult> {
  const started = performance.now();
  const image = output === undefined ? null : await asJpeg(path, output);
  signal.throwIfAborted();
  const converted = performance.now() - started;
  const { picture, ...result } = await castPicture(image?.path ?? path, params, signal);
  // its check is mostly made in this process
  openAhead(image?.path ?? path, picture, result.cast);
  const timings = { ...result.timings, decode: Math.round(converted) + (result.timings.decode ?? 0) };
  return { ...result, ...(image && { image }), timings };
}

/** And the picture in which it was decided. */
export async function castPicture(
  path: string,
  params: CastParams,
  signal?: AbortSignal,
): Promise<CastResult & { picture: Picture }> {
  const started = performance.now();
  const picture = await smallPicture(path);
  signal?.throwIfAborted();
  const decoded = performance.now();
  const faces = await findFaces(picture);
  signal?.throwIfAborted();
  const { movers, framing, warnings } = await castOf(picture, faces, params);
  const toFull = picture.fullWidth / picture.width;
  return {
    picture,
    cast: {
      picture: { width: picture.fullWidth, height: picture.fullHeight },
      frame: framing,
      faces: faces.length,
      movers: movers.map((mover) => inFull(mover, toFull)),
    },
    warnings,
    timings: { decode: Math.round(decoded - started), detect: Math.round(performance.now() - decoded) },
  };
}

function inFull({ index, face, ease }: Mover, toFull: number): CastMover {
  const { x, y, size, angle } = face.crop;
  return {
    index,
    crop: { x: x * toFull, y: y * toFull, size: size * toFull, angle },
    score: face.score,
    points: fivePoints(face).map(([across, down]) => [across * toFull, down * toFull]),
    ease,
  };
}

/** Points of the mesh whose middles they are: the right eye's corners, the left one's, the nose's tip, the mouth's right and left corner. */
const FIVE = [[33, 133], [263, 362], [1], [61], [291]];

function fivePoints({ points }: Face): [number, number][] {
  return FIVE.map((mesh) => {
    const mean = (axis: number) => mesh.reduce((sum, point) => sum + points[point * 3 + axis]!, 0) / mesh.length;
    return [mean(0), mean(1)];
  });
}
