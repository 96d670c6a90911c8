import type { Clock } from "@smileloop/core/clock.ts";

export type ManualClock = Clock & {
  /** Moves on, wakes the sleepers in the order of their times, and lets what they started run until it waits again. */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  readonly sleepers: number;
};

/** A clock that stands still until it is told to go on. */
export function manualClock(startMs = Date.parse("2026-01-02T03:04:05Z")): ManualClock {
  let nowMs = startMs;
  const sleepers = new Set<{ atMs: number; wake: () => void }>();
  return {
    now: () => nowMs,
    sleep(ms, signal) {
      if (ms <= 0 || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = {
          atMs: nowMs + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener("abort", sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", sleeper.wake);
      });
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const next = [...sleepers].sort((a, b) => a.atMs - b.atMs)[0];
        if (!next || next.atMs > untilMs) break;
        nowMs = next.atMs;
        next.wake();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
    get sleepers() {
      return sleepers.size;
    },
  };
}

/** Lets everything in this process that is not waiting for others go on: what came over loopback is read, too. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
