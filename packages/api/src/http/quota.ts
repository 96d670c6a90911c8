/** How often something may be asked for, counted in this process: on Lambda in each of its instances. */
import type { Clock } from "@smileloop/core/clock.ts";

/** At most `limit` within each window, which begins with the first. */
export type Quota = { limit: number; windowMs: number };
/** `remaining`: how many more until the window ends, in `resetSeconds`. */
export type Taken = { refused: boolean; remaining: number; resetSeconds: number };

/** Keys that are kept; the oldest go first. */
const MOST = 20_000;

export function createCounter({ now }: Pick<Clock, "now">, { limit, windowMs }: Quota): (key: string) => Taken {
  const counts = new Map<string, { startMs: number; count: number }>();
  return (key) => {
    const at = now();
    const there = counts.get(key);
    const isFresh = there && at - there.startMs < windowMs && at >= there.startMs;
    const window = isFresh ? there : { startMs: at, count: 0 };
    const refused = window.count >= limit;
    if (!refused) window.count += 1;
    if (!isFresh) {
      counts.delete(key);
      counts.set(key, window);
      const [oldest] = counts.keys();
      if (counts.size > MOST && oldest !== undefined) counts.delete(oldest);
    }
    const resetSeconds = Math.max(1, Math.ceil((window.startMs + windowMs - at) / 1000));
    return { refused, remaining: limit - window.count, resetSeconds };
  };
}
