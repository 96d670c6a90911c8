/**
 * Files that jobs keep for later jobs of the same owner, so that the same work is not done for each. They are called by a hash of
 * all that they follow from, and live for at most as long as results do.
 *
 * The moment at which a file goes is in its key. These moments are half a life apart: a file is kept for half a life at least,
 * is looked for under two keys, and the sweeper takes away what was kept until the same moment at once. That a file is missing,
 * was kept by another meanwhile, or cannot be kept is never an error: then it is made.
 */
import type { Files } from "../files.ts";
import { cacheKey, cacheOfKey, cachePrefix } from "../job/keys.ts";

/** Moments are whole seconds. */
const MOMENT_MS = 1000;

/** The keys under which a file may be, the one first under which a new one is kept; none where nothing lives for long enough. */
export function cacheKeys(
  { nowMs, lifeMs }: { nowMs: number; lifeMs: number },
  owner: string,
  sha256: string,
): string[] {
  const half = Math.max(1, Math.ceil(lifeMs / 2 / MOMENT_MS)) * MOMENT_MS;
  const last = Math.floor((nowMs + lifeMs) / half) * half;
  return [last, last - half]
    .filter((untilMs) => untilMs > nowMs)
    .map((untilMs) => cacheKey({ untilMs, owner, sha256 }));
}

/** Takes away all files that jobs of this owner keep for later ones. Answers how many there were, and their bytes. */
export async function clearCache(files: Files, owner: string): Promise<{ files: number; bytes: number }> {
  const found = { files: 0, bytes: 0 };
  const moments = new Set<number>();
  for await (const { key, bytes } of files.list("cache/")) {
    const cached = cacheOfKey(key);
    if (cached?.owner !== owner) continue;
    moments.add(cached.untilMs);
    found.files++;
    found.bytes += bytes;
  }
  for (const untilMs of moments) await files.purge(cachePrefix(untilMs, owner));
  return found;
}

/** Takes away what was kept until now, and counts the moments. Keys are in order of time: the first young one ends it. */
export async function sweepCache(files: Files, nowMs: number, swept: { cached: number }): Promise<void> {
  const purged = new Set<string>();
  for await (const { key } of files.list("cache/")) {
    const cached = cacheOfKey(key);
    if (cached && cached.untilMs > nowMs) break;
    const prefix = cached ? cachePrefix(cached.untilMs) : key;
    if (purged.has(prefix)) continue;
    await files.purge(prefix);
    purged.add(prefix);
    swept.cached++;
  }
}
