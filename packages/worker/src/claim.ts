/**
 * A claim while it is held: beats keep its lease alive and carry the progress, and looks find out whether the job is still
 * ours to do; those of a child look at its root, too. All go on while the engine works, and end before the last write.
 *
 * Each write is made on the version that the holder has seen last, without a read before it: where that is no longer the
 * present one, the write is refused, and only then is the record read. So a beat that arrives tells as much as a look, and
 * the next look is put off.
 */
import { hasCode } from "@smileloop/core/errors.ts";
import type { Change } from "@smileloop/core/job/change.ts";
import type { JobRecord, Progress } from "@smileloop/core/job/record.ts";
import { cancelChild, livingRoot } from "@smileloop/core/jobs/children.ts";
import { type Changed, type JobStore, updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { StoredRecord } from "@smileloop/core/records.ts";

export type ClaimTimes = {
  /** How often the lease is renewed. */
  beatMs: number;
  /** How often the record is read, at least. */
  lookMs: number;
  /** Minimum pause between two writes of progress. */
  progressMs: number;
};

type HoldOptions = {
  store: Pick<JobStore, "records" | "clock" | "queue">;
  /** As the claim has left it. */
  stored: StoredRecord;
  token: string;
  times: ClaimTimes;
  log: Log;
  /** Called each `beatMs` while the claim is held, so that the message is kept as long as the record; it may fail. */
  onBeat?: (() => Promise<void>) | undefined;
};

/** Why the work has to stop: its user canceled it, or the claim is no longer this worker's. */
type Verdict = "canceling" | "lost";

export type Claim = {
  /** Aborted as soon as there is a verdict. */
  signal: AbortSignal;
  verdict(): Verdict | null;
  /** The version that was seen last. */
  seen(): StoredRecord;
  report(progress: Progress): void;
  /**
   * Makes a change in the middle of the work and answers the record after it, also where it had been made before. A refusal is a
   * verdict, and is thrown as the signal's reason.
   */
  write(change: Change & { by: "holder" }): Promise<JobRecord>;
  /** Ends beats and looks; resolves when none of them is under way. */
  release(): Promise<void>;
};

type Hold = {
  seen: StoredRecord;
  progress: Progress | null;
  /** Ends with the beat that is under way; never rejects. */
  beat: Promise<void>;
};

/** Minimum pause between two looks; storage may report changes that turn out not to be any. */
const LOOK_GAP_MS = 50;

export function holdClaim(options: HoldOptions): Claim {
  const found = new AbortController();
  const released = new AbortController();
  const ended = AbortSignal.any([found.signal, released.signal]);
  let verdict: Verdict | null = null;
  const conclude = (why: Verdict) => {
    verdict ??= why;
    found.abort();
  };
  const hold: Hold = { seen: options.stored, progress: null, beat: Promise.resolve() };
  const work = [
    beats(options, hold, ended, conclude),
    looks(options, hold, ended, conclude),
    looksAtRoot(options, ended, conclude),
  ];
  return {
    signal: found.signal,
    verdict: () => verdict,
    seen: () => hold.seen,
    report: (progress) => {
      hold.progress = progress;
    },
    async write(change) {
      await hold.beat;
      const { owner, id } = hold.seen.record;
      const { stored, refused } = await updateJob(options.store, owner, id, () => change, hold.seen);
      see(hold, stored);
      if (stored && (refused === null || refused === "nothing_to_do")) return stored.record;
      conclude(refused === "canceling" ? "canceling" : "lost");
      throw found.signal.reason;
    },
    async release() {
      released.abort();
      await Promise.all(work);
    },
  };
}

async function beats(
  { store, token, times, log, onBeat }: HoldOptions,
  hold: Hold,
  ended: AbortSignal,
  conclude: (why: Verdict) => void,
): Promise<void> {
  let keptMs = store.clock.now();
  let written: Progress | null = null;
  const beat = async (progress: Progress | null, due: boolean): Promise<void> => {
    const { owner, id } = hold.seen.record;
    const [beaten, kept] = await Promise.allSettled([
      updateJob(store, owner, id, () => ({ by: "holder", token, do: "beat", progress }), hold.seen),
      due ? onBeat?.() : undefined,
    ]);
    if (kept.status === "rejected") log.warn({ err: kept.reason }, "message not kept");
    // whether the lease was lost over this is for the next look to say
    if (beaten.status === "rejected" && hasCode(beaten.reason, "record_unreadable")) return conclude("lost");
    if (beaten.status === "rejected") return log.warn({ err: beaten.reason }, "beat failed");
    const { stored, refused } = beaten.value;
    see(hold, stored);
    if (refused) return conclude(refused === "canceling" ? "canceling" : "lost");
    if (due) keptMs = store.clock.now();
    written = progress;
  };
  for (;;) {
    await store.clock.sleep(Math.min(times.progressMs, times.beatMs), ended);
    if (ended.aborted) return;
    const { progress } = hold;
    const due = store.clock.now() - keptMs >= times.beatMs;
    if (!due && progress === written) continue;
    hold.beat = beat(progress, due);
    await hold.beat;
  }
}

async function looks(
  { store, token, times, log }: HoldOptions,
  hold: Hold,
  ended: AbortSignal,
  conclude: (why: Verdict) => void,
): Promise<void> {
  while (!ended.aborted) {
    const { owner, id, rev } = hold.seen.record;
    const awake = new AbortController();
    const signal = AbortSignal.any([ended, awake.signal]);
    const changed = store.records
      .changed(owner, id, rev, signal, times.lookMs)
      .catch(() => store.clock.sleep(times.lookMs, signal));
    await Promise.race([changed, store.clock.sleep(times.lookMs, signal)]);
    awake.abort();
    // it may be what has woken us
    await hold.beat;
    if (ended.aborted) return;
    if (hold.seen.record.rev !== rev) continue;
    try {
      const stored = await store.records.get(owner, id);
      see(hold, stored);
      // one that has ended holds none
      if (stored?.record.claim?.token !== token) return conclude("lost");
      if (stored.record.state === "canceling") return conclude("canceling");
    } catch (error) {
      if (hasCode(error, "record_unreadable")) return conclude("lost");
      log.warn({ err: error }, "look failed");
    }
    await store.clock.sleep(LOOK_GAP_MS, ended);
  }
}

/** A child whose root has ended, or is being canceled, has nobody to work for: it is canceled as soon as that is seen. */
async function looksAtRoot(
  { store, stored, times, log }: HoldOptions,
  ended: AbortSignal,
  conclude: (why: Verdict) => void,
): Promise<void> {
  const { record } = stored;
  if (record.root === undefined) return;
  for (;;) {
    await store.clock.sleep(times.lookMs, ended);
    if (ended.aborted) return;
    try {
      if (await livingRoot(store, record)) continue;
      await cancelChild(store, "worker", record);
      return conclude("canceling");
    } catch (error) {
      log.warn({ err: error }, "look at the root failed");
    }
  }
}

/** A look that was overtaken by a beat tells nothing new. */
function see(hold: Hold, stored: StoredRecord | null): void {
  if (stored && stored.record.rev > hold.seen.record.rev) hold.seen = stored;
}

/** The last write of a claim: tried for longer than a beat, because a job that is done should not be done again. */
export async function lastWrite(
  store: Pick<JobStore, "records" | "clock" | "queue">,
  seen: StoredRecord,
  change: Change,
): Promise<Changed> {
  for (let tries = 1; ; tries++) {
    try {
      return await updateJob(store, seen.record.owner, seen.record.id, () => change, seen);
    } catch (error) {
      if (tries === 5 || !hasCode(error, "storage_unavailable", "storage_full")) throw error;
      await store.clock.sleep(500 * tries);
    }
  }
}
