/**
 * Reduces the number of workers while there is work. Messages go to any worker that asks, so many half-idle workers would all get
 * some, and none would ever be idle. The sweeper, which counts the workers, therefore writes a note with the number of permits to
 * exit, and a worker that is between two jobs may take one, by compare-and-set, so that no more exit than were permitted. Workers
 * on expensive machines exit first. The last worker stays until there is no work at all.
 */
import { z } from "zod";
import type { Capacity } from "../launcher.ts";
import { type Notes, readNote } from "../notes.ts";

/** Share of the workers that should be busy. */
const BUSY_SHARE = 0.8;
/** Time constant of the load's fall: a short lull does not end workers. */
const FALL_MS = 5 * 60_000;
const NOTED_EVERY_MS = 60_000;
/** Maximum share of the workers that may exit per note. */
const EXIT_SHARE = 0.1;

/**
 * `load`: smoothed number of busy workers. `permits`: how many workers may exit; `of`: on which capacity, null for any. `atMs`: when
 * the note was written.
 */
export type Surplus = { load: number; permits: number; of: Capacity | null; atMs: number };
const surplusSchema: z.ZodType<Surplus> = z.object({
  load: z.number(),
  permits: z.number(),
  of: z.enum(["spot", "on_demand"]).nullable(),
  atMs: z.number(),
});
/** Workers, busy or idle; those of them On-Demand; messages that are held and that wait. */
type Counts = { running: number; onDemand: number; held: number; waiting: number };

/** The next note. */
export function nextSurplus(
  last: Surplus | null,
  { running, onDemand, held, waiting }: Counts,
  nowMs: number,
): Surplus {
  const keep = last ? Math.exp(-Math.max(0, nowMs - last.atMs) / FALL_MS) : 0;
  const load = Math.max(held, held + ((last?.load ?? held) - held) * keep);
  const needed = Math.max(1, Math.ceil(load / BUSY_SHARE));
  const most = Math.min(Math.ceil(running * EXIT_SHARE), onDemand || running);
  const permits = waiting > 0 ? 0 : Math.max(0, Math.min(most, running - needed));
  return { load, permits, of: onDemand > 0 ? "on_demand" : null, atMs: nowMs };
}

/** Writes the note, at most once a minute. */
export async function noteSurplus(notes: Notes, queue: string, counts: Counts, nowMs: number): Promise<void> {
  if (counts.running === 0) return;
  const note = await notes.get(noteName(queue));
  const last = note && readNote(surplusSchema, note);
  if (last && Math.abs(nowMs - last.atMs) < NOTED_EVERY_MS) return;
  // null: another sweeper was faster, and knows as much
  await notes.put(noteName(queue), JSON.stringify(nextSurplus(last, counts, nowMs)), note?.etag ?? null);
}

/** Whether this worker takes a permit; then it has to exit. A note that is old by the storage's clock is ignored. */
export async function requestExit(notes: Notes, queue: string, capacity: Capacity): Promise<boolean> {
  const note = await notes.get(noteName(queue));
  if (!note || note.ageMs > 2 * NOTED_EVERY_MS) return false;
  const last = readNote(surplusSchema, note);
  if (!last || !permitsExit(last, capacity)) return false;
  return (await notes.put(noteName(queue), JSON.stringify({ ...last, permits: last.permits - 1 }), note.etag)) !== null;
}

/** Whether there is a permit left for a worker of this capacity. */
export function permitsExit({ permits, of }: Surplus, capacity: Capacity): boolean {
  return permits > 0 && (of === null || of === capacity);
}

function noteName(queue: string): string {
  return `surplus-${queue}`;
}
