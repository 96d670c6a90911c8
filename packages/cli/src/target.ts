/** The file that a command writes: looked at before the work, written whole or not at all. */
import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";

/** Throws `conflict` or `storage_unavailable` when a file could not be written there. */
export async function checkTarget(path: string, force: boolean): Promise<void> {
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory()) throw new AppError("conflict", `"${path}" is a folder; give a file name with -o.`);
  if (there && !force) throw new AppError("conflict", `"${path}" exists already; add --force to overwrite it.`);
  const folder = dirname(resolve(path));
  const inside = await stat(folder).catch(() => null);
  if (!inside?.isDirectory()) throw new AppError("not_found", `There is no folder "${dirname(path)}" to write to.`);
  // tried, because rights alone do not tell: a full disk, one that is read-only, /proc
  const part = partOf(resolve(path));
  await writeFile(part, "", { flag: "wx" }).catch((error: unknown) => {
    throw new AppError("storage_unavailable", `Nothing can be written to "${dirname(path)}".`, { cause: error });
  });
  await rm(part, { force: true });
}

/** Makes the folder where there is none; answers it if it was made. What else is wrong with the place, `checkTarget` says. */
export async function makeFolder(path: string): Promise<string | null> {
  const made = await mkdir(path).catch(() => null);
  return made === undefined ? path : null;
}

/** Writes beside the target and renames, so that a reader sees the whole file or none. */
export async function writeTarget(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const target = resolve(path);
  const part = partOf(target);
  try {
    const file = await open(part, "wx");
    try {
      await file.writeFile(body);
    } finally {
      await file.close();
    }
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new AppError("storage_unavailable", `"${path}" could not be written (${reason}).`, { cause: error });
  }
}

function partOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(4).toString("hex")}.part`);
}
