import type { Clock } from "./clock.ts";

const AT_ONCE = 32;

/** Runs up to 32 at a time. None is begun once it is `over`. The first error ends it, after those that run. */
export async function eachAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  over: () => boolean | undefined,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const errors: unknown[] = [];
  try {
    for await (const item of items) {
      if (errors.length > 0 || over()) break;
      // caught at once: an error that comes while the next item is awaited would be nobody's, and end the process
      const one = run(item)
        .catch((error: unknown) => void errors.push(error))
        .finally(() => running.delete(one));
      running.add(one);
      if (running.size >= AT_ONCE) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  if (errors.length > 0) throw errors[0];
}

/** Waits for work, but not longer than this; then it goes on, and what it throws is nobody's. */
export async function waitAtMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([work, clock.sleep(ms, over.signal)]);
  } finally {
    work.catch(() => {});
    over.abort();
  }
}

/** Runs so many at a time of what it is given; the others wait for their turn, first come, first served. */
export function takingTurns(atOnce: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running >= atOnce) await new Promise<void>((turn) => waiting.push(turn));
    else running += 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
