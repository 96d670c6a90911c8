/**
 * How the charge of a record changes; the states are in `charge.ts`, and what a session makes of them in `settle.ts`.
 *
 * | who | change | when |
 * | --- | --- | --- |
 * | API | checkout | nothing is paid and no session is open: notes a session before it is asked for, and lets the result live until after it |
 * | API | session | the provider's name of the session that was noted |
 * | API, sweeper | lost | the provider did not answer when the session that was noted was asked for: nothing comes of it |
 * | API, sweeper | settle | a session was looked at |
 * | API | supply | the clean file is handed out for the first time |
 * | API | refund | paid; nothing was handed out, or the buyer never gave up the right of withdrawal |
 *
 * A result that is deleted or expires takes its charge along (`afterFiles`): what was paid for and never handed out is refunded.
 */
import { type Charge, MAX_SESSIONS } from "./charge.ts";
import type { Refusal } from "./endings.ts";
import type { JobRecord } from "./record.ts";
import { type SessionFacts, settle } from "./settle.ts";

/** How long a result is kept beyond the time in which its checkout can be paid: the news of it may be late. */
export const AFTER_SESSION_MS = 10 * 60_000;
/** Checkouts make a result live longer this often, and at most until so long after its end, ms. */
export const MAX_EXTENSIONS = 2;
export const MAX_UNPAID_LIFE_MS = 3 * 3_600_000;

export type ChargeChange =
  | { by: "api"; do: "checkout"; expiresAtMs: number }
  | { by: "api"; do: "session"; nth: number; id: string }
  | { by: "api" | "sweeper"; do: "lost"; nth: number }
  | { by: "api" | "sweeper"; do: "settle"; session: SessionFacts }
  | { by: "api"; do: "supply" }
  | { by: "api"; do: "refund" };

const NAMES = new Set<string>([
  "checkout",
  "session",
  "lost",
  "settle",
  "supply",
  "refund",
] satisfies ChargeChange["do"][]);

export function isChargeChange(change: { do: string }): change is ChargeChange {
  return NAMES.has(change.do);
}

export function changeCharge(record: JobRecord, change: ChargeChange, now: number): JobRecord | Refusal {
  const { charge } = record;
  if (!charge) return "nothing_to_do";
  if (change.do === "settle") {
    const settled = settle(record, change.session, now);
    return "record" in settled ? settled.record : "nothing_to_do";
  }
  if (record.state !== "succeeded" || now >= record.expires_at!) return "ended";
  switch (change.do) {
    case "checkout":
      return noted(record, charge, change.expiresAtMs, now);
    case "session": {
      const session = charge.sessions[change.nth];
      if (!session?.open || session.id !== null) return "nothing_to_do";
      return {
        ...record,
        charge: { ...charge, sessions: charge.sessions.with(change.nth, { ...session, id: change.id }) },
      };
    }
    case "lost":
      return lost(record, charge, change.nth);
    case "supply":
      if (charge.state !== "paid" || charge.supplied_at !== undefined) return "nothing_to_do";
      return { ...record, charge: { ...charge, supplied_at: now } };
    case "refund":
      return isRefundable(charge) ? { ...record, charge: { ...charge, state: "refunding" } } : "nothing_to_do";
  }
}

/** Whether a buyer who withdraws gets the money back without being asked why. */
export function isRefundable({ state, supplied_at, waiver_at }: Charge): boolean {
  return state === "paid" && (supplied_at === undefined || waiver_at === undefined);
}

/** What it had made the result live longer is granted again to the next. */
function lost(record: JobRecord, charge: Charge, nth: number): JobRecord | Refusal {
  const session = charge.sessions[nth];
  if (!session?.open || session.id !== null) return "nothing_to_do";
  const { extended: wasLonger, ...given } = session;
  const sessions = charge.sessions.with(nth, { ...given, open: false });
  const isLeft = sessions.some(({ open }) => open);
  const state = charge.state === "pending" && !isLeft ? "none" : charge.state;
  return { ...record, charge: { ...charge, extended: charge.extended - (wasLonger ? 1 : 0), sessions, state } };
}

/** A session whose name never became known gives way to the next. */
function noted(record: JobRecord, charge: Charge, expiresAtMs: number, now: number): JobRecord | Refusal {
  const isUnpaid = charge.state === "none" || charge.state === "pending";
  const isOpen = charge.sessions.some(({ open, id, expires_at }) => open && id !== null && expires_at > now);
  const known = charge.sessions.filter(({ id }) => id !== null);
  if (!isUnpaid || isOpen || known.length >= MAX_SESSIONS) return "nothing_to_do";
  const neededMs = expiresAtMs + AFTER_SESSION_MS;
  const isLonger = neededMs > record.expires_at!;
  const extended = charge.extended + (isLonger ? 1 : 0);
  if (extended > MAX_EXTENSIONS || neededMs > record.ended_at! + MAX_UNPAID_LIFE_MS) return "not_due";
  const fresh = { id: null, expires_at: expiresAtMs, open: true, ...(isLonger ? { extended: true as const } : {}) };
  const sessions = [...known, fresh];
  return {
    ...record,
    expires_at: Math.max(record.expires_at!, neededMs),
    charge: { ...charge, extended, sessions, state: "pending", waiver_at: now },
  };
}
