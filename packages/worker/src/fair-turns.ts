/** Whose turn it is where many wait for a few: the caller that has waited longest since its last turn, however many of its calls wait. */

export type FairTurns = <T>(owner: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

type Waiting = { owner: string; start: () => void };

/** `lanes`: how many work at a time. What is returned throws what `work` throws, and the signal's reason for a call that gives up before its turn. */
export function fairTurns(lanes: number): FairTurns {
  const waiting: Waiting[] = [];
  /** By owner, the number of the last turn; forgotten when nobody waits. */
  const served = new Map<string, number>();
  let turns = 0;
  let busy = 0;

  const start = (one: Waiting): void => {
    busy++;
    served.set(one.owner, ++turns);
    one.start();
  };
  const leave = (): void => {
    busy--;
    const [first, ...others] = waiting;
    if (!first) {
      if (busy === 0) served.clear();
      return;
    }
    const turnOf = ({ owner }: Waiting) => served.get(owner) ?? 0;
    const next = others.reduce((best, one) => (turnOf(one) < turnOf(best) ? one : best), first);
    waiting.splice(waiting.indexOf(next), 1);
    start(next);
  };
  const turn = (owner: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const one: Waiting = { owner, start: resolve };
      if (busy < lanes) return start(one);
      waiting.push(one);
      signal.addEventListener(
        "abort",
        () => {
          const at = waiting.indexOf(one);
          if (at < 0) return;
          waiting.splice(at, 1);
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
      leave();
    }
  };
}
