/** Signatures both ways: what the double signs the library takes, and what the library signs is what the double would. */
import Stripe from "stripe";
import { expect, test } from "vitest";
import { signedEvent } from "../../../../test/support/stripe-double.ts";
import { stripeProvider } from "./stripe.ts";

const SECRET = "whsec_0123456789abcdefghij";
const AT = Date.parse("2026-11-30T12:00:00Z");
const event = { id: "evt_1", type: "checkout.session.completed", data: { object: { id: "cs_test_1" } } };
const provider = stripeProvider({ key: "sk_test_1", secrets: [SECRET], url: "http://127.0.0.1:9", product: "x" });

test("the double signs as the library does", async () => {
  const { body, signature } = signedEvent(event, { atMs: AT, secret: SECRET });
  const stripe = new Stripe("sk_test_1");
  const options = { payload: body, secret: SECRET, timestamp: AT / 1000 };
  const theirs = await stripe.webhooks.generateTestHeaderStringAsync(options as never);
  expect(signature.split(",").slice(0, 2).join()).toBe(theirs);
  const hint = { event: "evt_1", type: event.type, session: "cs_test_1" };
  expect(await provider.verify(Buffer.from(body), signature, AT)).toEqual(hint);
  expect(await provider.verify(Buffer.from(body), theirs, AT)).toEqual(hint);
});

test("events about a payment name it, others are nothing", async () => {
  const heard = (type: string, object: object) => {
    const { body, signature } = signedEvent({ id: "evt_2", type, data: { object } }, { atMs: AT, secret: SECRET });
    return provider.verify(Buffer.from(body), signature, AT);
  };
  expect(await heard("charge.refunded", { id: "ch", payment_intent: "pi_1" })).toMatchObject({ payment: "pi_1" });
  expect(await heard("charge.dispute.closed", { payment_intent: { id: "pi_2" } })).toMatchObject({ payment: "pi_2" });
  expect(await heard("charge.refunded", { id: "ch", payment_intent: null })).toBeNull();
  expect(await heard("invoice.paid", { id: "in_1" })).toBeNull();
});

test("a stamp may be five minutes off, before and after", async () => {
  for (const [offS, taken] of [
    [-300, true],
    [300, true],
    [-302, false],
    [302, false],
  ] as const) {
    const { body, signature } = signedEvent(event, { atMs: AT - offS * 1000, secret: SECRET });
    const verified = provider.verify(Buffer.from(body), signature, AT);
    if (taken) expect(await verified).not.toBeNull();
    else await expect(verified).rejects.toMatchObject({ code: "bad_signature" });
  }
});

test("a provider that is not there is `payment_unavailable`", async () => {
  await expect(provider.session("cs_test_1")).rejects.toMatchObject({ code: "payment_unavailable" });
}, 60_000);
