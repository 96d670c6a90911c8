/** An API that sells, with the provider's double beside it. */
import { ownerOfToken } from "@smileloop/core/api-keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Till } from "@smileloop/core/jobs/jobs.ts";
import { createPayments } from "@smileloop/core/payments/payments.ts";
import { stripeProvider } from "@smileloop/core/payments/stripe.ts";
import { type TestApi, testApi } from "./api.ts";
import { QUOTE, type Sold, sell } from "./sold.ts";
import { STRIPE_KEY, STRIPE_SECRET, type StripeDouble, stripeDouble } from "./stripe-double.ts";

export const DAY_MS = 24 * 3_600_000;
export const VIDEO: Sold = { kind: "animate", output: "video", type: "video/mp4" };

export type Shop = { api: TestApi; stripe: StripeDouble; till: Till; close(): Promise<void> };

/** `timeoutMs`: how long the provider is waited for. */
export async function openShop(isExempt: (owner: string) => boolean = () => false, timeoutMs?: number): Promise<Shop> {
  const api = testApi({ access: { keys: new Map(), anonymous: true } });
  const stripe = await stripeDouble({ nowMs: () => api.clock.now() });
  const provider = stripeProvider({
    ...{ key: STRIPE_KEY, secrets: [STRIPE_SECRET, "whsec_former_secret_of_it"], url: stripe.url, product: "Video" },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const payments = createPayments({ provider, store: api.deps, quote: QUOTE, paidLifeMs: DAY_MS, isExempt });
  // the app has these very deps
  Object.assign(api.deps, { payments });
  const selling = testApi(api.deps.config, api.deps);
  return { api: { ...selling, clock: api.clock }, stripe, till: payments, close: () => stripe.close() };
}

const TOKEN = "buyer_0123456789abcdefghijklmnopqrstuv";
export const BUYER = { "X-Anonymous-Token": TOKEN };

type Answer = { status: number; body: Record<string, never> & Record<string, unknown> };

export async function ask({ api }: Shop, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { ...BUYER, ...(body ? { "Content-Type": "application/json" } : {}) };
  const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
  const reply = await api.app.fetch(new Request(`http://localhost${path}`, init));
  const text = await reply.text();
  const json = text.startsWith("{") ? JSON.parse(text) : { text };
  return { status: reply.status, body: json };
}

/** A finished job of the buyer's. */
export function sold(shop: Shop, more: Partial<JobRecord> = {}): Promise<JobRecord> {
  return sell(shop.api, VIDEO, { owner: OWNER, ...more });
}

/** Begins a payment; the session's name. */
export async function checkout(shop: Shop, { id }: Pick<JobRecord, "id">): Promise<string> {
  const { status, body } = await ask(shop, "POST", `/v1/jobs/${id}/checkout`, { waiver: true });
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return String(body.url).split("/").at(-1)!;
}

/** Sends an event as the provider does. */
export async function deliver({ api, stripe }: Shop, event: object, options: { atMs?: number; secret?: string } = {}) {
  const { body, signature } = stripe.signed(event, options);
  const headers = { "Stripe-Signature": signature, "Content-Type": "application/json" };
  const init = { method: "POST", headers, body };
  const reply = await api.app.fetch(new Request("http://localhost/v1/payments/events", init));
  return { status: reply.status, text: await reply.text() };
}

/** All that were not sent yet. */
export async function deliverAll(shop: Shop): Promise<void> {
  for (const event of shop.stripe.take()) {
    const { status, text } = await deliver(shop, event);
    if (status !== 204) throw new Error(`${status} ${text}`);
  }
}

export async function recordOf({ api }: Shop, { owner, id }: Pick<JobRecord, "owner" | "id">): Promise<JobRecord> {
  return (await api.deps.records.get(owner, id))!.record;
}

export const OWNER = ownerOfToken(TOKEN)!;
