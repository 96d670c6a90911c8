const AT_ONCE = 32;

/** Runs up to 32 at a time. None is begun once it is `over`. The first error ends it, after those that run. */
export async function eachAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  over: () => boolean | undefined,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  try {
    for await (const item of items) {
      if (over()) break;
      const one = run(item).finally(() => running.delete(one));
      running.add(one);
      if (running.size >= AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
  } finally {
    await Promise.allSettled(running);
  }
}
