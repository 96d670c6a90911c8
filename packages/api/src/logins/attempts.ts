/**
 * Slows those down who guess passwords: for each name and for each address, after some guesses, the next is only looked at when a while is
 * over, which doubles each time. It is counted in this process, so on Lambda for each of its instances.
 */
import type { Clock } from "@smileloop/core/clock.ts";

export type Attempts = {
  /**
   * Counts a guess before it is looked at, so that many at once count as many. Null, or how long to wait, seconds: then nothing was
   * counted. `succeeded` takes it back.
   */
  begin(name: string, address: string): number | null;
  /** From then on the two together do not wait: somebody who guesses a name cannot lock out who has that name. */
  succeeded(name: string, address: string): void;
};

type Rule = { free: number; longestMs: number };
const NAME: Rule = { free: 5, longestMs: 60_000 };
/** Several people may share one. */
const ADDRESS: Rule = { free: 20, longestMs: 15 * 60_000 };
const FORGOTTEN_MS = 30 * 60_000;
/** Names, addresses and pairs that are kept; the oldest go first. */
const MOST = 20_000;

type Count = { guesses: number; lastMs: number };

export function createAttempts({ now }: Pick<Clock, "now">): Attempts {
  const counts = new Map<string, Count>();
  const known = new Map<string, true>();
  const keep = <T>(map: Map<string, T>, key: string, value: T): void => {
    map.delete(key);
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > MOST && oldest !== undefined) map.delete(oldest);
  };
  const countOf = (key: string): Count => {
    const count = counts.get(key);
    return count && now() - count.lastMs < FORGOTTEN_MS ? count : { guesses: 0, lastMs: 0 };
  };
  const waitMs = (key: string, { free, longestMs }: Rule): number => {
    const { guesses, lastMs } = countOf(key);
    if (guesses < free) return 0;
    return lastMs + Math.min(longestMs, 1000 * 2 ** Math.min(30, guesses - free)) - now();
  };
  return {
    begin(name, address) {
      const keys = keysOf(name, address);
      const rules = known.has(keys.pair)
        ? []
        : ([
            [keys.name, NAME],
            [keys.address, ADDRESS],
          ] as const);
      const wait = Math.max(0, ...rules.map(([key, rule]) => waitMs(key, rule)));
      if (wait > 0) return Math.ceil(wait / 1000);
      // one whose password has changed may try some old ones, and then waits like all others
      const own = countOf(keys.pair).guesses + 1;
      if (known.has(keys.pair) && own > NAME.free) known.delete(keys.pair);
      for (const key of Object.values(keys)) keep(counts, key, { guesses: countOf(key).guesses + 1, lastMs: now() });
      return null;
    },
    succeeded(name, address) {
      const keys = keysOf(name, address);
      counts.delete(keys.pair);
      counts.delete(keys.name);
      const { guesses, lastMs } = countOf(keys.address);
      if (guesses > 0) keep(counts, keys.address, { guesses: guesses - 1, lastMs });
      keep(known, keys.pair, true);
    },
  };
}

function keysOf(name: string, address: string) {
  return { name: `name ${name}`, address: `address ${address}`, pair: `pair ${address} ${name}` };
}
