import { AppError } from "../errors.ts";
import { jobFolderId } from "../keys.ts";

/** The folder of the last job of the page before. Throws `invalid_request` for what was never handed out as a cursor. */
export function cursorFolder(cursor: string): string {
  if (jobFolderId(cursor) === null) {
    throw new AppError("invalid_request", "This cursor is not valid; start again without one.");
  }
  return cursor;
}
