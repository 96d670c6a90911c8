/** What can be told from the names of jobs' folders. */
import { AppError } from "../errors.ts";
import { childNumber, idTimeMs } from "../job/ids.ts";
import { jobFolderId } from "../job/keys.ts";

/** The folder of the last job of the page before. Throws `invalid_request` for what was never handed out as a cursor. */
export function cursorFolder(cursor: string): string {
  if (jobFolderId(cursor) === null) {
    const msg = "This cursor is not valid; start again without one.";
    throw new AppError("invalid_request", msg, { errors: [{ loc: ["query", "cursor"], msg, type: "invalid_value" }] });
  }
  return cursor;
}

/** The numbers of the children whose folders these are, the smallest first. */
export function childNumbers(folders: string[]): number[] {
  return folders
    .map(childNumber)
    .filter((index) => index !== null)
    .sort((a, b) => a - b);
}

/** How many of them are of jobs that were made since then; counts up to `most`. */
export function countYoung(folders: string[], sinceMs: number, most: number): number {
  const young = folders.filter((name) => {
    const id = jobFolderId(name);
    return id !== null && idTimeMs(id) >= sinceMs;
  });
  return Math.min(most, young.length);
}
