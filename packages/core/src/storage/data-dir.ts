/**
 * The folder of a local server: made, checked, cleaned, and held for this process alone.
 *
 * Held by an open transaction on an empty SQLite file. The operating system keeps that lock with the process: it ends with
 * the process whatever ends it, so nothing can go stale after `kill -9` or a power cut; it works on Windows, and between
 * containers that share a volume, where pid files and sockets cannot tell.
 */
import { randomBytes } from "node:crypto";
import { chmod, link, lstat, mkdir, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../errors.ts";
import { roomIn } from "./disk-room.ts";
import { errno, TEMPORARY_FOLDER, writeOnce } from "./durable-files.ts";
import { createReserve, RESERVE_FILE } from "./reserve.ts";

const SECRET_BYTES = 32;

type DataDir = {
  /** Absolute. */
  dir: string;
  /** Signs links; the same at every start. */
  secret: Uint8Array;
  /** Lets the next server have the folder. */
  close(): void;
};

/** Throws `storage_unavailable`, with a sentence for the person who starts the server. */
export async function openDataDir(path: string): Promise<DataDir> {
  const dir = await makeDir(resolve(path));
  const close = await holdAlone(dir);
  try {
    await rm(join(dir, TEMPORARY_FOLDER), { recursive: true, force: true });
    await mkdir(join(dir, TEMPORARY_FOLDER), { mode: 0o700 });
    await checkLinks(dir);
    const secret = await readSecret(dir);
    await makePrivate(dir);
    // on a full disk, jobs that are there can still be deleted
    await createReserve(dir)
      .refill()
      .catch(() => {});
    return { dir, secret, close };
  } catch (error) {
    close();
    throw errno(error) ? refusal(dir, `cannot be used: ${reasonOf(error)}`, null, error) : error;
  }
}

async function makeDir(path: string): Promise<string> {
  try {
    await makeFolders(path);
    if ((await stat(path)).isDirectory()) return await realpath(path);
  } catch (error) {
    throw refusal(path, `cannot be created: ${reasonOf(error)}`, null, error);
  }
  throw refusal(path, "is a file, not a folder", null);
}

/** Not mkdir's own `recursive`: where a file system refuses new names with ENOENT, as /proc does, that tries for ever. */
async function makeFolders(path: string): Promise<void> {
  const there = await stat(path).catch((error: unknown) => (errno(error) === "ENOENT" ? null : Promise.reject(error)));
  if (there) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errno(error) !== "EEXIST") throw error;
  });
}

/** What the server keeps there; whatever else is in the folder is not its own. */
const OWN = [
  "jobs",
  "uploads",
  "cache",
  "due",
  "idempotency",
  "owners",
  "audit",
  "takedowns",
  "blocked",
  "work",
  TEMPORARY_FOLDER,
  "secret",
  "signing.pem",
  "mark.key",
  "in-use",
  RESERVE_FILE,
];

/**
 * Takes from other users of the machine what an earlier version, a copy or a careless `mkdir` has left open to them: names tell
 * ids, and files are pictures of people. Where the folder is shared by its nature (`/tmp`), it stays as it is.
 */
async function makePrivate(dir: string): Promise<void> {
  if (process.platform === "win32") return;
  const { mode } = await stat(dir);
  if ((mode & STICKY) === 0) await restrict(dir, mode, true);
  for (const name of OWN) await makePrivateBelow(join(dir, name));
}

const STICKY = 0o1000;

async function makePrivateBelow(path: string): Promise<void> {
  const there = await lstat(path).catch(() => null);
  // what a link leads to is for those who made it
  if (!there || there.isSymbolicLink()) return;
  await restrict(path, there.mode, there.isDirectory());
  if (!there.isDirectory()) return;
  for (const name of await readdir(path)) await makePrivateBelow(join(path, name));
}

async function restrict(path: string, mode: number, isFolder: boolean): Promise<void> {
  const wanted = isFolder ? 0o700 : 0o600;
  if ((mode & 0o777) === wanted) return;
  await chmod(path, wanted).catch((error: unknown) => {
    // a volume that belongs to another user, or that knows no modes; or the file has just gone
    if (!["EPERM", "ENOTSUP", "EROFS", "ENOENT"].includes(errno(error) ?? "")) throw error;
  });
}

async function holdAlone(dir: string): Promise<() => void> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(dir, "in-use"), { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    const busy = (error as { errcode?: number }).errcode === 5; // SQLITE_BUSY
    if (busy)
      throw refusal(
        dir,
        "is in use by another SmileLoop server",
        "Stop that server and wait some 8 s for its exit",
        error,
      );
    const { full, state } = await roomIn(dir);
    if (full) throw refusal(dir, "cannot be written", state.replace(/\.$/, ""), error);
    throw refusal(dir, "cannot be written", null, error);
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}

/** A database that nothing refers to is closed by the garbage collector, which would let another server have the folder. */
const held = new Set<DatabaseSync>();

/** exFAT and some network drives have no hard links, and without them no file could be created whole or not at all. */
async function checkLinks(dir: string): Promise<void> {
  const [from, to] = [join(dir, TEMPORARY_FOLDER, "from"), join(dir, TEMPORARY_FOLDER, "to")];
  await writeFile(from, "");
  try {
    await link(from, to);
  } catch (error) {
    const why = "its file system has no hard links (exFAT and some network drives have none)";
    throw refusal(dir, `cannot be used: ${why}`, null, error);
  } finally {
    await rm(from, { force: true });
    await rm(to, { force: true });
  }
}

async function readSecret(dir: string): Promise<Uint8Array> {
  const path = join(dir, "secret");
  const read = () =>
    readFile(path).catch((error: unknown) => (errno(error) === "ENOENT" ? null : Promise.reject(error)));
  if (!(await read())) await writeOnce(dir, path, Date.now(), (file) => file.writeFile(randomBytes(SECRET_BYTES)));
  const secret = await read();
  if (secret?.byteLength !== SECRET_BYTES) {
    const todo = "Remove that file (links that were handed out end with it)";
    throw refusal(dir, "cannot be used: its file `secret` is damaged", todo);
  }
  return secret;
}

const REASONS: Record<string, string> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EEXIST: "a file has this name",
  ENOTDIR: "a part of the path is a file",
  ENOENT: "nothing can be created there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "the path is too long",
};

function reasonOf(error: unknown): string {
  const code = errno(error) ?? "unknown error";
  return Object.hasOwn(REASONS, code) ? `${REASONS[code]} (${code})` : code;
}

/** `todo`: what may help besides another folder. */
function refusal(dir: string, why: string, todo: string | null, cause?: unknown): AppError {
  const advice = `${todo === null ? "Choose" : `${todo}, or choose`} another folder with DATA_DIR.`;
  return new AppError("storage_unavailable", `${dir} ${why}. ${advice}`, { cause });
}
