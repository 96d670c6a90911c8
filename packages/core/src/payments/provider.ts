/** The port to who takes the money: a page of theirs is opened, and whatever is heard of it later is asked again there. */
import type { Quote } from "../job/charge.ts";
import type { SessionFacts } from "../job/settle.ts";

/** Asking for one with the same job and end again gives the same session. `ownerHash`: no name. */
export type OpenSession = {
  job: string;
  ownerHash: string;
  quote: Quote;
  expiresAtMs: number;
  /** Where the buyer comes back to; `{CHECKOUT_SESSION_ID}` is replaced by the session's name. */
  successUrl: string;
  cancelUrl: string;
};

/** What an event is about: a session, or a payment whose session is to be looked for. */
export type PaymentHint = { event: string; type: string } & ({ session: string } | { payment: string });

/**
 * Errors of all methods: `payment_unavailable` where the provider does not answer or refuses. Only `verify` takes what a stranger sent:
 * it throws `bad_signature`, and answers null for events that mean nothing here.
 */
export interface PaymentProvider {
  name: string;
  open(session: OpenSession): Promise<{ id: string; url: string }>;
  /** As it is now. `url`: of its page, while it is open. Null where there is none with this name. */
  session(id: string): Promise<(SessionFacts & { url: string | null }) | null>;
  /** After this it cannot be paid. False where it could not be ended: it is complete, or has expired. */
  expire(id: string): Promise<boolean>;
  /** Gives all of it back, once, however often it is asked. */
  refund(session: { id: string; payment: string }): Promise<void>;
  sessionOf(payment: string): Promise<string | null>;
  verify(body: Uint8Array, signature: string | null, nowMs: number): Promise<PaymentHint | null>;
}
