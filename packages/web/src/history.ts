/** The jobs that this browser has started, until they are deleted: their ids and what they were asked for, nothing of what they show. */

export type Entry = {
  id: string;
  /** What it is called: a preset, or nothing for speech. */
  preset: string | null;
  createdAt: number;
  /** Null while it is being made. */
  expiresAt: number | null;
};

const KEPT = "smileloop.history";
const MOST = 24;
/** After this nothing of a job is left, whether or not its end was seen. */
const LONGEST_MS = 24 * 3_600_000;

const listeners = new Set<() => void>();
addEventListener("storage", ({ key }) => key === KEPT && tell());

/** Newest first. */
export function entries(nowMs = Date.now()): Entry[] {
  try {
    const all = JSON.parse(localStorage.getItem(KEPT) ?? "[]") as Entry[];
    return all.filter(({ createdAt, expiresAt }) => (expiresAt ?? createdAt + LONGEST_MS) > nowMs);
  } catch {
    return [];
  }
}

export function addEntry(entry: Entry): void {
  write([entry, ...entries().filter(({ id }) => id !== entry.id)].slice(0, MOST));
}

export function changeEntry(id: string, change: Partial<Entry>): void {
  const all = entries();
  const known = all.find((entry) => entry.id === id);
  if (known && Object.entries(change).some(([name, value]) => known[name as keyof Entry] !== value)) {
    write(all.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)));
  }
}

export function removeEntry(id: string): void {
  write(entries().filter((entry) => entry.id !== id));
}

/** Calls back at every change, also by another tab; answers how to stop that. */
export function onHistory(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function write(all: Entry[]): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(all));
  } catch {
    // full or forbidden, as in private windows: the list is only not kept
  }
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}
