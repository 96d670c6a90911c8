/**
 * The picture of a job as checks look at it: decoded, and the faces of the cast read. All that needs no video is worked out right after
 * the cast, while an engine draws; it stays with the process that judges, and no engine sees it or has a part in it.
 */
import { statSync } from "node:fs";
import { type Cast, castSchema } from "@smileloop/core/engine/services.ts";
import { type ReadMover, readCast } from "../cast/read-cast.ts";
import type { Picture } from "../media/picture.ts";
import { smallPicture } from "../media/small-picture.ts";
import { isReadable } from "./readable.ts";

export type Photo = {
  picture: Picture;
  movers: ReadMover[];
  /** Of each mover, whether its landmarks can tell how it moves in the video. */
  readable: boolean[];
};

/** Photos that wait for their checks, some 5 MB each: as many as slots usually share a checker. */
const MOST_WAITING = 4;
const waiting = new Map<string, Promise<Photo>>();

/**
 * What was opened ahead of the same file in the same state and for the same cast, or else opened now. `keep`: the next check takes it as
 * well. Throws what `decodePicture` and `readCast` throw.
 */
export async function openPhoto(path: string, cast: Cast, { keep = false } = {}): Promise<Photo> {
  const key = keyOf(path, cast);
  const opening = waiting.get(key) ?? readPhoto(smallPicture(path), cast);
  waiting.delete(key);
  if (keep) wait(key, opening);
  return opening;
}

/** Opens it once the process has answered what it is at, of a picture that is decoded already. What goes wrong, the check finds again. */
export function openAhead(path: string, picture: Picture, cast: Cast): void {
  const answered = new Promise((resolve) => setImmediate(resolve));
  wait(
    keyOf(path, cast),
    answered.then(() => readPhoto(picture, cast)),
  );
}

function wait(key: string, opening: Promise<Photo>): void {
  waiting.set(key, opening);
  opening.catch(() => {
    if (waiting.get(key) === opening) waiting.delete(key);
  });
  for (const oldest of waiting.keys()) {
    if (waiting.size <= MOST_WAITING) break;
    waiting.delete(oldest);
  }
}

async function readPhoto(decoded: Picture | Promise<Picture>, cast: Cast): Promise<Photo> {
  const picture = await decoded;
  const movers = await readCast(picture, cast);
  const readable: boolean[] = [];
  for (const mover of movers) readable.push(await isReadable(picture, mover, cast));
  return { picture, movers, readable };
}

/** Casts that say the same have one key, in whichever order they say it. */
function keyOf(path: string, cast: Cast): string {
  const { ino, size, mtimeMs } = statSync(path);
  return JSON.stringify([path, ino, size, mtimeMs, castSchema.parse(cast)]);
}
