/**
 * What a checkout session at the payment provider makes of a job. Events and return pages are hints that a session is worth looking at:
 * whatever called, the session was just fetched from the provider, and this decides. Pure.
 */
import type { Charge } from "./charge.ts";
import type { JobRecord } from "./record.ts";

/** A checkout session as the provider has it now. Amounts are in the currency's smallest unit, times ms since 1970. */
export type SessionFacts = {
  id: string;
  mode: string;
  /** `open`, `complete` or `expired`. */
  status: string;
  /** `paid`; `unpaid` also for methods that pay later; `no_payment_required` where a coupon made it free. */
  payment_status: string;
  /** Whether it is about real money, and whether our key is. */
  live: boolean;
  live_key: boolean;
  currency: string | null;
  subtotal: number | null;
  total: number | null;
  /** The job that it was opened for, in each of the two places that say so. */
  reference: string | null;
  job: string | null;
  payment: string | null;
  /** Whether money went back, in part or whole. */
  refunded: boolean;
  disputed: boolean;
};

/** `refund`, `nothing`: why. `wrong`: the session is paid, but not as was agreed, so that a person has to look at it. */
export type Settled = { record: JobRecord } | { refund: string } | { nothing: string; wrong?: true };

/** `record`: null where it is gone. The caller knows that the session was opened here. */
export function settle(record: JobRecord | null, session: SessionFacts, now: number): Settled {
  if (session.payment_status === "no_payment_required") return wrong("nothing was paid");
  if (session.status !== "complete" || session.payment_status !== "paid") return unpaid(record, session);
  const { charge } = record ?? {};
  const isGone = record?.state !== "succeeded";
  if (record && isGone && charge?.session === session.id) {
    if (charge.state !== "refunding") return { nothing: "its time is over" };
    if (session.refunded) return withState(record, charge, "refunded");
    // the bank has taken the money back already
    return session.disputed ? withState(record, charge, "disputed") : { nothing: "its refund is due" };
  }
  if (isGone || !charge) return refund(session, "the job is gone");
  const fault = faultOf(record, charge, session);
  if (fault) return wrong(fault);
  if (!charge.sessions.some(({ id }) => id === session.id)) return refund(session, "the job does not know the session");
  if (charge.session !== undefined && charge.session !== session.id) return refund(session, "it was paid twice");
  return { ...paid(record, charge, session, now) };
}

/** Why the session is not the one that was agreed; null if it is. */
function faultOf({ id }: JobRecord, { quote }: Charge, session: SessionFacts): string | null {
  if (session.mode !== "payment") return `its mode is ${session.mode}`;
  if (session.live !== session.live_key) return "it is of the other mode, test or live";
  if (session.currency !== quote.currency) return `its currency is ${session.currency}, not ${quote.currency}`;
  if (session.subtotal !== quote.amount) return `its amount is ${session.subtotal}, not ${quote.amount}`;
  if (session.total !== quote.amount) return `its total is ${session.total}, not ${quote.amount}`;
  if (session.reference !== id || session.job !== id) return "it is that of another job";
  return session.payment === null ? "it names no payment" : null;
}

function paid(record: JobRecord, charge: Charge, session: SessionFacts, now: number): Settled {
  if (session.refunded) return withState(record, charge, "refunded");
  if (session.disputed) return charge.state === "refunded" ? nothing : withState(record, charge, "disputed");
  if (charge.state !== "none" && charge.state !== "pending") return nothing;
  const sessions = charge.sessions.map((each) => (each.id === session.id ? { ...each, open: false } : each));
  const bought = { session: session.id, payment: session.payment!, paid_at: now };
  const expires_at = Math.max(record.expires_at ?? 0, now + charge.paid_life_ms);
  return { record: { ...record, expires_at, charge: { ...charge, ...bought, sessions, state: "paid" } } };
}

/** A session that can't be paid any more makes room for the next. */
function unpaid(record: JobRecord | null, session: SessionFacts): Settled {
  const { charge } = record ?? {};
  const open = charge?.sessions.some(({ id, open }) => id === session.id && open);
  if (record?.state !== "succeeded" || !charge || session.status !== "expired" || !open)
    return { nothing: "it is not paid" };
  const sessions = charge.sessions.map((each) => (each.id === session.id ? { ...each, open: false } : each));
  const left = sessions.some(({ open }) => open);
  const state = charge.state === "pending" && !left ? "none" : charge.state;
  return { record: { ...record, charge: { ...charge, sessions, state } } };
}

const nothing: Settled = { nothing: "it is known" };

function withState(record: JobRecord, charge: Charge, state: Charge["state"]): Settled {
  return charge.state === state ? nothing : { record: { ...record, charge: { ...charge, state } } };
}

function wrong(why: string): Settled {
  return { nothing: why, wrong: true };
}

function refund({ refunded, disputed }: SessionFacts, why: string): Settled {
  if (refunded) return { nothing: "it was refunded" };
  // the bank has taken the money back already
  return disputed ? { nothing: "it is disputed" } : { refund: why };
}
