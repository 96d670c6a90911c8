/**
 * What a job costs, and how far its payment is; part of the record. A job without a charge is free, and all of its outputs are open.
 *
 *     none ──checkout──▶ pending ──paid──▶ paid ──withdraw──▶ refunding ──▶ refunded
 *      ▲                    │               │  └──────────dispute───────▶ disputed
 *      └──no session open───┘               └──refund at the provider──▶ refunded
 *
 * Only `paid` opens the clean file. Nothing leads back from `refunding`, `refunded` or `disputed`.
 */
import { z } from "zod";

/** Checkouts of one job, at most; one whose name never became known gives way to the next. */
export const MAX_SESSIONS = 3;

const time = z.int().min(0).max(8.64e15);

/** `amount`: in the currency's smallest unit, tax included. `currency`: ISO 4217, lower case. `version`: of the operator's price list. */
export const quoteSchema = z.strictObject({
  amount: z.int().min(1).max(99_999_999),
  currency: z.string().regex(/^[a-z]{3}$/),
  version: z.string().min(1).max(40),
});
export type Quote = z.infer<typeof quoteSchema>;

/** A checkout page at the provider. */
const sessionSchema = z.strictObject({
  /** Null from before it is asked for until the provider's reply is known. */
  id: z.string().max(200).nullable(),
  expires_at: time,
  /** False once it cannot be paid any more, or was; or once it is given up, because its name never became known. */
  open: z.boolean(),
  /** Whether it made the result live longer. */
  extended: z.literal(true).optional(),
});

export const chargeSchema = z.strictObject({
  provider: z.string().max(40),
  quote: quoteSchema,
  state: z.enum(["none", "pending", "paid", "refunding", "refunded", "disputed"]),
  /** How long the result lives once it is paid, ms. */
  paid_life_ms: z.int().min(0),
  /** How often a checkout has made the result live longer. */
  extended: z.int().min(0),
  sessions: z.array(sessionSchema).max(MAX_SESSIONS),
  /** The session that was paid, and the provider's name of the payment. */
  session: z.string().max(200).optional(),
  payment: z.string().max(200).optional(),
  paid_at: time.optional(),
  /** When the buyer asked for immediate supply, and acknowledged that this ends the right of withdrawal. */
  waiver_at: time.optional(),
  /** When the clean file was first handed out. */
  supplied_at: time.optional(),
});
export type Charge = z.infer<typeof chargeSchema>;

type Session = Charge["sessions"][number];

/** The provider asks for at least 30 minutes; five more so that a request that died can be made again. */
export const SESSION_MS = 35 * 60_000;
/** How long the same session is asked for again, ms, when it is not known whether the provider heard of it. */
export const RESUME_MS = 5 * 60_000;

/** Number of a session that was noted, and whose name nobody will learn any more; -1 where there is none. */
export function lostSession({ sessions }: Charge, nowMs: number): number {
  return sessions.findIndex((each) => each.id === null && each.open && nowMs >= resumableUntil(each));
}

export function resumableUntil({ expires_at }: Session): number {
  return expires_at - SESSION_MS + RESUME_MS;
}

/** When the sweeper has to ask what became of a checkout, whatever was heard; null where none is open. */
export function checkoutDueMs(charge: Charge | undefined): number | null {
  const open = (charge?.sessions ?? []).filter((each) => each.open);
  if (open.length === 0) return null;
  return Math.min(...open.map((each) => (each.id === null ? resumableUntil(each) : each.expires_at)));
}

export function newCharge(provider: string, quote: Quote, paidLifeMs: number): Charge {
  return { provider, quote, state: "none", paid_life_ms: paidLifeMs, extended: 0, sessions: [] };
}

/** Whether the clean file was paid for and the payment stands. False for whatever is not a whole charge. */
export function isPaid(charge: unknown): boolean {
  const { data } = chargeSchema.safeParse(charge);
  return data?.state === "paid" && [data.session, data.payment, data.paid_at].every((each) => each !== undefined);
}

/** What a charge is once the files are gone: who paid and was never given the file gets the money back. */
export function afterFiles(charge: Charge): Charge {
  const isOwed = charge.state === "paid" && charge.supplied_at === undefined;
  return isOwed ? { ...charge, state: "refunding" } : charge;
}
