/**
 * That no machine can be had for a queue: found out by the sweeper, and told to whoever wants a new job there. It is a note
 * per queue; one that is not renewed counts for nothing, so that a sweeper that died refuses nobody.
 */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Notes } from "../records.ts";

/** Since when a worker has waited for a machine, and how many jobs wait for a worker. */
export type NoCapacity = { sinceMs: number; waiting: number };

const NOTHING = "";
const VALID_MS = 5 * 60_000;
const CACHED_MS = 10_000;
const SOONEST_S = 5 * 60;
const LATEST_S = 30 * 60;

/** Says so, or takes it back with null. */
export async function writeNoCapacity(notes: Notes, queue: string, what: NoCapacity | null): Promise<void> {
  const name = noteName(queue);
  const there = await notes.get(name);
  if (what === null && (there === null || there.text === NOTHING)) return;
  // whoever was faster knows as much
  await notes.put(name, what === null ? NOTHING : JSON.stringify(what), there?.etag ?? null);
}

/**
 * Throws `no_capacity` while no machine can be had for a queue. What is stored is asked at most every 10 s; a storage that
 * does not answer keeps nobody out.
 */
export function capacityGuard({ notes, clock }: { notes: Notes; clock: Clock }): (queue: string) => Promise<void> {
  const known = new Map<string, { what: NoCapacity | null; readMs: number }>();
  const read = async (queue: string): Promise<NoCapacity | null> => {
    const note = await notes.get(noteName(queue)).catch(() => null);
    return note === null || note.text === NOTHING || note.ageMs > VALID_MS ? null : JSON.parse(note.text);
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

/** What has lasted for a while lasts about as long again. */
function refusal({ sinceMs, waiting }: NoCapacity, nowMs: number): AppError {
  const lastedS = Math.max(0, nowMs - sinceMs) / 1000;
  const retryAfterSeconds = Math.ceil(Math.min(LATEST_S, Math.max(SOONEST_S, lastedS)) / 60) * 60;
  const ahead = waiting === 1 ? "1 job waits" : `${waiting} jobs wait`;
  const message = `No machine for this engine can be had right now: none for ${Math.round(lastedS / 60)} minutes, and ${ahead} for one. Try again in about ${retryAfterSeconds / 60} minutes.`;
  return new AppError("no_capacity", message, { retryAfterSeconds });
}

function noteName(queue: string): string {
  return `capacity-${queue}`;
}
