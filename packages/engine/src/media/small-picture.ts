/** The picture as faces are looked for in it: small, and decoded once where a process looks at it twice. */
import { stat } from "node:fs/promises";
import { MAX_SOURCE_SIDE } from "../cast/framing.ts";
import { decodePicture, type Picture } from "./picture.ts";

/** The last one that was kept, and which state of which file it shows. */
let kept: { file: string; picture: Picture } | undefined;

/**
 * Decodes the file to sides up to 1280. `keep`: the next look at the file is in this process, and takes what is kept; another picture
 * takes its place. Throws what `decodePicture` throws.
 */
export async function smallPicture(path: string, { keep = false } = {}): Promise<Picture> {
  const file = await stateOf(path);
  const before = kept?.file === file ? kept.picture : undefined;
  if (before && !keep) kept = undefined;
  const picture = before ?? (await decodePicture(path, { maxSide: MAX_SOURCE_SIDE }));
  if (keep) kept = { file, picture };
  return picture;
}

async function stateOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return JSON.stringify([path, ino, size, mtimeMs]);
}
