/**
 * Payments by Stripe's hosted Checkout (API 2026-10-28). Its package takes 80 MB of memory, so this file is loaded only where payments are
 * configured. The key needs: Checkout Sessions write, Refunds write, PaymentIntents and Charges read.
 */
import Stripe from "stripe";
import { AppError } from "../errors.ts";
import type { Quote } from "../job/charge.ts";
import type { SessionFacts } from "../job/settle.ts";
import type { OpenSession, PaymentHint, PaymentProvider } from "./provider.ts";

/** How far an event's stamp may be from now, seconds; the library looks at old ones alone. */
const TOLERANCE_S = 300;
const TIMEOUT_MS = 20_000;
/** Methods that pay at once: a file that lives for a day can't wait for a bank transfer. */
const METHODS = ["card", "link"] as const;

/** Events about a session, which they hold; and those about a payment, which they name. */
const OF_SESSION = new Set([
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.async_payment_failed",
  "checkout.session.expired",
]);
const OF_PAYMENT = new Set([
  "charge.refunded",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.closed",
  "radar.early_fraud_warning.created",
]);

/** `secrets`: of the webhook, the newest first. `url`: of Stripe, or of a server that speaks as it does. */
export type StripeOptions = {
  key: string;
  secrets: readonly string[];
  url: string;
  product: string;
  /** How long one request may take, ms; it is made three times. */
  timeoutMs?: number;
};

export function stripeProvider({ key, secrets, url, product, timeoutMs = TIMEOUT_MS }: StripeOptions): PaymentProvider {
  const { protocol, hostname, port } = new URL(url);
  const stripe = new Stripe(key, {
    ...{ host: hostname, port: port === "" ? (protocol === "http:" ? 80 : 443) : Number(port) },
    protocol: protocol === "http:" ? "http" : "https",
    ...{ maxNetworkRetries: 2, timeout: timeoutMs, telemetry: false },
  });
  const live_key = /^[sr]k_live_/.test(key);
  return {
    name: "stripe",
    async open(asked) {
      const options = { idempotencyKey: `checkout-${asked.job}-${asked.expiresAtMs}` };
      const { id, url: page } = await told(stripe.checkout.sessions.create(paramsOf(asked, product), options));
      if (!page) throw new AppError("payment_unavailable", "The payment service made no page for this.");
      return { id, url: page };
    },
    async session(id) {
      const expand = ["payment_intent.latest_charge"];
      const found = await told(stripe.checkout.sessions.retrieve(id, { expand })).catch(ifMissing);
      return found && { ...factsOf(found), live_key, url: found.url };
    },
    async expire(id) {
      try {
        await stripe.checkout.sessions.expire(id);
        return true;
      } catch (error) {
        if (error instanceof Stripe.errors.StripeInvalidRequestError) return false;
        throw unavailable(error);
      }
    },
    async refund({ id, payment }) {
      try {
        // under no key of ours: for a day Stripe answers the same to a key, also an error of its own
        await stripe.refunds.create({ payment_intent: payment, metadata: { session: id } });
      } catch (error) {
        // it gives nothing back twice
        if (error instanceof Stripe.errors.StripeError && error.code === "charge_already_refunded") return;
        throw unavailable(error);
      }
    },
    async sessionOf(payment) {
      const { data } = await told(stripe.checkout.sessions.list({ payment_intent: payment, limit: 1 }));
      return data[0]?.id ?? null;
    },
    verify: (body, signature, nowMs) => verified(stripe, secrets, { body, signature, nowMs }),
  };
}

function paramsOf(
  { job, ownerHash, quote, expiresAtMs, successUrl, cancelUrl }: OpenSession,
  product: string,
): Stripe.Checkout.SessionCreateParams {
  const metadata = { job, owner: ownerHash, price_version: quote.version };
  return {
    mode: "payment",
    line_items: [{ quantity: 1, price_data: priceOf(quote, product) }],
    client_reference_id: job,
    metadata,
    // refunds and disputes name the payment alone
    payment_intent_data: { metadata },
    allowed_payment_method_types: [...METHODS],
    consent_collection: { terms_of_service: "required" },
    expires_at: expiresAtMs / 1000,
    ...{ success_url: successUrl, cancel_url: cancelUrl },
  };
}

function priceOf({ amount, currency }: Quote, name: string) {
  return { currency, unit_amount: amount, tax_behavior: "inclusive" as const, product_data: { name } };
}

function factsOf(session: Stripe.Checkout.Session): Omit<SessionFacts, "live_key"> {
  const { payment_intent: intent, status, currency } = session;
  const charge = typeof intent === "object" && intent !== null ? intent.latest_charge : null;
  const known = typeof charge === "object" && charge !== null ? charge : null;
  return {
    ...{ id: session.id, mode: session.mode, status: status ?? "open", payment_status: session.payment_status },
    ...{ live: session.livemode, currency, subtotal: session.amount_subtotal, total: session.amount_total },
    ...{ reference: session.client_reference_id, job: session.metadata?.job ?? null },
    payment: typeof intent === "string" ? intent : (intent?.id ?? null),
    refunded: known !== null && (known.refunded || known.amount_refunded > 0),
    disputed: known?.disputed ?? false,
  };
}

type Sent = { body: Uint8Array; signature: string | null; nowMs: number };

async function verified(stripe: Stripe, secrets: readonly string[], sent: Sent): Promise<PaymentHint | null> {
  const { body, signature, nowMs } = sent;
  const stampedS = Number(/(?:^|,)t=(\d+)/.exec(signature ?? "")?.[1]);
  if (signature === null || Number.isNaN(stampedS)) throw unsigned("has no signature");
  if (stampedS > nowMs / 1000 + TOLERANCE_S) throw unsigned("is stamped in the future");
  for (const secret of secrets) {
    const event = await stripe.webhooks
      .constructEventAsync(Buffer.from(body), signature, secret, TOLERANCE_S, undefined, nowMs)
      .catch((error: unknown) => {
        if (error instanceof Stripe.errors.StripeSignatureVerificationError || error instanceof SyntaxError)
          return null;
        throw error;
      });
    if (event) return hintOf(event);
  }
  throw unsigned("was not signed with this webhook's secret, or is too old");
}

function hintOf(event: Stripe.Event): PaymentHint | null {
  const object = event.data.object as { id?: string; payment_intent?: string | { id: string } | null };
  const { payment_intent: intent } = object;
  const about = { event: event.id, type: event.type };
  if (OF_SESSION.has(event.type) && object.id) return { ...about, session: object.id };
  const payment = typeof intent === "string" ? intent : intent?.id;
  return OF_PAYMENT.has(event.type) && payment ? { ...about, payment } : null;
}

function unsigned(what: string): AppError {
  return new AppError("bad_signature", `This event ${what}.`);
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw unavailable(error);
  }
}

function ifMissing(error: unknown): null {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Stripe.errors.StripeInvalidRequestError && cause.code === "resource_missing") return null;
  throw error;
}

function unavailable(error: unknown): AppError {
  const { StripeAuthenticationError, StripePermissionError, StripeInvalidRequestError } = Stripe.errors;
  const isRefused = [StripeAuthenticationError, StripePermissionError, StripeInvalidRequestError].some(
    (refusal) => error instanceof refusal,
  );
  const detail = isRefused
    ? "The payment service refused what this server asked for, so nothing was done. The operator finds the reason in the log: see STRIPE_KEY and PRICE."
    : "The payment service does not answer, so nothing was done; try again in a few minutes.";
  return new AppError("payment_unavailable", detail, { cause: error });
}
