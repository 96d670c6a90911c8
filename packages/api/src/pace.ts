/**
 * How fast this installation works, from jobs that this process has shown when they had succeeded: the last ones of each queue and
 * kind. Nothing is guessed: until there are some, nobody knows.
 */
import { isPlan, type JobRecord } from "@smileloop/core/job/record.ts";

/** Jobs that are remembered of each queue and kind, and how many there have to be. */
const KEPT = 20;
const ENOUGH = 3;
/** Queues and kinds that are remembered; the oldest go first. */
const MOST = 200;

type Work = Pick<JobRecord, "kind" | "queue" | "estimate_s">;
type Seen = { id: string; startedMs: number; endedMs: number; estimateSeconds: number };

export type Pace = {
  /** Looks at a job; one that was seen before counts once. */
  saw(record: JobRecord): void;
  /** Seconds that such a job is likely to take: the kind's estimate by how right such estimates have been. Null: not known. */
  secondsOf(work: Work): number | null;
  /** Seconds until a job that has so many before it begins; null: not known. */
  startsInSeconds(queue: string, position: number): number | null;
};

export function createPace(): Pace {
  const kinds = new Map<string, Seen[]>();
  const queues = new Map<string, Seen[]>();
  return {
    saw(record) {
      const { id, kind, queue, state, started_at, ended_at, estimate_s, attempt } = record;
      // the time of one that was tried again, or was elsewhere, says little of the next
      if (state !== "succeeded" || attempt !== 1 || isPlan(record) || record.external) return;
      if (started_at === null || ended_at === null || estimate_s <= 0) return;
      const seen: Seen = { id, startedMs: started_at, endedMs: ended_at, estimateSeconds: estimate_s };
      keep(kinds, `${queue} ${kind}`, seen);
      keep(queues, queue, seen);
    },
    secondsOf({ queue, kind, estimate_s }) {
      const jobs = kinds.get(`${queue} ${kind}`) ?? [];
      if (jobs.length < ENOUGH) return null;
      return estimate_s * median(jobs.map((job) => secondsOf(job) / job.estimateSeconds));
    },
    startsInSeconds(queue, position) {
      const jobs = queues.get(queue) ?? [];
      if (jobs.length < ENOUGH) return null;
      // on average those at work are half done
      return ((position + 0.5) * median(jobs.map(secondsOf))) / mostAtOnce(jobs);
    },
  };
}

function keep(table: Map<string, Seen[]>, key: string, seen: Seen): void {
  const jobs = table.get(key) ?? [];
  if (jobs.some(({ id }) => id === seen.id)) return;
  table.delete(key);
  table.set(key, [...jobs, seen].slice(-KEPT));
  const [oldest] = table.keys();
  if (table.size > MOST && oldest !== undefined) table.delete(oldest);
}

function secondsOf({ startedMs, endedMs }: Seen): number {
  return Math.max(0, endedMs - startedMs) / 1000;
}

/** How many of these were at work at the same time, at least one. */
function mostAtOnce(jobs: Seen[]): number {
  const at = (ms: number) => jobs.filter(({ startedMs, endedMs }) => startedMs <= ms && ms < endedMs).length;
  return Math.max(1, ...jobs.map(({ startedMs }) => at(startedMs)));
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
