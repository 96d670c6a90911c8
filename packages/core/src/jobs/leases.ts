/**
 * Who of several machines does a thing now. A lease is a note that holds its holder's token; it has run out when the note is
 * old by the storage's own clock. It saves work that would be done twice: what runs under one must be harmless when it does
 * run twice, because a holder that was slow may go on after its lease.
 */
import { newToken } from "../job/ids.ts";
import type { Notes } from "../notes.ts";

const FREE = "free";

/** Runs it and answers its result; null, without running it, while somebody else holds the lease. */
export async function underLease<T extends object>(
  notes: Notes,
  name: string,
  ttlMs: number,
  run: () => Promise<T>,
): Promise<T | null> {
  const etag = await take(notes, name, ttlMs);
  if (etag === null) return null;
  try {
    return await run();
  } finally {
    // otherwise it runs out
    await notes.put(name, FREE, etag).catch(() => null);
  }
}

async function take(notes: Notes, name: string, ttlMs: number): Promise<string | null> {
  const there = await notes.get(name);
  if (there && there.text !== FREE && there.ageMs < ttlMs) return null;
  const token = newToken();
  const etag = await notes.put(name, token, there?.etag ?? null);
  if (etag !== null) return etag;
  const now = await notes.get(name);
  return now?.text === token ? now.etag : null;
}
