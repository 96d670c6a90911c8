/** Files that a job keeps for later jobs of its owner, or finds because an earlier one has kept them (core/jobs/cache.ts). */
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@smileloop/core/clock.ts";
import type { Files } from "@smileloop/core/files.ts";
import { type JobRecord, resultLifeMs } from "@smileloop/core/job/record.ts";
import { cacheKeys } from "@smileloop/core/jobs/cache.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { downloadTo } from "./download.ts";

type LocalFile = { path: string; type: string; bytes: number };
export type Caching = {
  /**
   * A file that an earlier job of this owner has kept, or else what `make` leaves at a path, kept for later ones. `name`: the
   * SHA-256, in hex, of all that the file follows from, including who may use it where not all of the owner's clients may.
   * Throws what `make` throws.
   */
  cached: (name: string, make: (path: string) => Promise<void>, type: string) => Promise<LocalFile>;
};

type CachingOptions = { files: Files; record: JobRecord; dir: string; signal: AbortSignal; clock: Clock };

export function caching(options: CachingOptions): Caching {
  const there = new Map<string, Promise<LocalFile>>();
  return {
    cached(name, make, type) {
      const file = there.get(name) ?? findOrMake(options, name, make, type);
      there.set(name, file);
      file.catch(() => there.delete(name));
      return file;
    },
  };
}

async function findOrMake(
  { files, record, dir, signal, clock }: CachingOptions,
  name: string,
  make: (path: string) => Promise<void>,
  type: string,
): Promise<LocalFile> {
  const keysNow = () => cacheKeys({ nowMs: clock.now(), lifeMs: resultLifeMs(record) }, record.owner, name);
  const path = join(dir, `cached-${name}.${endingOf(type)}`);
  for (const key of keysNow()) {
    try {
      const { bytes } = await downloadTo(path, files, key, signal);
      return { path, type, bytes };
    } catch {
      signal.throwIfAborted();
      await rm(path, { force: true });
    }
  }
  await make(path);
  const { size: bytes } = await stat(path);
  const [key] = keysNow();
  // another was faster, or there is no room: others make it again
  if (key !== undefined) await files.put(key, createReadStream(path), { type, bytes, signal }).catch(() => {});
  return { path, type, bytes };
}
