/**
 * Who follows jobs: event streams and waiting requests. However many follow one job, one of them watches its record and reads it
 * once for each change; and an owner has a limited number of them, so that nobody's followers take the time of all others.
 */
import type { Clock } from "@smileloop/core/clock.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { Records } from "@smileloop/core/records.ts";

/** Who is told of each version of a record that is newer than `rev`, which it moves on by itself. */
export type Listener = {
  rev: number;
  /** Null once the record is gone; nothing comes after that. One record may be given to several: nobody changes it. */
  take(record: JobRecord | null): void;
  /** The record can't be watched any more. */
  fail(error: unknown): void;
};

export type Follower = {
  /** Until the follower leaves. */
  listen(listener: Listener): void;
  /**
   * The record once it is newer than `rev`, or null once it is gone; undefined when `ms` have passed, or the signal is aborted,
   * before. One record may be given to several followers: nobody changes it.
   */
  next(rev: number, ms: number, signal: AbortSignal): Promise<JobRecord | null | undefined>;
  leave(): void;
};

export type Followers = {
  /** Follows the job of a record that was just read; null where the owner has as many followers as it may. */
  join(record: JobRecord): Follower | null;
};

type FollowersOptions = { records: Records; clock: Clock; log: Log; perOwner: number };

/** When one of an owner's followers is likely to have left. */
const RETRY_AFTER_S = 5;

export function tooManyFollowers(perOwner: number): AppError {
  const detail = `At most ${perOwner} event streams and waiting requests are open at a time; close some, or ask without waiting.`;
  return new AppError("too_many_requests", detail, { retryAfterSeconds: RETRY_AFTER_S });
}

export function createFollowers({ records, clock, log, perOwner }: FollowersOptions): Followers {
  const counts = new Map<string, number>();
  const watches = new Map<string, Watch>();

  const watchOf = (record: JobRecord): Watch => {
    const key = `${record.owner}/${record.id}`;
    const found = watches.get(key);
    if (found?.offer(record)) return found;
    const watch = createWatch(records, record, (error) => {
      if (error) log.warn({ err: error, jobId: record.id }, "watching a job failed");
      if (watches.get(key) === watch) watches.delete(key);
    });
    watches.set(key, watch);
    return watch;
  };

  return {
    join(record) {
      const { owner } = record;
      const count = counts.get(owner) ?? 0;
      if (count >= perOwner) return null;
      counts.set(owner, count + 1);
      const watch = watchOf(record);
      watch.enter();
      let left = false;
      let listening: Listener | null = null;
      return {
        listen(listener) {
          listening = listener;
          watch.add(listener);
        },
        next: async (rev, ms, signal) => {
          const over = new AbortController();
          const stop = () => over.abort();
          signal.addEventListener("abort", stop);
          if (signal.aborted || ms <= 0) stop();
          else if (Number.isFinite(ms)) void clock.sleep(ms, over.signal).then(stop);
          try {
            return await nextOf(watch, rev, over.signal);
          } finally {
            stop();
            signal.removeEventListener("abort", stop);
          }
        },
        leave() {
          if (left) return;
          left = true;
          if (listening) watch.remove(listening);
          watch.leave();
          const others = (counts.get(owner) ?? 1) - 1;
          if (others > 0) counts.set(owner, others);
          else counts.delete(owner);
        },
      };
    },
  };
}

type Watch = {
  /** Takes a record that somebody else has read; false when the watch has ended. */
  offer(record: JobRecord): boolean;
  enter(): void;
  leave(): void;
  /** Tells the listener at once where there is something new. */
  add(listener: Listener): void;
  remove(listener: Listener): void;
};

/** As `Follower.next`, until the signal is aborted. */
function nextOf(watch: Watch, rev: number, signal: AbortSignal): Promise<JobRecord | null | undefined> {
  return new Promise((resolve, reject) => {
    const done = () => {
      watch.remove(waiter);
      signal.removeEventListener("abort", leave);
    };
    const leave = () => waiter.take(undefined);
    const waiter = {
      rev,
      take(record: JobRecord | null | undefined) {
        done();
        resolve(record);
      },
      fail(error: unknown) {
        done();
        reject(error);
      },
    };
    signal.addEventListener("abort", leave);
    watch.add(waiter);
    if (signal.aborted) leave();
  });
}

/** Reads the record whenever it changes, for as long as somebody follows it. `onEnd` is called once. */
function createWatch(records: Records, first: JobRecord, onEnd: (error?: unknown) => void): Watch {
  const { owner, id } = first;
  const listeners = new Set<Listener>();
  const stop = new AbortController();
  let followers = 0;
  let latest: JobRecord | null = first;
  let ended = false;
  let failure: unknown;

  const take = (record: JobRecord | null) => {
    if (record !== null && latest !== null && record.rev <= latest.rev) return;
    latest = record;
    for (const listener of [...listeners]) if (record === null || record.rev > listener.rev) listener.take(record);
  };
  const end = (error?: unknown) => {
    if (ended) return;
    ended = true;
    failure = error;
    stop.abort();
    // those who were told that the record is gone may still be there
    if (latest !== null) for (const listener of [...listeners]) listener.fail(error);
    listeners.clear();
    onEnd(error);
  };
  const watch = async () => {
    while (!stop.signal.aborted && latest !== null) {
      await records.changed(owner, id, latest.rev, stop.signal);
      if (stop.signal.aborted) return;
      take((await records.get(owner, id))?.record ?? null);
    }
  };

  return {
    offer(record) {
      if (!ended) take(record);
      return !ended && latest !== null;
    },
    enter() {
      followers += 1;
      if (followers === 1) watch().then(() => end(), end);
    },
    leave() {
      followers -= 1;
      if (followers === 0) end();
    },
    add(listener) {
      listeners.add(listener);
      if (latest === null || latest.rev > listener.rev) listener.take(latest);
      if (latest !== null && ended) listener.fail(failure);
    },
    remove(listener) {
      listeners.delete(listener);
    },
  };
}
