/** A home whose ports are watched: which jobs are written in which state, and which calls fail. */
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Home } from "./home.ts";

/** What a job has become: `queued` once, when it was created; `requeued` by a retry, or when it was handed back. */
export type JobEvent = "queued" | "requeued" | "succeeded" | "failed" | "canceled";

export type HomeEvents = {
  onJob(record: JobRecord, event: JobEvent): void;
  /** `port`: `records`, `files` or `queue`. `code`: that of the error, `other` for one that the port does not know. */
  onStorageError(port: string, code: string): void;
};

/** Errors that say something of the storage; the others are answers. */
const FAULTS = new Set(["storage_unavailable", "storage_full", "record_unreadable", "internal"]);

export function watchedHome<H extends Pick<Home, "records" | "files" | "queue">>(home: H, events: HomeEvents): H {
  const watch = <P extends object>(port: P, name: string) => watched(port, (code) => events.onStorageError(name, code));
  const records = watch(home.records, "records");
  const { create, replace } = records;
  return {
    ...home,
    files: watch(home.files, "files"),
    queue: watch(home.queue, "queue"),
    records: {
      ...records,
      async create(record: JobRecord) {
        const stored = await create(record);
        events.onJob(record, "queued");
        return stored;
      },
      async replace(record: JobRecord, etag: string) {
        const stored = await replace(record, etag);
        const event = eventOf(record);
        if (event) events.onJob(record, event);
        return stored;
      },
    },
  };
}

/** Of a version that was written over another. One that has ended is written again for its webhook and its payment, which are not events. */
function eventOf({ state, webhook, charge }: JobRecord): JobEvent | null {
  if (state === "queued") return "requeued";
  if ((webhook?.tries ?? 0) > 0 || (charge?.sessions.length ?? 0) > 0) return null;
  return state === "succeeded" || state === "failed" || state === "canceled" ? state : null;
}

/** The same port, and those in it (`records.timers`), telling of calls that fail. */
function watched<P extends object>(port: P, onFault: (code: string) => void): P {
  const tell = (error: unknown) => {
    const code = error instanceof AppError ? error.code : "other";
    const isAbort = error instanceof Error && error.name === "AbortError";
    if (!isAbort && (code === "other" || FAULTS.has(code))) onFault(code);
  };
  const members = Object.entries(port).map(([name, member]: [string, unknown]) => {
    if (typeof member === "function") return [name, watchedCall(member.bind(port), tell)];
    return [name, typeof member === "object" && member !== null ? watched(member, onFault) : member];
  });
  return Object.fromEntries(members) as P;
}

/** Lists (async iterables) are passed on as they are: what they fail with, the next call fails with, too. */
function watchedCall(call: (...args: unknown[]) => unknown, tell: (error: unknown) => void) {
  return (...args: unknown[]): unknown => {
    try {
      const answer = call(...args);
      if (answer instanceof Promise) answer.catch(tell);
      return answer;
    } catch (error) {
      tell(error);
      throw error;
    }
  };
}
