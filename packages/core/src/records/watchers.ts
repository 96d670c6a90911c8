/** Who waits for a change of a record, where all writers of a storage are in this process. */
type Watchers = {
  wake(key: string): void;
  /** Resolves at the next `wake` of this key, or when the signal is aborted. */
  wait(key: string, signal: AbortSignal): Promise<void>;
};

export function createWatchers(): Watchers {
  const waiting = new Map<string, Set<() => void>>();
  return {
    wake(key) {
      for (const done of [...(waiting.get(key) ?? [])]) done();
    },
    wait(key, signal) {
      return new Promise((resolve) => {
        const set = waiting.get(key) ?? new Set();
        waiting.set(key, set);
        const done = () => {
          signal.removeEventListener("abort", done);
          set.delete(done);
          if (set.size === 0 && waiting.get(key) === set) waiting.delete(key);
          resolve();
        };
        set.add(done);
        signal.addEventListener("abort", done);
        if (signal.aborted) done();
      });
    },
  };
}
