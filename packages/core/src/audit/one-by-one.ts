/** Runs what has the same name one after the other, in the order in which it came; a failure does not keep those that follow. */
export function oneByOne<K>(): <T>(name: K, run: () => Promise<T>) => Promise<T> {
  const last = new Map<K, Promise<unknown>>();
  return (name, run) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(run, run);
    last.set(
      name,
      mine.catch(() => {}),
    );
    return mine;
  };
}
