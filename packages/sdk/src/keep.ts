/** What is written down before a job is sent, so that a page that was reloaded finds it again. */

/** `localStorage` is one. */
export type Store = {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
};

export type Kept = { id: string; kind: string; main: string };

const PREFIX = "smileloop:";

export function readKept(store: Store | undefined, name: string): Kept | null {
  try {
    const { id, kind, main } = JSON.parse(store?.getItem(PREFIX + name) ?? "null") as Kept;
    return typeof id === "string" && typeof kind === "string" && typeof main === "string" ? { id, kind, main } : null;
  } catch {
    return null;
  }
}

/** A store that is full or forbidden, as in private windows, keeps nothing; the job goes on without. */
export function writeKept(store: Store | undefined, name: string | undefined, kept: Kept | null): void {
  if (name === undefined) return;
  try {
    if (kept) store?.setItem(PREFIX + name, JSON.stringify(kept));
    else store?.removeItem(PREFIX + name);
  } catch {
    // said above
  }
}
