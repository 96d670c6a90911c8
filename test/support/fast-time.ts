/**
 * Time that goes faster, for a whole process: minutes pass in seconds, and everything that asks for the time agrees on it:
 * our own code, the SDK that signs requests, the queue that counts how long a message is held.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "@smileloop/core/clock.ts";

export type Speed = {
  /** So many seconds pass in one. */
  speed: number;
  /** The moment at which this time and the machine's agree. */
  startMs: number;
  /** How far this process's clock is ahead of what it should show. */
  skewMs: number;
};

export type FastTime = {
  /** Sleeps are as much shorter as time is faster. */
  clock: Clock;
  /** Puts the clock forward; nobody who sleeps wakes up for that. */
  forward(ms: number): void;
  /** Gives the process its own time back. */
  restore(): void;
};

/** Only `Date.now` is changed: whatever decides by time here asks for it that way. Timers stay real. */
export function fastTime({ speed, startMs, skewMs }: Speed): FastTime {
  const realNow = Date.now;
  let aheadMs = skewMs;
  Date.now = () => Math.floor(startMs + (realNow() - startMs) * speed + aheadMs);
  return {
    clock: {
      now: () => Date.now(),
      sleep: async (ms, signal) => {
        await delay(ms / speed, undefined, signal ? { signal } : {}).catch((error: unknown) => {
          if (!signal?.aborted) throw error;
        });
      },
    },
    forward(ms) {
      aheadMs += ms;
    },
    restore() {
      Date.now = realNow;
    },
  };
}
