/** What goes from a record when a claim, the job or its files come to their end. */
import { ERRORS } from "../errors.ts";
import { afterFiles } from "./charge.ts";
import { ATTEMPTS_KEPT, isEnded, type JobError, type JobRecord, resultLifeMs } from "./record.ts";
import { dueWebhook } from "./webhook.ts";

/**
 * Why a change was refused: the record has ended; somebody else holds it; its lease is alive; it is being canceled; too early;
 * children are still at work; or it would change nothing.
 */
export type Refusal =
  | "ended"
  | "not_holder"
  | "lease_alive"
  | "canceling"
  | "not_due"
  | "children_left"
  | "nothing_to_do";

/** Takes the claim out, with the outputs that it has published, and files it under the attempts. */
export function release(record: JobRecord, now: number, error: JobError | null): JobRecord {
  if (!record.claim) return record;
  const attempt = { started: record.started_at ?? now, ended: now, worker: record.claim.worker, error };
  return { ...record, claim: null, outputs: {}, attempts: [...record.attempts, attempt].slice(-ATTEMPTS_KEPT) };
}

/** What stays of a job whose files are gone: who, when, how it ended, and what was paid. No sentences, which speak of the files. */
export function tombstone(record: JobRecord, state: "expired" | "deleted", now: number): JobRecord {
  const { charge } = record;
  const released = release(charge ? { ...record, charge: afterFiles(charge) } : record, now, null);
  const { external, webhook, consent, fetches, sealed, ...bare } = released;
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
export function withoutSecrets({ sealed, fetches, ...bare }: JobRecord): JobRecord {
  const record: JobRecord = sealed ? { ...bare, had_secrets: true } : bare;
  return fetches ? { ...record, fetches: fetches.map(({ url: _, ...kept }) => kept) } : record;
}

/** What time makes of a job that has not ended. */
export function deadline(record: JobRecord, now: number): JobRecord | Refusal {
  if (now < record.deadline_at) return "not_due";
  if (record.state === "canceling") return end(record, "canceled", now);
  const detail = "The job did not end within the time that it was given.";
  return end({ ...record, error: { code: "deadline_passed", detail } }, "failed", now);
}

/** What time makes of a job that has ended. */
export function expire(record: JobRecord, now: number): JobRecord | Refusal {
  if (!isEnded(record.state) || (record.root !== undefined && record.closed_at === null)) return "nothing_to_do";
  if (record.state === "expired" || record.state === "deleted") return "ended";
  return now < record.expires_at! ? "not_due" : tombstone(record, "expired", now);
}

/** The record of a job that has come to its end, in this state. */
export function end(record: JobRecord, state: "succeeded" | "failed" | "canceled", now: number): JobRecord {
  const expires = record.root === undefined ? now + resultLifeMs(record) : null;
  const webhook = record.webhook ? { webhook: dueWebhook(record.webhook, state, now) } : {};
  const ended = { state, ended_at: now, expires_at: expires, ...webhook };
  return { ...withoutSecrets(release(record, now, record.error)), ...ended };
}
