/** Waiting for a job, and what `Prefer: wait` asks for. */
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { RouteDeps } from "../deps.ts";

type Waits = Pick<RouteDeps, "records" | "followers" | "clock">;

/** Waits no longer than `ms`, and ends early when the client went away. */
type WaitOptions = { ms: number; signal: AbortSignal };

/**
 * The record as it is when the job has ended or the wait is over; null when there is none. Without any wait where the owner has
 * too many followers: the job was made, and its reply must not fail.
 */
export async function waitForEnd(deps: Waits, record: JobRecord, options: WaitOptions): Promise<JobRecord | null> {
  const end = await waitUntil(deps, record, ({ state }) => isEnded(state), options);
  return end === "too_many" ? record : end;
}

/**
 * The record as soon as `reached` says so, or as it is when the wait is over; null when there is none. `record`: as it was just read.
 */
export async function waitUntil(
  { records, followers, clock }: Waits,
  record: JobRecord,
  reached: (record: JobRecord) => boolean,
  { ms, signal }: WaitOptions,
): Promise<JobRecord | null | "too_many"> {
  if (reached(record) || ms <= 0) return record;
  const follower = followers.join(record);
  if (!follower) return "too_many";
  const untilMs = clock.now() + ms;
  try {
    for (let { rev } = record; ; ) {
      const next = await follower.next(rev, untilMs - clock.now(), signal);
      if (next === undefined) return (await records.get(record.owner, record.id))?.record ?? null;
      if (next === null || reached(next)) return next;
      rev = next.rev;
    }
  } finally {
    follower.leave();
  }
}

/** Seconds of `wait` in a Prefer header (RFC 7240); null when it asks for none. */
export function preferredWait(prefer: string | undefined): number | null {
  const found = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:[,;]|$)/i.exec(prefer ?? "");
  return found ? Number(found[1]) : null;
}
