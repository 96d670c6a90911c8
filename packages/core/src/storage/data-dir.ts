/**
 * The folder of a local server: made, checked, cleaned, and held for this process alone.
 *
 * Held by an open transaction on an empty SQLite file. The operating system keeps that lock with the process: it ends with
 * the process whatever ends it, so nothing can go stale after `kill -9` or a power cut; it works on Windows, and between
 * containers that share a volume, where pid files and sockets cannot tell.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../errors.ts";
import { errno, TEMPORARY_FOLDER, writeOnce } from "./durable-files.ts";

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
  const dir = await makeFolder(resolve(path));
  const close = holdAlone(dir);
  try {
    await rm(join(dir, TEMPORARY_FOLDER), { recursive: true, force: true });
    await mkdir(join(dir, TEMPORARY_FOLDER), { mode: 0o700 });
    await checkLinks(dir);
    return { dir, secret: await readSecret(dir), close };
  } catch (error) {
    close();
    throw errno(error) ? refusal(dir, `it cannot be used (${errno(error)})`, error) : error;
  }
}

async function makeFolder(path: string): Promise<string> {
  try {
    await makeFolders(path);
    return await realpath(path);
  } catch (error) {
    throw refusal(path, `it cannot be made (${errno(error)})`, error);
  }
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

function holdAlone(dir: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(dir, "in-use"), { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    const busy = (error as { errcode?: number }).errcode === 5; // SQLITE_BUSY
    throw refusal(dir, busy ? "another SmileLoop server is using it; stop that one" : "it cannot be written", error);
  }
  let open = true;
  return () => {
    if (open) database.close();
    open = false;
  };
}

/** exFAT and some network drives have no hard links, and without them no file could be created whole or not at all. */
async function checkLinks(dir: string): Promise<void> {
  const [from, to] = [join(dir, TEMPORARY_FOLDER, "from"), join(dir, TEMPORARY_FOLDER, "to")];
  await writeFile(from, "");
  try {
    await link(from, to);
  } catch (error) {
    throw refusal(dir, "its file system has no hard links (exFAT and some network drives have none)", error);
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
    throw refusal(dir, `the file ${path} is damaged; take it away (links that were handed out end with it)`);
  }
  return secret;
}

function refusal(dir: string, why: string, cause?: unknown): AppError {
  return new AppError("storage_unavailable", `${dir}: ${why}, or choose another folder with DATA_DIR.`, { cause });
}
