/** How much room a folder's disk has left, in a sentence for the operator. */
import { statfs } from "node:fs/promises";

/** `full`: nothing can be written any more. `state`: `ok`, or a sentence. `totalBytes`: 0 where the file system does not say. */
export type Room = { full: boolean; state: string; freeBytes: number; totalBytes: number };

const LITTLE_BYTES = 200e6;
const LITTLE_PART = 0.02;
/** 2 % of a large disk is plenty. */
const ENOUGH_BYTES = 5e9;
/** A record, its timer and the room kept for ending jobs have to fit. */
const NONE_BYTES = 1e6;

/** A job makes a few dozen files and folders. */
const NONE_FILES = 50;

export async function roomIn(dir: string): Promise<Room> {
  const { bavail, blocks, bsize, files, ffree } = await statfs(dir);
  // file systems without a limit say 0
  if (files > 0 && ffree < NONE_FILES) {
    const left = `${ffree} of ${files} inodes are free`;
    const state = `The disk takes no more files: ${left}. Delete files, or delete jobs.`;
    return { full: true, state, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }
  return roomOf(bavail * bsize, blocks * bsize);
}

export function roomOf(freeBytes: number, totalBytes: number): Room {
  const bytes = { freeBytes, totalBytes };
  // file systems without a size of their own say 0
  if (totalBytes === 0) return { full: false, state: "ok", ...bytes };
  const full = freeBytes < NONE_BYTES;
  if (freeBytes >= Math.max(LITTLE_BYTES, Math.min(LITTLE_PART * totalBytes, ENOUGH_BYTES)))
    return { full, state: "ok", ...bytes };
  const left = `${Math.floor(freeBytes / 1e6)} MB of ${Math.ceil(totalBytes / 1e6)} MB are free`;
  const state = `The disk is ${full ? "full" : "nearly full"}: ${left}. Free some space, or delete jobs.`;
  return { full, state, ...bytes };
}
