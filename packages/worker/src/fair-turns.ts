/**
 * Whose turn it is where many wait for a few: the caller that has waited longest since its last turn, or since it came, however many of its
 * calls wait. So nobody waits for ever, however many callers come anew.
 */

export type FairTurns = <T>(owner: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** `came`: between the turn before and the one after. */
type Waiting = { owner: string; came: number; start: () => void };

/** `lanes`: how many work at a time. What is returned throws what `work` throws, and the signal's reason for a call that gives up before its turn. */
export function fairTurns(lanes: number): FairTurns {
  const waiting: Waiting[] = [];
  /** Of owners that work or wait, the number of the last turn. */
  const served = new Map<string, number>();
  let turns = 0;
  let busy = 0;

  const start = (one: Waiting): void => {
    busy++;
    served.set(one.owner, ++turns);
    one.start();
  };
  const forget = (owner: string): void => {
    if (!waiting.some((one) => one.owner === owner)) served.delete(owner);
  };
  const leave = (owner: string): void => {
    busy--;
    forget(owner);
    const [first, ...others] = waiting;
    if (!first) return;
    const turnOf = (one: Waiting) => served.get(one.owner) ?? one.came;
    const next = others.reduce((best, one) => (turnOf(one) < turnOf(best) ? one : best), first);
    waiting.splice(waiting.indexOf(next), 1);
    start(next);
  };
  const turn = (owner: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const one: Waiting = { owner, came: turns - 0.5, start: resolve };
      if (busy < lanes) return start(one);
      waiting.push(one);
      signal.addEventListener(
        "abort",
        () => {
          const at = waiting.indexOf(one);
          if (at < 0) return;
          waiting.splice(at, 1);
          forget(owner);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  return async (owner, signal, work) => {
    await turn(owner, signal);
    try {
      return await work();
    } finally {
      leave(owner);
    }
  };
}
