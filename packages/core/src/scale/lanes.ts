/**
 * A queue may have a second lane, `<queue>-bulk`, for jobs of owners that make many at once, so that they delay nobody else:
 * workers take from it what the first lane leaves them. Nothing waits there long while a worker is idle, and one turn in eight begins
 * with it, so that it moves on however full the first lane is.
 *
 * For queues that know no owners (SQS). One that takes turns by owner (`queue/memory.ts`) needs no lanes.
 */
import type { Clock } from "../clock.ts";
import type { Queue } from "../queue.ts";

/** Number of jobs that an owner may create within the window; further ones go to the second lane. */
export const FAST_JOBS = 10;
export const FAST_WINDOW_MS = 60_000;

const BULK_TURNS = 8;
/** How long a new message in an empty second lane waits at most for an idle worker. */
export const BULK_LOOK_MS = 5000;

export function bulkLane(queue: string): string {
  return `${queue}-bulk`;
}

/** `recentJobs`: how many the owner has made within the window. */
export function laneOf(queue: string, recentJobs: number): string {
  return recentJobs < FAST_JOBS ? queue : bulkLane(queue);
}

/** Which lane the n-th turn begins with. */
export function lanesInTurn(queue: string, turn: number): [string, string] {
  const lanes: [string, string] = [queue, bulkLane(queue)];
  return turn % BULK_TURNS === BULK_TURNS - 1 ? [lanes[1], lanes[0]] : lanes;
}

/** Receives from both lanes of a queue and counts both, where it has a second one: `names` says which queues there are. */
export function withLanes(queue: Queue, names: ReadonlySet<string>, clock: Clock): Queue {
  let turn = 0;
  return {
    ...queue,

    async receive(name, { leaseMs, waitMs, signal }) {
      if (!names.has(bulkLane(name))) return queue.receive(name, { leaseMs, waitMs, signal });
      const untilMs = clock.now() + waitMs;
      const take = (lane: string, ms: number) => queue.receive(lane, { leaseMs, waitMs: ms, signal });
      const [first, second] = lanesInTurn(name, turn++);
      let message = (await take(first, 0)) ?? (await take(second, 0));
      for (;;) {
        const leftMs = untilMs - clock.now();
        if (message || leftMs <= 0 || signal.aborted) return message;
        message = (await take(name, Math.min(leftMs, BULK_LOOK_MS))) ?? (await take(bulkLane(name), 0));
      }
    },

    async depth(name) {
      if (!names.has(bulkLane(name))) return queue.depth(name);
      const [fast, bulk] = await Promise.all([queue.depth(name), queue.depth(bulkLane(name))]);
      return { waiting: fast.waiting + bulk.waiting, held: fast.held + bulk.held };
    },
  };
}
