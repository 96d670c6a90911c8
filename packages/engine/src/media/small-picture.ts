/** The picture as faces are looked for in it: small. */
import { MAX_SOURCE_SIDE } from "../cast/framing.ts";
import { decodePicture, type Picture } from "./picture.ts";

/** Decodes the file to sides up to 1280. Throws what `decodePicture` throws. */
export function smallPicture(path: string): Promise<Picture> {
  return decodePicture(path, { maxSide: MAX_SOURCE_SIDE });
}
