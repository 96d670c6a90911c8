/** A payment provider that does not answer: nobody pays for nothing, nothing stays pending, and the buyer is told what to do. */
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ask, checkout, deliverAll, openShop, recordOf, type Shop, sold } from "../../../test/support/payments.ts";

const MINUTE = 60_000;
let shop: Shop;
beforeEach(async () => {
  shop = await openShop(undefined, 1000);
});
afterEach(() => shop.close());

const sweep = () => sweepOnce({ ...shop.api.deps, payments: shop.till });
const chargeOf = async ({ id }: { id: string }) =>
  (await ask(shop, "GET", `/v1/jobs/${id}`)).body.charge as unknown as { state: string; notice?: string };

it.each(["silent", "mute"] as const)(
  "that is %s when a page is asked for: an error, and the next try begins again",
  async (how) => {
    const job = await sold(shop);
    shop.stripe.failures.push(how, how, how);
    const refused = await ask(shop, "POST", `/v1/jobs/${job.id}/checkout`, { waiver: true });
    expect(refused).toMatchObject({ status: 503, body: { code: "payment_unavailable", retryable: true } });
    expect(refused.body.detail).toMatch(/try again in a few minutes/);
    const { state, notice } = await chargeOf(job);
    expect(state).toBe("none");
    expect(notice).toMatch(/Nothing was paid: begin again with POST \/v1\/jobs\/[0-9a-f]+\/checkout/);
    shop.stripe.pay(await checkout(shop, job));
    await deliverAll(shop);
    expect(await chargeOf(job)).toEqual(expect.objectContaining({ state: "paid" }));
    expect(await chargeOf(job)).not.toHaveProperty("notice");
  },
  30_000,
);

it("any number of pages that never came leaves three that can", async () => {
  const job = await sold(shop);
  await shop.api.clock.advance(40 * MINUTE);
  for (let tries = 0; tries < 5; tries++) {
    shop.stripe.failures.push(400);
    expect((await ask(shop, "POST", `/v1/jobs/${job.id}/checkout`, { waiver: true })).status).toBe(503);
    await shop.api.clock.advance(1000);
  }
  shop.stripe.expire(await checkout(shop, job));
  await checkout(shop, job);
});

it("a process that died while it asked for a page: the sweeper gives the page up after five minutes", async () => {
  const job = await sold(shop);
  const { owner, id } = job;
  const stored = (await shop.api.deps.records.get(owner, id))!;
  const expires_at = shop.api.clock.now() + 35 * MINUTE;
  const charge = { ...job.charge!, state: "pending" as const, sessions: [{ id: null, expires_at, open: true }] };
  await shop.api.deps.records.replace({ ...job, charge, rev: job.rev + 1, write: "x" }, stored.etag);
  await shop.api.deps.records.timers.arm({ owner, id, atMs: shop.api.clock.now() + 5 * MINUTE });
  await shop.api.clock.advance(4 * MINUTE);
  await sweep();
  expect((await chargeOf(job)).state).toBe("pending");
  await shop.api.clock.advance(2 * MINUTE);
  await sweep();
  const { state, notice } = await chargeOf(job);
  expect(state).toBe("none");
  expect(notice).toMatch(/Nothing was paid/);
});

it("a checkout arms the timer by which the sweeper comes, and comes again when the page has closed", async () => {
  const job = await sold(shop);
  shop.stripe.expire(await checkout(shop, job));
  // nobody hears of it
  shop.stripe.take();
  await shop.api.clock.advance(6 * MINUTE);
  await sweep();
  expect((await chargeOf(job)).state).toBe("pending");
  await shop.api.clock.advance(30 * MINUTE);
  await sweep();
  expect((await chargeOf(job)).state).toBe("none");
});

it("a page that has closed while the provider is down: the buyer is told to wait, and what was paid opens the file", async () => {
  const job = await sold(shop);
  shop.stripe.pay(await checkout(shop, job));
  shop.stripe.take();
  await shop.api.clock.advance(6 * MINUTE);
  shop.stripe.failures.push(500, 500, 500);
  await shop.api.clock.advance(30 * MINUTE);
  await sweep();
  const { state, notice } = await chargeOf(job);
  expect(state).toBe("pending");
  expect(notice).toMatch(/do not pay twice/);
  await shop.api.clock.advance(2 * MINUTE);
  await sweep();
  expect((await recordOf(shop, job)).charge!.state).toBe("paid");
}, 30_000);

it("a refund that the bank refuses is told in the books, and not tried for ever", async () => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  await deliverAll(shop);
  expect((await ask(shop, "POST", `/v1/jobs/${job.id}/withdrawal`, { confirm: true })).status).toBe(200);
  shop.stripe.failRefund(session);
  await deliverAll(shop);
  expect(shop.stripe.refunds).toEqual([session]);
  expect(await shop.api.stored()).toContain(`payments/${session}/wrong.json`);
  expect((await recordOf(shop, job)).charge!.state).toBe("refunded");
});
