/** Where the built-in engine sees faces, as the five points of a detector: for engines that are tested without one. */
import { findFaces } from "@smileloop/engine/face/face.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";

/** The mesh's points: both corners of the right eye, of the left one, the tip of the nose, the corners of the mouth. */
const FIVE = [[33, 133], [263, 362], [1], [61], [291]];

/** For each face, largest first, five [x, y] in shares of the picture's width and height. */
export async function pointsOf(path: string): Promise<[number, number][][]> {
  const picture = await decodePicture(path, { maxSide: 1280 });
  const faces = await findFaces(picture);
  return faces.map(({ points }) =>
    FIVE.map((mesh) => {
      const mean = (axis: number) => mesh.reduce((sum, point) => sum + points[point * 3 + axis]!, 0) / mesh.length;
      return [mean(0) / picture.width, mean(1) / picture.height];
    }),
  );
}
