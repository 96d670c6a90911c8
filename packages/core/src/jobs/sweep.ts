/**
 * The sweeper: the one that sees to it that nothing waits or stays for ever. Every record has one timer, armed before the record is created;
 * when it is due, the sweeper looks at the record, does what is to be done, and moves the timer: the next one is written before this one
 * is dropped, so that a crash in between leaves two (harmless) and never none.
 *
 * | what it finds | what it does | looks again |
 * | --- | --- | --- |
 * | nothing | once no request can still be creating it: takes its files and the timer away; the timer alone if a later one is armed | at the next sweep |
 * | queued | sends the message again; of a job whose work is done elsewhere only if nobody has asked after it for 5 minutes | after as long as it has waited, 5 to 30 minutes, or at `deadline_at` |
 * | running with a dead lease | sends the message again | in 5 minutes, or at `deadline_at` |
 * | running with a living lease | | in 5 minutes, or at `deadline_at` |
 * | waiting | wakes it if the markers of all its children are there | in 5 minutes, or at `deadline_at` |
 * | canceling with a dead lease | closes it: canceled | at `expires_at` |
 * | any of these past `deadline_at` | fails it (a canceling one is canceled) | at `expires_at` |
 * | succeeded, a payment page was asked for 5 minutes ago and never came, or has closed | has it looked at, or gives it up | in a minute |
 * | succeeded, with a payment on its way | has it looked at (`payments/`); while that can't be told, keeps it | in a minute |
 * | succeeded, failed, canceled | past `expires_at`: expires it, takes its files and its children away | an hour later |
 * | expired, deleted | takes its files and its children away again, for late writers | an hour, then a day after it was closed |
 * | expired, deleted, and money is owed to the buyer (`payments/`) | tries to give it back | in 5 minutes |
 * | expired, deleted a day ago, and nothing is owed | takes the record and the timer away | |
 * | any that has ended and whose event is due (`outbox.ts`) | sends the message of the event again, besides | in 5 minutes |
 * | any that has ended and whose event will be due | | then, if that is sooner |
 *
 * Children have timers like all others, but go with their root:
 *
 * | what it finds | what it does | looks again |
 * | --- | --- | --- |
 * | a child whose root is gone | takes its record and its files away | in 5 minutes (nothing) |
 * | a child that has not ended, its root has, or is being canceled | cancels it | in 5 minutes |
 * | any other child that has not ended | as above | as above |
 * | a child that has ended | if its root lives: writes the marker again if it is missing, tells the root; takes the timer away | |
 *
 * Records that can't be read (`damaged.ts`):
 *
 * | what it finds | what it does | looks again |
 * | --- | --- | --- |
 * | a root within its hour | | in 30 minutes, or when its files go |
 * | a root past its hour | makes it a tombstone, takes its files and its children away | as for any tombstone |
 * | a child whose root lives | makes it one that has failed, tells the root; takes the timer away | |
 * | any other child | goes with its root | in 5 minutes |
 *
 * On a full disk files go first (`close.ts`). Uploads an hour old, cached files (`cache.ts`), idempotency entries a day old go as well.
 */
import { eachAtOnce } from "../concurrent.ts";
import type { Change } from "../job/change.ts";
import { idTimeMs } from "../job/ids.ts";
import { jobPrefix, uploadOfKey } from "../job/keys.ts";
import { isElsewhere, isEnded, TOMBSTONE_LIFE_MS, UPLOAD_LIFE_MS } from "../job/record.ts";
import type { Log } from "../log.ts";
import type { StoredRecord, Timer } from "../records.ts";
import { sweepCache } from "./cache.ts";
import { cancelChild, purgeJob } from "./children.ts";
import { closeJob } from "./close.ts";
import { damageOf } from "./damaged.ts";
import { CREATION_MS, FIRST_LOOK_MS, type JobStore, leaseAlive, updateJob } from "./jobs.ts";
import { underLease } from "./leases.ts";
import { isPaymentDue, isRefundOwed, LOOK_AGAIN_MS, NOTHING_SWEPT, nextLookMs, type Swept } from "./looks.ts";
import { remindDeliverers } from "./outbox.ts";
import { lookAtDamaged, removeChild, rootState } from "./sweep-damaged.ts";
import { markEnded, wakeRoot } from "./waiting.ts";

const KEY_LIFE_MS = 24 * 60 * 60_000;
const MAX_MS = 50_000;
/** How long until a sweeper that died is replaced. */
const SWEEP_LEASE_MS = 90_000;
/** Idempotency entries are in no order of time, so that all of them are looked at; not each minute. */
const FORGET_EVERY = 30;

type SweepStore = JobStore & {
  log?: Log;
  /** What else is done each time, under the same lease (`upkeep.ts`). */
  upkeep?: (() => Promise<void>) | undefined;
};

/** One sweep: at most 32 records at a time, and no new one after `maxMs`. One failure does not keep the others. */
export async function sweepOnce(
  store: SweepStore,
  options: { signal?: AbortSignal; maxMs?: number; forgetKeys?: boolean } = {},
): Promise<Swept> {
  const swept: Swept = { ...NOTHING_SWEPT };
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
  await guard({}, () => sweepUploads(store, over, swept, guard));
  await guard({}, () => sweepCache(store.files, startedMs, swept));
  if (store.upkeep && !over()) await guard({}, store.upkeep);
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
  let nextMs: number | null;
  try {
    const stored = await lookInTime(store, timer, swept);
    if (!stored) return await lookAtNothing(store, timer);
    nextMs = await (stored.record.root === undefined ? lookAtRoot : lookAtChild)(store, stored, swept);
  } catch (error) {
    const damage = damageOf(error);
    if (!damage || damage.id !== timer.id) throw error;
    nextMs = await lookAtDamaged(store, damage, swept);
  }
  if (nextMs !== null) await store.records.timers.arm({ owner: timer.owner, id: timer.id, atMs: nextMs });
  await store.records.timers.drop(timer);
}

/** The record after the sweeper's change. */
async function lookInTime(store: JobStore, { owner, id }: Timer, swept: Swept): Promise<StoredRecord | null> {
  const { records, clock } = store;
  const stored = await records.get(owner, id);
  const due = stored && dueChange(stored, clock.now());
  const isHeld = due?.do === "expire" || isPaymentDue(stored?.record, clock.now());
  if (isHeld && stored && !((await store.payments?.mayExpire(stored.record)) ?? true)) return stored;
  if (!due) return stored;
  const wasEnded = isEnded(stored.record.state);
  const changed =
    due.do === "expire"
      ? await closeJob(store, owner, id, due, stored)
      : await updateJob(store, owner, id, (fresh) => dueChange(fresh, clock.now()) ?? NOTHING, stored);
  if (!changed.refused) wasEnded ? swept.expired++ : swept.closed++;
  return changed.stored;
}

async function lookAtNothing(store: JobStore, timer: Timer): Promise<void> {
  if (store.clock.now() < timer.atMs - FIRST_LOOK_MS + CREATION_MS + LOOK_AGAIN_MS) return;
  if (!(await armedAgain(store, timer))) await store.files.purge(jobPrefix(timer.owner, timer.id));
  await store.records.timers.drop(timer);
}

/** When to look again; null: never, the record is gone. */
async function lookAtRoot(store: JobStore, stored: StoredRecord, swept: Swept): Promise<number | null> {
  const { record } = stored;
  const now = store.clock.now();
  if (record.closed_at !== null) {
    await purgeJob(store, record);
    swept.purged++;
    if (now >= record.closed_at + TOMBSTONE_LIFE_MS && !isRefundOwed(record)) {
      await store.records.remove(record.owner, record.id);
      swept.removed++;
      return null;
    }
  } else if (await sendAgain(store, stored)) swept.sent++;
  if (await remindDeliverers(store, record)) swept.sent++;
  return nextLookMs(record, now);
}

/** When to look again; null: never, from now on it goes with its root. */
async function lookAtChild(store: JobStore, stored: StoredRecord, swept: Swept): Promise<number | null> {
  const { record } = stored;
  const now = store.clock.now();
  const root = await rootState(store, record);
  if (root === "gone") return removeChild(store, record, swept);
  if (isEnded(record.state)) {
    await markEnded(store, record);
    return null;
  }
  if (root === "lives") {
    if (await sendAgain(store, stored)) swept.sent++;
    return nextLookMs(record, now);
  }
  await cancelChild(store, "sweeper", record);
  swept.closed++;
  return now + LOOK_AGAIN_MS;
}

/** Whether it sent the message of a job that may have been forgotten. */
async function sendAgain(store: JobStore, stored: StoredRecord): Promise<boolean> {
  const { record } = stored;
  if (record.state === "waiting") return wakeRoot(store, "sweeper", record);
  // it has a message as long as somebody asks after it, and another would double that
  if (isElsewhere(record) && stored.ageMs < LOOK_AGAIN_MS) return false;
  if (record.state !== "queued" && (record.state !== "running" || leaseAlive(stored))) return false;
  await store.queue.send({ queue: record.queue, owner: record.owner, id: record.id });
  return true;
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

type DueChange = Change & { do: "expire" | "deadline" | "close" };

/** What time has made of the record, if anything. */
function dueChange(stored: StoredRecord, nowMs: number): DueChange | null {
  const { record } = stored;
  if (isEnded(record.state)) {
    const due = record.closed_at === null && record.expires_at !== null && nowMs >= record.expires_at;
    return due ? { by: "sweeper", do: "expire" } : null;
  }
  if (nowMs >= record.deadline_at) return { by: "sweeper", do: "deadline" };
  const orphan = record.state === "canceling" && !leaseAlive(stored);
  return orphan ? { by: "sweeper", do: "close", leaseAlive: false } : null;
}

/** Ids are in order of time, so that the first young one ends it. One that is still being written has no name yet. */
type Guard = (what: object, run: () => Promise<void>) => Promise<void>;

async function sweepUploads(store: JobStore, over: () => boolean | undefined, swept: Swept, guard: Guard) {
  const lifeMs = store.lifeMs ?? UPLOAD_LIFE_MS;
  for await (const { key } of store.files.list("uploads/")) {
    const upload = uploadOfKey(key);
    if (over() || (upload && idTimeMs(upload.id) + lifeMs > store.clock.now())) return;
    await guard({ key }, async () => {
      await store.files.purge(key);
      swept.uploads++;
    });
  }
}
