/**
 * Jobs of all owners, found by their timers (`core/jobs/sweep.ts`): every record has one, so that nothing but those that are due within the
 * hour is walked, and a bounded number of records is read for each page.
 */
import { AppError } from "@smileloop/core/errors.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import { readable } from "@smileloop/core/job/unreadable.ts";
import type { Timer } from "@smileloop/core/records.ts";
import type { ApiDeps } from "../deps.ts";
import { hasExpired } from "../job-lookup.ts";

type Ports = Pick<ApiDeps, "records" | "clock">;
type Page = {
  records: JobRecord[];
  /** Number of records that were read. */
  looked: number;
  /** Null where every job has been looked at. */
  cursor: string | null;
};

/** Jobs whose files are there have their timer within that time: at the end of the files' hour, or sooner. */
const HORIZON_MS = RESULT_LIFE_MS + 10 * 60_000;
/** Events are tried for some 18 hours, and a job whose files are gone has its timer at the next try. */
const EVENTS_HORIZON_MS = 24 * 60 * 60_000;

/** What is listed, by name. `horizonMs`: within which its timers are. */
const LISTS = {
  /** Not ended. */
  active: { fits: ({ state }, isThere) => isThere && !isEnded(state), horizonMs: HORIZON_MS },
  failed: { fits: ({ state }, isThere) => isThere && state === "failed", horizonMs: HORIZON_MS },
  /** Ended, with files that are still there: what expires next comes first. */
  ended: { fits: ({ state }, isThere) => isThere && isEnded(state), horizonMs: HORIZON_MS },
  /** Whose event did not arrive at its first try, though its files may be gone. */
  unreported: { fits: (record) => isUnreported(record), horizonMs: EVENTS_HORIZON_MS },
} satisfies Record<string, { fits: (record: JobRecord, isThere: boolean) => boolean; horizonMs: number }>;
export type ListName = keyof typeof LISTS;
export const LIST_NAMES = Object.keys(LISTS) as [ListName, ...ListName[]];

/** Records that one request reads at most. */
export const MAX_READ = 300;
const READ_AT_ONCE = 16;
/** Timers that one request passes by at most when it looks for a job by its id; none of their records is read. */
const MAX_TIMERS = 50_000;

/** In the order in which the sweeper comes to them. Throws `invalid_request` for a bad cursor. */
export async function listForOperator(
  { records, clock }: Ports,
  { list, limit, cursor, signal }: { list: ListName; limit: number; cursor: string | undefined; signal: AbortSignal },
): Promise<Page> {
  const now = clock.now();
  const { fits, horizonMs } = LISTS[list];
  const isListed = (record: JobRecord) =>
    record.state !== "deleted" && fits(record, record.state !== "expired" && !hasExpired(record, now));
  const found = new Map<string, JobRecord>();
  let looked = 0;
  for await (const timers of batches(rootsAfter({ records }, now + horizonMs, readCursor(cursor)))) {
    const read = await Promise.all(timers.map(({ owner, id }) => readable(() => records.get(owner, id))));
    looked += timers.length;
    for (const [nth, stored] of read.entries()) {
      if (stored && isListed(stored.record)) found.set(stored.record.id, stored.record);
      if (found.size === limit) return { records: [...found.values()], looked, cursor: cursorOf(timers[nth]!) };
    }
    if (looked >= MAX_READ || signal.aborted) {
      return { records: [...found.values()], looked, cursor: cursorOf(timers.at(-1)!) };
    }
  }
  return { records: [...found.values()], looked, cursor: null };
}

function isUnreported({ webhook }: JobRecord): boolean {
  if (!webhook) return false;
  return (
    webhook.state === "failed" || webhook.state === "disabled" || (webhook.state === "pending" && webhook.tries > 0)
  );
}

/** A job whose owner the operator does not know. Throws `not_found`, and `record_unreadable`. */
export async function findForOperator({ records, clock }: Ports, id: string): Promise<JobRecord> {
  let passed = 0;
  for await (const timer of records.timers.due(clock.now() + HORIZON_MS)) {
    passed += 1;
    if (timer.id === id) {
      const stored = await records.get(timer.owner, id);
      if (stored) return stored.record;
    }
    if (passed === MAX_TIMERS) break;
  }
  throw new AppError("not_found", "There is no job with this id whose files are still there.");
}

/** Timers of jobs that are not children, after the one that the cursor stands for. */
async function* rootsAfter({ records }: Pick<Ports, "records">, untilMs: number, after: Cursor | null) {
  let passed = after === null;
  for await (const timer of records.timers.due(untilMs, after?.atMs)) {
    // where the job's timer was moved meanwhile, the others of its second are left out: the next walk has them
    passed ||= timer.atMs > after!.atMs;
    if (passed && isId(timer.id)) yield timer;
    passed ||= timer.id === after!.id;
  }
}

async function* batches(timers: AsyncIterable<Timer>): AsyncGenerator<Timer[]> {
  let batch: Timer[] = [];
  for await (const timer of timers) {
    batch.push(timer);
    if (batch.length < READ_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The second of a timer and its job. It does not tell whose job that is. */
type Cursor = { atMs: number; id: string };

function cursorOf({ atMs, id }: Timer): string {
  return `${atMs}.${id}`;
}

function readCursor(text: string | undefined): Cursor | null {
  if (text === undefined) return null;
  const [, atMs = "", id = ""] = /^(\d{1,15})\.([0-9a-f]{32})$/.exec(text) ?? [];
  if (isId(id)) return { atMs: Number(atMs), id };
  throw new AppError("invalid_request", "cursor: give `next_cursor` of the page before, as it was.", {
    errors: [{ loc: ["query", "cursor"], msg: "is not the `next_cursor` of a page", type: "invalid_value" }],
  });
}
