/** The small things beside records on disk: timers and idempotency entries. */
import { open, readdir, readFile, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../clock.ts";
import { idempotencyKey, idempotencyPrefix, momentText, timerKey, timerOfKey } from "../job/keys.ts";
import { parseEntry } from "../job/unreadable.ts";
import type { IdempotencyEntry, IdempotencyKeys, Timers } from "../records.ts";
import {
  asStorageError,
  errno,
  makeFolder,
  removeEmptyFolders,
  withStorageErrors,
  writeOnce,
} from "../storage/durable-files.ts";

const ARM_TRIES = 5;

export function diskTimers(dir: string): Timers {
  return {
    arm: (timer) =>
      withStorageErrors(async () => {
        const path = join(dir, timerKey(timer));
        for (let tries = 0; ; tries++) {
          try {
            const file = await open(path, "a", 0o600);
            await file.sync().finally(() => file.close());
            return;
          } catch (error) {
            if (errno(error) !== "ENOENT" || tries === ARM_TRIES) throw error;
            // it is the first of its moment, or a drop has just taken the empty folder away
            await makeFolder(dirname(path)).catch((failed: unknown) => {
              if (errno(failed) !== "ENOENT") throw failed;
            });
          }
        }
      }),
    drop: (timer) =>
      withStorageErrors(async () => {
        const path = join(dir, timerKey(timer));
        await rm(path, { force: true });
        await removeEmptyFolders(dir, dirname(path));
      }),
    async *due(untilMs, fromMs = 0) {
      const first = momentText(fromMs);
      for (const moment of await sortedNames(join(dir, "due"))) {
        if (moment < first) continue;
        for (const owner of await sortedNames(join(dir, "due", moment))) {
          for (const id of await sortedNames(join(dir, "due", moment, owner))) {
            const timer = timerOfKey(`due/${moment}/${owner}/${id}`);
            if (!timer) continue;
            if (timer.atMs > untilMs) return;
            yield timer;
          }
        }
      }
    },
  };
}

export function diskKeys({ dir, clock }: { dir: string; clock: Clock }): IdempotencyKeys {
  const read = async (key: string): Promise<IdempotencyEntry | null> => {
    try {
      return parseEntry(await readFile(join(dir, key), "utf8"));
    } catch (error) {
      if (errno(error) === "ENOENT") return null;
      throw error;
    }
  };
  return {
    get: (owner, keySha256) => withStorageErrors(() => read(idempotencyKey(owner, keySha256))),
    claim: (owner, keySha256, entry) =>
      withStorageErrors(async () => {
        const key = idempotencyKey(owner, keySha256);
        for (;;) {
          const there = await read(key);
          if (there) return there;
          const write = (text: string) => writeOnce(dir, join(dir, key), clock.now(), (file) => file.writeFile(text));
          if (await write(JSON.stringify(entry))) return entry;
        }
      }),
    forget: (beforeMs) =>
      withStorageErrors(async () => {
        for (const owner of await sortedNames(join(dir, "idempotency"))) {
          const folder = join(dir, "idempotency", owner);
          for (const name of await sortedNames(folder)) {
            const path = join(folder, name);
            const { mtimeMs } = await stat(path);
            if (Math.round(mtimeMs) < beforeMs) await unlink(path).catch(() => {}); // the next time
          }
          await removeEmptyFolders(dir, folder);
        }
      }),
    erase: (owner) =>
      withStorageErrors(() => rm(join(dir, idempotencyPrefix(owner)), { recursive: true, force: true })),
  };
}

/** No error when the folder is gone; what is not a folder has no names. */
async function sortedNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return [];
    throw asStorageError(error);
  }
}
