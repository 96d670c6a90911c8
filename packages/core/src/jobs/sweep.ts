/**
 * The sweeper: the one that sees to it that nothing waits or stays for ever. Every record has one timer, armed before the
 * record is created; when it is due, the sweeper looks at the record, does what is to be done, and moves the timer: the next
 * one is written before this one is dropped, so that a crash in between leaves two (harmless) and never none.
 *
 * | what it finds | what it does | looks again |
 * | --- | --- | --- |
 * | nothing | once no request can still be creating it: takes its files and the timer away; the timer alone if a later one is armed | at the next sweep |
 * | queued | sends the message again | after as long as it has waited, 5 to 30 minutes, or at `deadline_at` |
 * | running with a dead lease | sends the message again | in 5 minutes, or at `deadline_at` |
 * | running with a living lease, waiting | | in 5 minutes, or at `deadline_at` |
 * | canceling with a dead lease | closes it: canceled | at `expires_at` |
 * | any of these past `deadline_at` | fails it (a canceling one is canceled) | at `expires_at` |
 * | succeeded, failed, canceled | past `expires_at`: expires it, takes its files away | an hour later |
 * | expired, deleted | takes its files away again, for late writers | an hour, then a day after it was closed |
 * | expired, deleted a day ago | takes the record and the timer away | |
 *
 * Uploads an hour old and idempotency entries a day old go as well.
 */

import { eachAtOnce } from "../concurrent.ts";
import { idTimeMs } from "../job/ids.ts";
import { type Change, isEnded, type JobRecord, TOMBSTONE_LIFE_MS, UPLOAD_LIFE_MS } from "../job/job.ts";
import { jobPrefix, uploadOfKey } from "../job/keys.ts";
import type { Log } from "../log.ts";
import type { StoredRecord, Timer } from "../records.ts";
import { CREATION_MS, FIRST_LOOK_MS, type JobStore, leaseAlive, updateJob } from "./jobs.ts";
import { underLease } from "./leases.ts";

export const LOOK_AGAIN_MS = 5 * 60_000;
/** The longer a job waits, the likelier that the queue is long and not its message lost: each further one makes it longer. */
const LOOK_LATEST_MS = 30 * 60_000;
/** How long files of a closed job may still appear: longer than a worker that lost its claim can go on. */
export const LATE_WRITERS_MS = 60 * 60_000;
const KEY_LIFE_MS = 24 * 60 * 60_000;
const MAX_MS = 50_000;
/** A sweeper that died is replaced after so long. */
const SWEEP_LEASE_MS = 90_000;
/** Idempotency entries are in no order of time, so that all of them are looked at; not each minute. */
const FORGET_EVERY = 30;

export type SweepStore = JobStore & { log?: Log };

/** How many timers were looked at, and what was done; `failed` counts what could not be done and is tried again. */
export type Swept = {
  looked: number;
  sent: number;
  closed: number;
  expired: number;
  purged: number;
  removed: number;
  uploads: number;
  failed: number;
};

/** One sweep: at most 32 records at a time, and no new one after `maxMs`. One failure does not keep the others. */
export async function sweepOnce(
  store: SweepStore,
  options: { signal?: AbortSignal; maxMs?: number; forgetKeys?: boolean } = {},
): Promise<Swept> {
  const swept: Swept = { looked: 0, sent: 0, closed: 0, expired: 0, purged: 0, removed: 0, uploads: 0, failed: 0 };
  const startedMs = store.clock.now();
  const over = () => options.signal?.aborted || store.clock.now() - startedMs >= (options.maxMs ?? MAX_MS);
  const guard = async (what: object, run: () => Promise<void>) => {
    try {
      await run();
    } catch (error) {
      swept.failed++;
      store.log?.error({ err: error, ...what }, "sweep_failed");
    }
  };

  await guard({}, () =>
    eachAtOnce(store.records.timers.due(startedMs), over, (timer) =>
      guard({ jobId: timer.id }, () => look(store, timer, swept)),
    ),
  );
  await guard({}, () => sweepUploads(store, over, swept));
  if (options.forgetKeys !== false && !over())
    await guard({}, () => store.records.keys.forget(startedMs - KEY_LIFE_MS));
  return swept;
}

/** One sweep, unless another machine does it now: null then. */
export function sweepAlone(store: SweepStore, options: Parameters<typeof sweepOnce>[1] = {}): Promise<Swept | null> {
  return underLease(store.records.notes, "sweep", SWEEP_LEASE_MS, () => sweepOnce(store, options));
}

/** Sweeps until the signal is aborted; each sweep begins `everyMs` after the one before has ended. */
export async function runSweeper(store: SweepStore, options: { everyMs?: number; signal: AbortSignal }): Promise<void> {
  for (let turn = 0; !options.signal.aborted; turn++) {
    const startedMs = store.clock.now();
    try {
      const swept = await sweepAlone(store, { signal: options.signal, forgetKeys: turn % FORGET_EVERY === 0 });
      const done = Object.values(swept ?? {}).some((count) => count > 0);
      store.log?.[done ? "info" : "debug"]({ ...swept, ms: store.clock.now() - startedMs }, "swept");
    } catch (error) {
      store.log?.error({ err: error }, "sweep_failed");
    }
    await store.clock.sleep(options.everyMs ?? 60_000, options.signal);
  }
}

/** Looks at the record of one timer and moves the timer. */
async function look(store: JobStore, timer: Timer, swept: Swept): Promise<void> {
  swept.looked++;
  const { records, files, clock } = store;
  const { owner, id } = timer;
  let stored = await records.get(owner, id);
  if (stored && dueChange(stored, clock.now())) {
    const wasEnded = isEnded(stored.record.state);
    const changed = await updateJob(store, owner, id, (fresh) => dueChange(fresh, clock.now()) ?? NOTHING, stored);
    if (!changed.refused) wasEnded ? swept.expired++ : swept.closed++;
    stored = changed.stored;
  }

  const now = clock.now();
  if (!stored) {
    if (now < timer.atMs - FIRST_LOOK_MS + CREATION_MS + LOOK_AGAIN_MS) return;
    if (!(await armedAgain(store, timer))) await files.purge(jobPrefix(owner, id));
    await records.timers.drop(timer);
    return;
  }
  const { record } = stored;
  if (record.closed_at !== null) {
    await files.purge(jobPrefix(owner, id));
    swept.purged++;
    if (now >= record.closed_at + TOMBSTONE_LIFE_MS) {
      await records.remove(owner, id);
      await records.timers.drop(timer);
      swept.removed++;
      return;
    }
  } else if (record.state === "queued" || (record.state === "running" && !leaseAlive(stored))) {
    await store.queue.send({ queue: record.queue, owner, id });
    swept.sent++;
  }
  const next = { owner, id, atMs: nextLookMs(record, now) };
  await records.timers.arm(next);
  await records.timers.drop(timer);
}

/** Whether a later request with the same id carries on the creation that armed this timer: then its own timer sees to it. */
async function armedAgain({ records, clock }: JobStore, { atMs, owner, id }: Timer): Promise<boolean> {
  for await (const other of records.timers.due(clock.now() + FIRST_LOOK_MS + 1000)) {
    if (other.id === id && other.owner === owner && other.atMs > atMs) return true;
  }
  return false;
}

/** A change that is always refused, for a record that has changed since it was looked at. */
const NOTHING: Change = { by: "sweeper", do: "close", leaseAlive: true };

/** What time has made of the record, if anything. */
function dueChange(stored: StoredRecord, nowMs: number): Change | null {
  const { record } = stored;
  if (isEnded(record.state)) {
    const due = record.closed_at === null && nowMs >= (record.expires_at ?? 0);
    return due ? { by: "sweeper", do: "expire" } : null;
  }
  if (nowMs >= record.deadline_at) return { by: "sweeper", do: "deadline" };
  const orphan = record.state === "canceling" && !leaseAlive(stored);
  return orphan ? { by: "sweeper", do: "close", leaseAlive: false } : null;
}

/** Always later than now, and thereby than the timer that is due. */
function nextLookMs(record: JobRecord, nowMs: number): number {
  const later = (atMs: number) => Math.max(atMs, nowMs + 1000);
  if (record.closed_at !== null) {
    const purge = record.closed_at + LATE_WRITERS_MS;
    return later(nowMs < purge ? purge : record.closed_at + TOMBSTONE_LIFE_MS);
  }
  if (isEnded(record.state)) return later(record.expires_at ?? nowMs);
  const waitedMs = record.state === "queued" ? nowMs - record.queued_at : 0;
  const againMs = Math.min(LOOK_LATEST_MS, Math.max(LOOK_AGAIN_MS, waitedMs));
  return later(Math.min(nowMs + againMs, record.deadline_at));
}

/** Ids are in order of time, so that the first young one ends it. One that is still being written has no name yet. */
async function sweepUploads(store: JobStore, over: () => boolean | undefined, swept: Swept): Promise<void> {
  for await (const { key } of store.files.list("uploads/")) {
    const upload = uploadOfKey(key);
    if (over() || (upload && idTimeMs(upload.id) + UPLOAD_LIFE_MS > store.clock.now())) return;
    await store.files.purge(key);
    swept.uploads++;
  }
}
