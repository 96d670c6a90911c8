/** Where faces lie in a picture, as the file that the engine's option `--detector points:FILE` reads. */
import { castPicture } from "@smileloop/engine/services/cast.ts";

/** For each face, largest first, five [x, y] in shares of the picture's width and height. */
export async function pointsOf(path: string): Promise<[number, number][][]> {
  const { picture, movers } = (await castPicture(path, { size: "source", face: "all" })).cast;
  return movers.map(({ points }) => points.map(([x, y]) => [x / picture.width, y / picture.height]));
}
