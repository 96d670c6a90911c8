/**
 * A little room on the disk that is kept for ending and deleting: a file that is given up when there is none left, so that
 * the few bytes that say so can be written. It is made again when there is room.
 */
import { randomBytes } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errno, isDiskFull, writeOnce } from "./durable-files.ts";

export const RESERVE_FILE = "reserve";
const RESERVE_BYTES = 256 * 1024;

export type Reserve = {
  /** Runs it, and once more with what was kept where the disk is full. */
  use<T>(run: () => Promise<T>): Promise<T>;
  /** Makes it again. Throws where there is no room for it, ENOSPC among others. */
  refill(): Promise<void>;
};

export function createReserve(dir: string): Reserve {
  const path = join(dir, RESERVE_FILE);
  let there = false;
  const refill = async () => {
    if (there) return;
    there = (await sizeOf(path)) >= RESERVE_BYTES;
    if (there) return;
    await rm(path, { force: true });
    // not zeros, which some file systems keep without taking any room
    await writeOnce(dir, path, Date.now(), (file) => file.writeFile(randomBytes(RESERVE_BYTES)));
    there = true;
  };
  return {
    refill,
    async use(run) {
      try {
        return await run();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        await rm(path, { force: true });
        there = false;
        return await run();
      }
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errno(error) === "ENOENT") return 0;
    throw error;
  }
}
