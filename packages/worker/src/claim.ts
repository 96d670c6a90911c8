/**
 * A claim while it is held: beats keep its lease alive and carry the progress, and looks find out whether the job is still
 * ours to do. Both go on while the engine works, and end before the last write.
 */
import { hasCode } from "@smileloop/core/errors.ts";
import { type Change, isEnded, type JobRecord, type Progress } from "@smileloop/core/job.ts";
import { type Changed, type JobStore, updateJob } from "@smileloop/core/jobs.ts";
import type { Log } from "@smileloop/core/log.ts";

export type ClaimTimes = {
  /** The lease is renewed so often. */
  beatMs: number;
  /** The record is read at least so often. */
  lookMs: number;
  /** Progress is written at most so often. */
  progressMs: number;
};

export type HoldOptions = {
  store: Pick<JobStore, "records" | "clock">;
  record: JobRecord;
  token: string;
  times: ClaimTimes;
  log: Log;
  /** Told of each beat, so that the message is kept as long as the record. */
  onBeat?: (() => Promise<void>) | undefined;
};

/** Why the work has to stop: its user wants that, or it is somebody else's (or nobody's) by now. */
export type Verdict = "canceling" | "lost";

export type Claim = {
  /** Aborted as soon as there is a verdict. */
  signal: AbortSignal;
  verdict(): Verdict | null;
  report(progress: Progress): void;
  /** Ends beats and looks; resolves when none of them is under way. */
  release(): Promise<void>;
};

/** So early is the next look after one that was told of a change; the storage may tell of changes that are none. */
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
  const pending: { progress: Progress | null } = { progress: null };
  const work = [beats(options, pending, ended, conclude), looks(options, ended, conclude)];
  return {
    signal: found.signal,
    verdict: () => verdict,
    report: (progress) => {
      pending.progress = progress;
    },
    async release() {
      released.abort();
      await Promise.all(work);
    },
  };
}

async function beats(
  { store, record, token, times, log, onBeat }: HoldOptions,
  pending: { progress: Progress | null },
  ended: AbortSignal,
  conclude: (why: Verdict) => void,
): Promise<void> {
  let writtenMs = store.clock.now();
  let written: Progress | null = null;
  for (;;) {
    await store.clock.sleep(Math.min(times.progressMs, times.beatMs), ended);
    if (ended.aborted) return;
    const { progress } = pending;
    const due = store.clock.now() - writtenMs >= times.beatMs;
    if (!due && progress === written) continue;
    const beat: Change = { by: "holder", token, do: "beat", progress };
    try {
      const [{ refused }] = await Promise.all([
        updateJob(store, record.owner, record.id, () => beat),
        due ? onBeat?.() : undefined,
      ]);
      if (refused) return conclude(refused === "canceling" ? "canceling" : "lost");
      writtenMs = store.clock.now();
      written = progress;
    } catch (error) {
      // whether the lease was lost over this is for the next look to say
      log.warn({ err: error }, "beat failed");
    }
  }
}

async function looks(
  { store, record, token, times, log }: HoldOptions,
  ended: AbortSignal,
  conclude: (why: Verdict) => void,
): Promise<void> {
  let rev = record.rev;
  for (;;) {
    const awake = new AbortController();
    const signal = AbortSignal.any([ended, awake.signal]);
    const changed = store.records
      .changed(record.owner, record.id, rev, signal)
      .catch(() => store.clock.sleep(times.lookMs, signal));
    await Promise.race([changed, store.clock.sleep(times.lookMs, signal)]);
    awake.abort();
    if (ended.aborted) return;
    try {
      const stored = await store.records.get(record.owner, record.id);
      if (!stored || isEnded(stored.record.state) || stored.record.claim?.token !== token) return conclude("lost");
      if (stored.record.state === "canceling") return conclude("canceling");
      rev = stored.record.rev;
    } catch (error) {
      log.warn({ err: error }, "look failed");
    }
    await store.clock.sleep(LOOK_GAP_MS, ended);
    if (ended.aborted) return;
  }
}

/** The last write of a claim: tried for longer than a beat, because a job that is done should not be done again. */
export async function lastWrite(
  store: Pick<JobStore, "records" | "clock">,
  record: JobRecord,
  change: Change,
): Promise<Changed> {
  for (let tries = 1; ; tries++) {
    try {
      return await updateJob(store, record.owner, record.id, () => change);
    } catch (error) {
      if (tries === 5 || !hasCode(error, "storage_unavailable")) throw error;
      await store.clock.sleep(500 * tries);
    }
  }
}
