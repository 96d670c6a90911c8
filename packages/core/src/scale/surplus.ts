/**
 * How workers become fewer while there is work. Messages go to whichever worker asks, so that many half-idle ones would all get
 * some and none would ever be without: whoever counts them therefore notes how many too many there are, and a worker that is
 * between two jobs may take one of these permits. By compare-and-set, so that no more go than are noted. Those on dear machines
 * go first. The last worker stays until there is no work at all.
 */
import type { Capacity } from "../launcher.ts";
import type { Note, Notes } from "../notes.ts";

/** So large a part of the workers should be at work. */
const BUSY_SHARE = 0.8;
/** The load is taken to fall so slowly at most: a lull is not the evening. */
const FALL_MS = 5 * 60_000;
const NOTED_EVERY_MS = 60_000;
const LEAVING_SHARE = 0.1;

/**
 * `load`: workers that are at work, as far as it may be counted on. `permits`: how many may go, and of which capacity; null: of
 * any. `atMs`: when it was noted.
 */
export type Surplus = { load: number; permits: number; of: Capacity | null; atMs: number };
/** Workers at work or free, those of them On-Demand, and messages that are held and that wait. */
type Counts = { running: number; onDemand: number; held: number; waiting: number };

/** What is noted next. */
export function nextSurplus(
  last: Surplus | null,
  { running, onDemand, held, waiting }: Counts,
  nowMs: number,
): Surplus {
  const keep = last ? Math.exp(-Math.max(0, nowMs - last.atMs) / FALL_MS) : 0;
  const load = Math.max(held, held + ((last?.load ?? held) - held) * keep);
  const needed = Math.max(1, Math.ceil(load / BUSY_SHARE));
  const most = Math.min(Math.ceil(running * LEAVING_SHARE), onDemand || running);
  const permits = waiting > 0 ? 0 : Math.max(0, Math.min(most, running - needed));
  return { load, permits, of: onDemand > 0 ? "on_demand" : null, atMs: nowMs };
}

/** Notes it at most once a minute. */
export async function noteSurplus(notes: Notes, queue: string, counts: Counts, nowMs: number): Promise<void> {
  if (counts.running === 0) return;
  const note = await notes.get(noteName(queue));
  const last = note && read(note);
  if (last && Math.abs(nowMs - last.atMs) < NOTED_EVERY_MS) return;
  // whoever was faster knows as much
  await notes.put(noteName(queue), JSON.stringify(nextSurplus(last, counts, nowMs)), note?.etag ?? null);
}

/** Whether the worker that asks may go; it has to, then. A note that is old by the storage's own clock counts for nothing. */
export async function requestExit(notes: Notes, queue: string, capacity: Capacity): Promise<boolean> {
  const note = await notes.get(noteName(queue));
  if (!note || note.ageMs > 2 * NOTED_EVERY_MS) return false;
  const last = read(note);
  if (!permitsExit(last, capacity)) return false;
  return (await notes.put(noteName(queue), JSON.stringify({ ...last, permits: last.permits - 1 }), note.etag)) !== null;
}

/** Whether there is a leave left for a worker of this capacity. */
export function permitsExit({ permits, of }: Surplus, capacity: Capacity): boolean {
  return permits > 0 && (of === null || of === capacity);
}

function read(note: Note): Surplus {
  return JSON.parse(note.text) as Surplus;
}

function noteName(queue: string): string {
  return `surplus-${queue}`;
}
