/**
 * Records that a queue has no machines: the sweeper writes a note per queue, and the API reads it before it accepts a job there. A
 * note that is not renewed expires, so that a dead sweeper keeps no job out.
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { type Notes, readNote } from "../notes.ts";

/** Since when a worker has waited for a machine, and the number of jobs waiting for a worker. */
type NoCapacity = { sinceMs: number; waiting: number };
const schema: z.ZodType<NoCapacity> = z.object({ sinceMs: z.number(), waiting: z.number() });

const NOTHING = "";
const VALID_MS = 5 * 60_000;
const CACHED_MS = 10_000;
const SOONEST_S = 5 * 60;
const LATEST_S = 30 * 60;

/** Writes the note; null clears it. */
export async function writeNoCapacity(notes: Notes, queue: string, what: NoCapacity | null): Promise<void> {
  const name = noteName(queue);
  const there = await notes.get(name);
  if (what === null && (there === null || there.text === NOTHING)) return;
  // a sweeper that was faster knew as much
  await notes.put(name, what === null ? NOTHING : JSON.stringify(what), there?.etag ?? null);
}

/**
 * Throws `no_capacity` while a queue has no machines. The note is read at most every 10 s; storage that does not answer keeps no
 * job out.
 */
export function capacityGuard({ notes, clock }: { notes: Notes; clock: Clock }): (queue: string) => Promise<void> {
  const known = new Map<string, { what: NoCapacity | null; readMs: number }>();
  const read = async (queue: string): Promise<NoCapacity | null> => {
    const note = await notes.get(noteName(queue)).catch(() => null);
    return note === null || note.text === NOTHING || note.ageMs > VALID_MS ? null : readNote(schema, note);
  };
  return async (queue) => {
    let entry = known.get(queue);
    if (!entry || Math.abs(clock.now() - entry.readMs) >= CACHED_MS) {
      entry = { what: await read(queue), readMs: clock.now() };
      known.set(queue, entry);
    }
    if (entry.what) throw refusal(entry.what, clock.now());
  };
}

/** Expects an outage to last about as long again as it has lasted. */
function refusal({ sinceMs, waiting }: NoCapacity, nowMs: number): AppError {
  const lastedS = Math.max(0, nowMs - sinceMs) / 1000;
  const retryAfterSeconds = Math.ceil(Math.min(LATEST_S, Math.max(SOONEST_S, lastedS)) / 60) * 60;
  const ahead = waiting === 1 ? "1 job" : `${waiting} jobs`;
  const message = `No GPU is available right now (${Math.round(lastedS / 60)} minutes so far, ${ahead} waiting). Try again in about ${retryAfterSeconds / 60} minutes.`;
  return new AppError("no_capacity", message, { retryAfterSeconds });
}

function noteName(queue: string): string {
  return `capacity-${queue}`;
}
