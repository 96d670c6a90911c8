/** The checkout sessions that a record knows of, and what a buyer is told who asks for what its payment does not allow. */
import { AppError } from "../errors.ts";
import { type Charge, lostSession } from "../job/charge.ts";
import { isRefundable } from "../job/charge-changes.ts";
import type { JobRecord } from "../job/record.ts";

export function openSessions({ charge }: JobRecord): string[] {
  return (charge?.sessions ?? []).flatMap(({ id, open }) => (open && id !== null ? [id] : []));
}

export function begunRefund({ charge }: JobRecord): string[] {
  return charge?.state === "refunding" && charge.session !== undefined ? [charge.session] : [];
}

/** Whether money may be on its way, or a checkout waits to be given up. */
export function isUnsettled(record: JobRecord, nowMs: number): boolean {
  const isLost = record.charge !== undefined && lostSession(record.charge, nowMs) >= 0;
  return isLost || [...begunRefund(record), ...openSessions(record)].length > 0;
}

/** Why no checkout can be begun. */
export function notOffered(record: JobRecord | null): AppError {
  const { charge, state } = record ?? {};
  if (!record || state === "deleted" || state === "expired")
    return new AppError("gone", "The files of this job are gone.");
  if (!charge) return new AppError("conflict", "This job is free: its files can be fetched as they are.");
  if (state !== "succeeded") return new AppError("not_ready", `There is nothing to pay for yet: the job is ${state}.`);
  if (charge.state !== "none" && charge.state !== "pending")
    return new AppError("conflict", `The payment of this job is ${charge.state}; no other can be begun.`);
  return new AppError("conflict", "Too many payments of this job were begun, or it ends too soon; create it again.");
}

/** Why nothing is given back. */
export function notWithdrawn(charge: Charge | undefined): AppError {
  if (charge && charge.state === "paid" && !isRefundable(charge)) {
    const why = "The file was handed out after you had asked for that at once and given up the right of withdrawal.";
    return new AppError("conflict", `${why} Write to the operator of this server if something is wrong with it.`);
  }
  return new AppError(
    "conflict",
    `There is no payment to be withdrawn from: it is ${charge?.state ?? "not for sale"}.`,
  );
}
