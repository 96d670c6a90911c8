/** Files on disk, below the folders of `FILE_ROOTS`, beside the records. A copy shares its content with the original. */
import { constants, type Dirent } from "node:fs";
import { copyFile, type FileHandle, lstat, open, readdir, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { FileInfo, Files, ListedFile } from "../files.ts";
import { newToken } from "../job/ids.ts";
import { checkFileKey, FILE_ROOTS, isFileKey } from "../job/keys.ts";
import {
  asStorageError,
  errno,
  linkOnce,
  removeEmptyFolders,
  withStorageErrors,
  writeOnce,
} from "../storage/durable-files.ts";
import type { LocalLinks } from "../storage/local-links.ts";
import { checkedBody, resolveRange } from "./body.ts";
import { readTrailer, trailerOf } from "./disk-format.ts";
import { streamOf } from "./disk-stream.ts";
import { signedLinks } from "./signed-links.ts";

/** Many small chunks (a form, a slow client) are written together. */
const WRITE_BYTES = 64 * 1024;

export function diskFiles({ dir, clock, links }: { dir: string; clock: Clock; links: LocalLinks }): Files {
  const pathOf = (key: string) => join(dir, checkFileKey(key));
  const taken = () => new AppError("already_exists", "This file has arrived already.");

  return {
    put: (key, body, options) =>
      withStorageErrors(async () => {
        const path = pathOf(key);
        if (await exists(path)) throw taken();
        const checked = checkedBody(body, options);
        const made = await writeOnce(dir, path, clock.now(), async (handle) => {
          await writeAll(handle, checked.chunks);
          await handle.appendFile(trailerOf({ ...checked.sum(), type: options.type }));
        });
        if (!made) throw taken();
        const { bytes, sha256 } = checked.sum();
        return { key, bytes, type: options.type, etag: etagOf(sha256), storedAtMs: clock.now(), sha256 };
      }),

    get: (key, { range, signal } = {}) =>
      withStorageErrors(async () => {
        signal?.throwIfAborted();
        const { handle, info } = await openFile(pathOf(key), key);
        try {
          const part = range ? resolveRange(range, info.bytes) : null;
          const { first, last } = part ?? { first: 0, last: info.bytes - 1 };
          return { ...info, range: part, body: streamOf(handle, first, last, signal) };
        } catch (error) {
          await handle.close();
          throw error;
        }
      }),

    copy: (from, to, etag) =>
      withStorageErrors(async () => {
        const [source, target] = [pathOf(from), pathOf(to)];
        const { handle, info } = await openFile(source, from);
        try {
          if (info.etag !== etag) throw changed();
          if (!(await linkOrCopy(dir, source, target))) throw taken();
          // a name may have come to mean another file since it was looked at
          const copied = await openFile(target, to);
          await copied.handle.close();
          if (copied.info.etag === etag) return;
          await unlink(target);
          throw changed();
        } finally {
          await handle.close();
        }
      }),

    ...signedLinks(links),

    async *list(prefix) {
      for await (const key of walk(dir, prefix)) {
        const info = await describe(join(dir, key), key);
        if (info) yield info;
      }
    },

    purge: (prefix) =>
      withStorageErrors(async () => {
        const path = prefix.replace(/\/$/, "");
        if (prefix === "") for (const root of FILE_ROOTS) await purgeFolder(dir, root);
        else if (await isFolder(join(dir, checkFileKey(path)))) await purgeFolder(dir, path);
        else if (path === prefix) await rm(join(dir, path), { force: true });
        await removeEmptyFolders(dir, dirname(join(dir, path)));
      }),
  };
}

/** Throws `not_found`. The caller closes the handle. */
async function openFile(path: string, key: string): Promise<{ handle: FileHandle; info: FileInfo }> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(errno(error) ?? "") ? missing() : error;
  });
  try {
    const { size, mtimeMs } = await handle.stat();
    const trailer = await readTrailer(handle, size);
    if (!trailer) throw missing();
    const { bytes, type, sha256 } = trailer;
    return { handle, info: { key, bytes, type, etag: etagOf(sha256), storedAtMs: Math.round(mtimeMs) } };
  } catch (error) {
    await handle.close();
    throw errno(error) === "EISDIR" ? missing() : error;
  }
}

/** Also of a file that is damaged, so that it is deleted like all others; null when there is none. */
async function describe(path: string, key: string): Promise<ListedFile | null> {
  try {
    const { handle, info } = await openFile(path, key);
    await handle.close();
    return info;
  } catch {
    const there = await lstat(path).catch(() => null);
    return there && { key, bytes: there.size, etag: "damaged", storedAtMs: Math.round(there.mtimeMs) };
  }
}

/** Answers false when the name is taken. A file system has a limit of names for a file (NTFS 1024): then bytes are copied. */
async function linkOrCopy(dir: string, source: string, target: string): Promise<boolean> {
  try {
    return await linkOnce(source, target);
  } catch (error) {
    if (errno(error) !== "EMLINK") throw errno(error) === "ENOENT" ? missing() : error;
  }
  const temporary = join(dir, "tmp", newToken());
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    return await linkOnce(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Keys of files under a prefix, in byte order. */
async function* walk(dir: string, prefix: string): AsyncGenerator<string> {
  const path = prefix.replace(/\/$/, "");
  if (prefix === "") {
    for (const root of FILE_ROOTS) yield* walkFolder(dir, root);
    return;
  }
  if (await isFolder(join(dir, checkFileKey(path)))) yield* walkFolder(dir, path);
  else if (path === prefix) yield path;
}

async function* walkFolder(dir: string, key: string): AsyncGenerator<string> {
  const entries = await entriesOf(join(dir, key));
  // by what follows in the key: a folder's name goes on with a slash
  const order = new Map(entries.map((entry) => [entry.isDirectory() ? `${entry.name}/` : entry.name, entry]));
  for (const name of [...order.keys()].sort()) {
    const path = `${key}/${order.get(name)!.name}`;
    if (order.get(name)!.isDirectory()) yield* walkFolder(dir, path);
    else if (isFileKey(path)) yield path;
  }
}

/** Folders too, also those that were empty before; but no record, nor the folders that hold one. */
async function purgeFolder(dir: string, key: string): Promise<void> {
  for (const entry of await entriesOf(join(dir, key))) {
    const path = `${key}/${entry.name}`;
    if (entry.isDirectory()) await purgeFolder(dir, path);
    else if (isFileKey(path)) await rm(join(dir, path), { force: true });
  }
  await removeEmptyFolders(dir, join(dir, key));
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw asStorageError(error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

async function writeAll(handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const flush = async () => {
    if (bytes > 0) await handle.appendFile(waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting));
    waiting = [];
    bytes = 0;
  };
  for await (const chunk of chunks) {
    waiting.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= WRITE_BYTES) await flush();
  }
  await flush();
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

function etagOf(sha256: string): string {
  return sha256.slice(0, 32);
}

function missing(): AppError {
  return new AppError("not_found", "There is no such file.");
}

function changed(): AppError {
  return new AppError("precondition_failed", "The file has changed.");
}
