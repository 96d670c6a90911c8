/** Waiting for a job, and what `Prefer: wait` asks for. */
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { isEnded } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../deps.ts";

type Waits = Pick<ApiDeps, "records" | "clock">;

/** Waits no longer than `ms`, and ends early when the client went away. */
type WaitOptions = { ms: number; signal: AbortSignal };

/** The record as it is when the job has ended or the wait is over; null when there is none. */
export function waitForEnd(deps: Waits, owner: string, id: string, options: WaitOptions): Promise<JobRecord | null> {
  return waitUntil(deps, owner, id, (record) => isEnded(record.state), options);
}

/** The record as soon as `reached` says so, or as it is when the wait is over; null when there is none. */
export async function waitUntil(
  { records, clock }: Waits,
  owner: string,
  id: string,
  reached: (record: JobRecord) => boolean,
  { ms, signal }: WaitOptions,
): Promise<JobRecord | null> {
  const over = new AbortController();
  const stop = () => over.abort();
  signal.addEventListener("abort", stop);
  if (signal.aborted || ms <= 0) stop();
  else void clock.sleep(ms, over.signal).then(stop);
  try {
    for (;;) {
      const stored = await records.get(owner, id);
      if (!stored || over.signal.aborted || reached(stored.record)) return stored?.record ?? null;
      await records.changed(owner, id, stored.record.rev, over.signal);
    }
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

/** Seconds of `wait` in a Prefer header (RFC 7240); null when it asks for none. */
export function preferredWait(prefer: string | undefined): number | null {
  const found = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:[,;]|$)/i.exec(prefer ?? "");
  return found ? Number(found[1]) : null;
}
