/** What goes from a record when a claim, the job or its files come to their end. */
import { ERRORS } from "../errors.ts";
import { ATTEMPTS_KEPT, type JobError, type JobRecord } from "./record.ts";

/** Takes the claim out and files it under the attempts. */
export function release(record: JobRecord, now: number, error: JobError | null): JobRecord {
  if (!record.claim) return record;
  const attempt = { started: record.started_at ?? now, ended: now, worker: record.claim.worker, error };
  return { ...record, claim: null, attempts: [...record.attempts, attempt].slice(-ATTEMPTS_KEPT) };
}

/** What stays of a job whose files are gone: who, when, and how it ended. No sentences, which speak of the files. */
export function tombstone(record: JobRecord, state: "expired" | "deleted", now: number): JobRecord {
  const released = release(record, now, null);
  const { external, webhook, access, consent, fetches, sealed, ...bare } = released;
  return {
    ...(state === "deleted" ? { ...bare, params: {}, metadata: {} } : withoutFetches(released)),
    state,
    ended_at: record.ended_at ?? now,
    expires_at: record.expires_at ?? now,
    closed_at: now,
    inputs: {},
    outputs: {},
    attempts: [],
    warnings: [],
    error: record.error && { code: record.error.code, detail: ERRORS[record.error.code].title },
  };
}

function withoutFetches({ fetches: _, sealed: __, ...record }: JobRecord): JobRecord {
  return record;
}

/** Without its sealed params, and without the URLs of inputs that were never fetched, which may be secret. */
export function withoutSecrets({ sealed: _, fetches, ...record }: JobRecord): JobRecord {
  return fetches ? { ...record, fetches: fetches.map(({ url: _, ...kept }) => kept) } : record;
}
