/** What was worked out of a file, kept in memory for the next jobs that are given the same file: many recipients have one video. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

export type Recent<T> = {
  /**
   * What `make` makes of a file, or has made of one with the same bytes. `about`: what else it follows from. A value of more than the limit
   * is answered, and not kept. Throws what reading the file and `make` throw; then nothing is kept.
   */
  of(path: string, about: string, make: () => Promise<{ value: T; bytes: number }>): Promise<T>;
};

/** `mostBytes`: of all that is kept. What was not asked for the longest goes first. */
export function keepRecent<T>(mostBytes: number): Recent<T> {
  const kept = new Map<string, { value: T; bytes: number }>();
  return {
    async of(path, about, make) {
      const key = `${await digestOf(path)} ${about}`;
      const made = kept.get(key) ?? (await make());
      kept.delete(key);
      if (made.bytes > mostBytes) return made.value;
      kept.set(key, made);
      let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      for (const [oldest, { bytes }] of kept) {
        if (total <= mostBytes) break;
        kept.delete(oldest);
        total -= bytes;
      }
      return made.value;
    },
  };
}

/** SHA-256: jobs have files of their own, so that neither path nor time tells which are the same. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("base64");
}
