/** What a buyer is told where a checkout came to nothing, or where the provider does not say what became of it. */
import type { JobRecord } from "./record.ts";

/** A sentence that says what to do; null where there is nothing to tell. */
export function chargeNotice({ id, state, charge }: JobRecord, nowMs: number): string | null {
  const last = charge?.sessions.at(-1);
  if (!charge || !last) return null;
  if (charge.state === "none" && last.id === null && !last.open) {
    return `The payment service did not answer when the payment page was asked for. Nothing was paid: begin again with POST /v1/jobs/${id}/checkout.`;
  }
  if (charge.state !== "pending") return null;
  if (state !== "succeeded")
    return "The result went before the payment service said whether it was paid. Whatever was paid is given back in full once it answers.";
  const isLate = charge.sessions.every((each) => !each.open || each.expires_at <= nowMs);
  if (!isLate) return null;
  return "The payment page has closed, and the payment service has not said yet whether it was paid. It is asked again every minute: look at the job again later, and do not pay twice.";
}
