/** Whether a new job may come in, which queue takes it, and who is told. What the API does on the way of a job to its queue. */
import type { Clock } from "../clock.ts";
import { idTimeMs } from "../job/ids.ts";
import type { Log } from "../log.ts";
import type { Queue, QueuedJob } from "../queue.ts";
import type { Records } from "../records.ts";
import { backlogGuard } from "./backlog.ts";
import { bulkLane, FAST_JOBS, FAST_WINDOW_MS, laneOf } from "./lanes.ts";
import { capacityGuard } from "./no-capacity.ts";

/** Messages in this queue wake the sweeper; which jobs they name is of no matter. */
export const POKE_QUEUE = "poke";
const POKE_EVERY_MS = 10_000;

export interface Admission {
  /** The queue or lane for a new job. `id`: where the client has chosen it. Throws `no_capacity`, and `too_many_requests` for an owner whose jobs wait in great numbers. */
  queueFor(job: { owner: string; queue: string; id?: string | undefined }): Promise<string>;
  /** A new job is in its queue. */
  arrived(job: QueuedJob): Promise<void>;
}

/** `queues`: all that there are. `launched`: those whose workers the sweeper starts. `maxWaiting`: jobs that may wait in each; any number unless given. */
export function createAdmission(options: {
  records: Records;
  queue: Queue;
  clock: Clock;
  log: Log;
  queues: ReadonlySet<string>;
  launched: ReadonlySet<string>;
  maxWaiting?: number | undefined;
}): Admission {
  const { records, queue, clock, log, queues, launched, maxWaiting } = options;
  const checkBacklog = maxWaiting === undefined ? null : backlogGuard({ queue, clock, maxWaiting });
  const checkCapacity = capacityGuard({ notes: records.notes, clock });
  let pokedMs = Number.NEGATIVE_INFINITY;
  return {
    async queueFor({ owner, queue: name, id }) {
      if (launched.has(name)) await checkCapacity(name);
      await checkBacklog?.(name, owner);
      if (!queues.has(bulkLane(name))) return name;
      const sinceMs = clock.now() - FAST_WINDOW_MS;
      // jobs are counted by the times in their ids: one that pretends to be old would not be counted
      if (id !== undefined && idTimeMs(id) < sinceMs) return bulkLane(name);
      return laneOf(name, await records.countSince(owner, sinceMs, FAST_JOBS));
    },

    async arrived({ queue: name, owner, id }) {
      const waits = [...launched].some((each) => name === each || name === bulkLane(each));
      if (!waits || !queues.has(POKE_QUEUE) || Math.abs(clock.now() - pokedMs) < POKE_EVERY_MS) return;
      pokedMs = clock.now();
      // otherwise the sweeper looks by itself within a minute
      await queue
        .send({ queue: POKE_QUEUE, owner, id })
        .catch((error: unknown) => log.warn({ err: error }, "not poked"));
    },
  };
}
