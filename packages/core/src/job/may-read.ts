/** The one rule of who gets the bytes of a finished file. Every link that is made and every file that is sent goes through it. */
import { AppError } from "../errors.ts";
import { isPaid } from "./charge.ts";
import type { JobOutput, JobRecord } from "./record.ts";

/** What outputs say of themselves: anybody who may see the job gets an open one; a paid one only while its payment stands. */
export const OPEN = "open";
export const PAID = "paid";
/** The output that stands in for a paid one: small, and with a visible mark. */
export const PREVIEW = "preview";

/**
 * Whether the output `name` may be read now by a caller who owns `owner`'s jobs. An `access` that is not known opens to nobody, and so does
 * one that is missing where the job has a charge.
 */
export function mayRead(record: JobRecord, name: string, owner: string, nowMs: number): boolean {
  const output = ownOutput(record, name);
  if (!output || owner !== record.owner || isOver(record, nowMs)) return false;
  const { access = record.charge === undefined ? OPEN : undefined } = output;
  return access === OPEN || (access === PAID && isPaid(record.charge));
}

/** The output, if it may be read. Throws `not_found`, `gone` or `payment_required`. */
export function readableOutput(record: JobRecord, name: string, owner: string, nowMs: number): JobOutput {
  const output = ownOutput(record, name);
  if (!output || owner !== record.owner) throw new AppError("not_found", "The job has no output of this name.");
  if (mayRead(record, name, owner, nowMs)) return output;
  if (isOver(record, nowMs)) throw new AppError("gone", "The files of this job are gone.");
  throw new AppError("payment_required", lockedSentence(record));
}

/** Names of the outputs that may be read now, in the record's order. */
export function readableNames(record: JobRecord, owner: string, nowMs: number): string[] {
  return Object.keys(record.outputs).filter((name) => mayRead(record, name, owner, nowMs));
}

/**
 * Whether the file is paid for and nobody has had it yet. A view of the job then gives no link to it, which would end the buyer's right of
 * withdrawal unasked, but the address that hands it out.
 */
export function isStillToHandOut({ outputs, charge }: JobRecord, name: string): boolean {
  return outputs[name]?.access === PAID && charge?.supplied_at === undefined;
}

/** What clients that know nothing of payments are given when they ask for `name`: the preview while it may not be read. */
export function shownName(record: JobRecord, name: string, nowMs: number): string {
  const locked = !mayRead(record, name, record.owner, nowMs) && mayRead(record, PREVIEW, record.owner, nowMs);
  return locked ? PREVIEW : name;
}

function ownOutput({ outputs }: JobRecord, name: string): JobOutput | undefined {
  return Object.hasOwn(outputs, name) ? outputs[name] : undefined;
}

function isOver({ state, expires_at }: JobRecord, nowMs: number): boolean {
  return state === "expired" || state === "deleted" || (expires_at !== null && nowMs >= expires_at);
}

function lockedSentence({ id, charge }: JobRecord): string {
  const state = charge?.state;
  if (state === "refunding" || state === "refunded") return "This file was refunded and is closed; its preview stays.";
  if (state === "disputed") return "The payment of this file is disputed, so the file is closed; its preview stays.";
  return `This file has to be paid for first: POST /v1/jobs/${id}/checkout gives the address of the payment page. The preview is free.`;
}
