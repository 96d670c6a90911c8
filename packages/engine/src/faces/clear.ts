/** Whether a face is seen well enough to be worked on, as for photos that are to move. */
import { isClear, isCut, mouthOf } from "../face/clarity.ts";
import type { Face } from "../face/types.ts";
import type { Picture } from "../media/picture.ts";

/** Not covered and not half outside. Places in pixels of `picture`, which shows the face and what is around it. */
export async function isFree(picture: Picture, face: Face): Promise<boolean> {
  return !isCut(picture, face) && (await isClear(picture, face)) && (await mouthOf(picture, face)) !== "covered";
}
