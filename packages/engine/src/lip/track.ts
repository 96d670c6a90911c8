/** Where a face is in every frame of a video, as a file: followed once, and used by many jobs. */
import { readFile, writeFile } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import type { Followed } from "./follow.ts";
import type { Look } from "./look.ts";

/** JSON; numbers to a millionth, which no pixel notices. */
export async function writeTrack(path: string, followed: Followed): Promise<void> {
  const text = JSON.stringify(followed, (_, value) => {
    if (value instanceof Float32Array) return Array.from(value, (each) => Math.round(each * 100) / 100);
    return typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value;
  });
  await writeFile(path, text, { mode: 0o600 });
}

/** Throws `invalid_request` for a file that is none. */
export async function readTrack(path: string): Promise<Followed> {
  try {
    const followed = JSON.parse(await readFile(path, "utf8")) as Followed;
    if (followed.stamps.length !== followed.looks.length) throw new Error("It has other frames than faces.");
    return { ...followed, looks: followed.looks.map(lookIn) };
  } catch (cause) {
    throw new AppError("invalid_request", "The track of the face cannot be read.", { cause });
  }
}

function lookIn(look: Look | null): Look | null {
  // a track that an earlier version made has no `lips`
  return look && { ...look, print: Float32Array.from(look.print), lips: Float32Array.from(look.lips ?? []) };
}
