/** Whether a face is seen well enough to be worked on, as for photos that are to move. */
import { isClear, isCut, mouthOf } from "../face/clarity.ts";
import type { Seen } from "../face/sample.ts";
import type { Face } from "../face/types.ts";

/** Not covered and not half outside. Places in pixels of `seen`, which shows the face and what is around it. */
export async function isFree(seen: Seen, face: Face): Promise<boolean> {
  return !isCut(seen, face) && (await isClear(seen, face)) && (await mouthOf(seen, face)) !== "covered";
}
