/** The service `inspect`: which faces a picture shows, before any work is asked for. */
import type { FoundFace, InspectRequest, InspectResult } from "@smileloop/core/engine-protocol.ts";
import { findFaces } from "./face/face.ts";
import { decodePicture } from "./media/picture.ts";
import type { TaskContext } from "./task.ts";

/** Longest side at which faces are looked for; the same as for animating, so that `face` means the same face. */
const MAX_SIDE = 1280;

/** Faces largest first, in pixels of the upright full picture; none is an answer, too. Throws what `decodePicture` throws. */
export async function inspect(
  request: InspectRequest,
  { signal }: Pick<TaskContext, "signal">,
): Promise<InspectResult> {
  const started = performance.now();
  const picture = await decodePicture(request.inputs.image.path, { maxSide: MAX_SIDE });
  signal.throwIfAborted();
  const decoded = performance.now();
  const scale = picture.fullWidth / picture.width;
  const faces = (await findFaces(picture)).map(
    ({ box, eyeDistance, score, pitch, yaw, roll }): FoundFace => ({
      box: { x: box.x * scale, y: box.y * scale, width: box.width * scale, height: box.height * scale },
      eyeDistance: eyeDistance * scale,
      score,
      pitch,
      yaw,
      roll,
    }),
  );
  signal.throwIfAborted();
  return {
    width: picture.fullWidth,
    height: picture.fullHeight,
    orientation: picture.orientation,
    faces,
    timings: { decode: decoded - started, detect: performance.now() - decoded },
  };
}
