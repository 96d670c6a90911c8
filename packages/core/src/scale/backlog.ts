/**
 * How many jobs may wait in a queue: new ones wait rather than being refused, but not without end. What is counted is the queue's own
 * figure, which is a few seconds old, so that a burst may go a little beyond it.
 */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Queue } from "../queue.ts";

const FRESH_MS = 5000;
const RETRY_AFTER_S = 60;
/** What part of them may be of one owner. */
const OF_ONE_OWNER = 5;

/** Throws `no_capacity` where a queue is full, and `too_many_requests` where this owner's part of it is. */
export function backlogGuard({
  queue,
  clock,
  maxWaiting,
}: {
  queue: Queue;
  clock: Clock;
  maxWaiting: number;
}): (name: string, owner: string) => Promise<void> {
  const known = new Map<string, { waiting: number; atMs: number }>();
  const waitingIn = async (name: string): Promise<number> => {
    const last = known.get(name);
    if (last && Math.abs(clock.now() - last.atMs) < FRESH_MS) return last.waiting;
    // one that cannot be asked refuses nobody
    const waiting = await queue.depth(name).then(
      (depth) => depth.waiting,
      () => 0,
    );
    known.set(name, { waiting, atMs: clock.now() });
    return waiting;
  };
  const mostOfOne = Math.max(1, Math.floor(maxWaiting / OF_ONE_OWNER));
  return async (name, owner) => {
    const again = { retryAfterSeconds: RETRY_AFTER_S };
    if ((await waitingIn(name)) >= maxWaiting) {
      throw new AppError("no_capacity", `${maxWaiting} jobs wait here already; try again in a minute.`, again);
    }
    const own = await queue.waitingOf(name, owner);
    if (own === null || own < mostOfOne) return;
    const detail = `${own} of your jobs wait here already; send more once some of them have begun.`;
    throw new AppError("too_many_requests", detail, again);
  };
}
