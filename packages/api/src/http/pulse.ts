/** Keeps silent connections open: one timer for all of them, because there may be thousands. */
import type { Clock } from "@smileloop/core/clock.ts";

export type Beating = {
  /** When it said something last, ms since 1970. */
  saidMs: number;
  /** Called when that is long ago; has to move `saidMs`. */
  beat(): void;
};

export type Pulse = { add(beating: Beating): void; remove(beating: Beating): void };

/** What is due so soon is done at once, so that many are not served one by one. */
const EARLY_MS = 500;

export function createPulse(clock: Clock, everyMs: number): Pulse {
  const all = new Set<Beating>();
  let stop = new AbortController();
  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      let oldestMs = Number.POSITIVE_INFINITY;
      for (const { saidMs } of all) oldestMs = Math.min(oldestMs, saidMs);
      await clock.sleep(Math.max(1, oldestMs + everyMs - clock.now()), signal);
      if (signal.aborted) return;
      const dueMs = clock.now() - everyMs + EARLY_MS;
      for (const beating of all) if (beating.saidMs <= dueMs) beating.beat();
    }
  };
  return {
    add(beating) {
      all.add(beating);
      if (all.size > 1) return;
      stop = new AbortController();
      void run(stop.signal);
    },
    remove(beating) {
      all.delete(beating);
      if (all.size === 0) stop.abort();
    },
  };
}
