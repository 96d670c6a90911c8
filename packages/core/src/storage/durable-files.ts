/**
 * Files that are there whole or not at all, also after `kill -9` at any moment: written in `<dir>/tmp`, which nobody lists,
 * flushed, and only then given their name by link(), which fails when the name is taken. There are no lock files.
 */
import { type FileHandle, link, mkdir, open, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import { newToken } from "../job/ids.ts";

export const TEMPORARY_FOLDER = "tmp";

/**
 * Creates one file. Answers false when the name is taken. `atMs` becomes its mtime: ages are then counted by the clock that
 * was given (the machine's own, as the file system is local; a test's in tests).
 */
export async function writeOnce(
  dir: string,
  target: string,
  atMs: number,
  write: (handle: FileHandle) => Promise<unknown>,
): Promise<boolean> {
  const temporary = join(dir, TEMPORARY_FOLDER, newToken());
  try {
    const handle = await openTemporary(temporary);
    try {
      await write(handle);
      await handle.utimes(atMs / 1000, atMs / 1000);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return await linkOnce(temporary, target);
  } finally {
    await rm(temporary, { force: true }).catch(() => {}); // what stays is taken away at the next start
  }
}

/** Gives a finished file a further name. Answers false when it is taken. */
export async function linkOnce(from: string, to: string): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    try {
      await link(from, to);
      break;
    } catch (error) {
      if (errno(error) === "EEXIST") return false;
      // the folder is not there yet, or somebody has just taken it away because it was empty
      if (errno(error) !== "ENOENT" || tries === 5) throw error;
      await makeFolder(dirname(to)).catch((failed: unknown) => {
        if (errno(failed) !== "ENOENT") throw failed;
      });
    }
  }
  await syncFolder(dirname(to));
  return true;
}

/** Makes a folder and those above it. Nobody else on the machine may look into them. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Takes a folder away if it is empty, then those above it, up to `dir`, which stays. */
export async function removeEmptyFolders(dir: string, folder: string): Promise<void> {
  for (let at = folder; at.length > dir.length && at.startsWith(dir); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      if (errno(error) !== "ENOENT") return;
    }
  }
}

/** The name of a failed system call's error, such as ENOENT. Other errors have codes, too: ours, Node's, SQLite's. */
export function errno(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(errno(error) ?? "");
}

/** What a failed system call means to callers; other errors are answered as they are. */
export function asStorageError(error: unknown): unknown {
  const code = errno(error);
  if (error instanceof AppError || code === undefined || !(error as NodeJS.ErrnoException).syscall) return error;
  if (isDiskFull(error)) {
    return new AppError("storage_full", "The disk is full; free some space and try again.", { cause: error });
  }
  return new AppError("storage_unavailable", "The disk could not be read or written; try again.", { cause: error });
}

/** Runs a method of an adapter, its errors translated. */
export async function withStorageErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw asStorageError(error);
  }
}

async function openTemporary(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
    await makeFolder(dirname(path));
    return open(path, "wx", 0o600);
  }
}

/** So that a new name outlives a power cut. Windows has no such call, and some file systems refuse it. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!["EPERM", "EACCES", "EISDIR", "EINVAL", "ENOTSUP", "EBADF", "ENOENT"].includes(errno(error) ?? ""))
      throw error;
  }
}
