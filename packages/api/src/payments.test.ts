/** The sale of a clean file, through the provider's own library against its double, as a buyer sees it. */
import { newId } from "@smileloop/core/job/ids.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { jpegBytes } from "../../../test/support/api.ts";
import {
  ask,
  checkout,
  DAY_MS,
  deliver,
  deliverAll,
  openShop,
  recordOf,
  type Shop,
  sold,
} from "../../../test/support/payments.ts";
import { CLEAN, paid } from "../../../test/support/sold.ts";

const MINUTE = 60_000;
let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.close());

const clean = async ({ id }: { id: string }) => {
  const { status, body } = await ask(shop, "GET", `/v1/jobs/${id}/outputs/video`);
  return status === 200 && String(body.text).includes(CLEAN);
};
const ledger = async (session: string) =>
  (await shop.api.stored()).filter((key) => key.startsWith(`payments/${session}/`)).map((key) => key.split("/")[2]);
const sweep = () => sweepOnce({ ...shop.api.deps, payments: shop.till });

it("the audit has one line for a payment and one for what goes back, however often either is told", async () => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  const events = shop.stripe.take();
  for (const event of [...events, ...events]) await deliver(shop, event);
  const refund = { confirm: true };
  for (let twice = 0; twice < 2; twice++) await ask(shop, "POST", `/v1/jobs/${job.id}/withdrawal`, refund);
  await deliverAll(shop);
  expect((await recordOf(shop, job)).charge?.state).toBe("refunded");
  const lines: Record<string, unknown>[] = [];
  for await (const text of shop.api.deps.audit!.store.lines("trust")) lines.push(JSON.parse(text));
  const about = { job: job.id, amount: 499, currency: "eur" };
  expect(lines).toMatchObject([
    { kind: "paid", ...about },
    { kind: "refunded", ...about },
  ]);
  expect(JSON.stringify(lines)).not.toContain(job.owner);
});

it("a buyer pays, and has the clean file for a day", async () => {
  const job = await sold(shop);
  expect(await ask(shop, "GET", `/v1/jobs/${job.id}/outputs/video`)).toMatchObject({
    status: 402,
    body: { code: "payment_required" },
  });
  const session = await checkout(shop, job);
  expect(await clean(job)).toBe(false);
  shop.stripe.pay(session);
  await deliverAll(shop);
  expect(await clean(job)).toBe(true);
  const { charge, expires_at } = await recordOf(shop, job);
  expect(charge).toMatchObject({ state: "paid", session, paid_at: shop.api.clock.now() });
  expect(expires_at).toBe(shop.api.clock.now() + DAY_MS);
  const { body } = await ask(shop, "GET", `/v1/jobs/${job.id}`);
  expect(body).toMatchObject({ charge: { state: "paid", amount: 499, currency: "eur" }, outputs: { video: {} } });
  expect(await ledger(session)).toEqual(["opened.json", "paid.json"]);
});

it("a new job of a kind with a preview has a charge, the others are free or refused", async () => {
  const upload = await ask(shop, "POST", "/v1/uploads", { content_type: "image/jpeg", size: 2000 });
  const { url, id, headers } = upload.body as unknown as { url: string; id: string; headers: Record<string, string> };
  await shop.api.app.fetch(new Request(url, { method: "PUT", headers, body: Buffer.from(jpegBytes()) }));
  const asked = { kind: "animate", inputs: { image: { upload: id } }, params: { preset: "blink" } };
  const { body } = await ask(shop, "POST", "/v1/jobs", asked);
  expect(body.charge).toMatchObject({ state: "none", amount: 499, currency: "eur", price_version: "2026-11" });
});

it("checkout asks for the waiver, and tells what is wrong", async () => {
  const job = await sold(shop);
  const path = `/v1/jobs/${job.id}/checkout`;
  expect(await ask(shop, "POST", path, {})).toMatchObject({
    status: 422,
    body: { errors: [{ loc: ["body", "waiver"] }] },
  });
  const elsewhere = { waiver: true, return_url: "https://evil.example/" };
  expect(await ask(shop, "POST", path, elsewhere)).toMatchObject({
    status: 422,
    body: { errors: [{ loc: ["body", "return_url"] }] },
  });
  const free = await sold(shop, { charge: undefined as never });
  expect(await ask(shop, "POST", `/v1/jobs/${free.id}/checkout`, { waiver: true })).toMatchObject({ status: 409 });
  const bought = await sold(shop, { charge: paid() });
  expect(await ask(shop, "POST", `/v1/jobs/${bought.id}/checkout`, { waiver: true })).toMatchObject({ status: 409 });
  const missing = newId(shop.api.clock.now());
  expect(await ask(shop, "POST", `/v1/jobs/${missing}/checkout`, { waiver: true })).toMatchObject({ status: 404 });
  expect(shop.stripe.sessions.size).toBe(0);
});

it("the page that buyers come back to is told the session in its query, also where its address has a fragment", async () => {
  const job = await sold(shop);
  const asked = { waiver: true, return_url: "http://localhost/shop?a=1#/thanks" };
  expect(await ask(shop, "POST", `/v1/jobs/${job.id}/checkout`, asked)).toMatchObject({ status: 200 });
  const [session] = [...shop.stripe.sessions.values()];
  expect(session!.success_url).toBe(`http://localhost/shop?a=1&job=${job.id}&cs=${session!.id}#/thanks`);
});

it("asking again gives the same page while it is open, another once it is not, three at most", async () => {
  const job = await sold(shop);
  const first = await checkout(shop, job);
  expect(await checkout(shop, job)).toBe(first);
  shop.stripe.expire(first);
  const second = await checkout(shop, job);
  expect(second).not.toBe(first);
  shop.stripe.expire(second);
  shop.stripe.expire(await checkout(shop, job));
  expect(await ask(shop, "POST", `/v1/jobs/${job.id}/checkout`, { waiver: true })).toMatchObject({ status: 409 });
  expect(shop.stripe.sessions.size).toBe(3);
});

it("a page that is opened late lets the result live until after it, three hours at most", async () => {
  const job = await sold(shop);
  await shop.api.clock.advance(50 * MINUTE);
  const session = await checkout(shop, job);
  const { expires_at } = await recordOf(shop, job);
  expect(expires_at).toBe(shop.stripe.sessions.get(session)!.expires_at * 1000 + 10 * MINUTE);
  await shop.api.clock.advance(40 * MINUTE);
  await checkout(shop, job).then((again) => expect(again).not.toBe(session));
  await shop.api.clock.advance(44 * MINUTE);
  expect(await ask(shop, "POST", `/v1/jobs/${job.id}/checkout`, { waiver: true })).toMatchObject({ status: 409 });
  expect((await recordOf(shop, job)).expires_at! - job.ended_at!).toBeLessThanOrEqual(3 * 60 * MINUTE);
});

it("a lost event is made good by the return page, or by the sweeper before the result goes", async () => {
  const [back, away] = [await sold(shop), await sold(shop)];
  for (const job of [back, away]) shop.stripe.pay(await checkout(shop, job));
  shop.stripe.take();
  const session = (await recordOf(shop, back)).charge!.sessions[0]!.id!;
  const { body } = await ask(shop, "GET", `/v1/jobs/${back.id}?cs=${session}`);
  expect(body).toMatchObject({ charge: { state: "paid" } });
  expect(await clean(away)).toBe(false);
  await shop.api.deps.records.timers.arm({ owner: away.owner, id: away.id, atMs: away.expires_at! });
  await shop.api.clock.advance(61 * MINUTE);
  await sweep();
  expect(await clean(away)).toBe(true);
});

it("another session's name on the return page opens nothing", async () => {
  const [mine, other] = [await sold(shop), await sold(shop)];
  const session = await checkout(shop, other);
  shop.stripe.pay(session);
  shop.stripe.take();
  for (const cs of [session, "cs_test_nothing", "../x"]) {
    await ask(shop, "GET", `/v1/jobs/${mine.id}?cs=${encodeURIComponent(cs)}`);
  }
  expect(await clean(mine)).toBe(false);
});

it("events doubled, in another order, unknown, or of another secret", async () => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  const [completed] = shop.stripe.take();
  const expired = { id: "evt_late", type: "checkout.session.expired", data: { object: { id: session } } };
  for (const event of [expired, completed!, completed!, expired]) expect((await deliver(shop, event)).status).toBe(204);
  expect(await clean(job)).toBe(true);
  const unknown = { id: "evt_x", type: "checkout.session.completed", data: { object: { id: "cs_test_unknown" } } };
  expect((await deliver(shop, unknown)).status).toBe(204);
  expect((await deliver(shop, { id: "evt_y", type: "customer.created", data: { object: {} } })).status).toBe(204);
  expect((await deliver(shop, completed!, { secret: "whsec_former_secret_of_it" })).status).toBe(204);
  expect(shop.stripe.refunds).toEqual([]);
});

it.each([
  ["another secret", { secret: "whsec_of_somebody_else" }, "not signed"],
  ["an old stamp", { ageS: 301 }, "too old"],
  ["a stamp of the future", { ageS: -301 }, "future"],
])("an event with %s is refused", async (_, { secret, ageS = 0 }: { secret?: string; ageS?: number }, why) => {
  const job = await sold(shop);
  shop.stripe.pay(await checkout(shop, job));
  const [event] = shop.stripe.take();
  const atMs = shop.api.clock.now() - ageS * 1000;
  const { status, text } = await deliver(shop, event!, { atMs, ...(secret === undefined ? {} : { secret }) });
  expect([status, text]).toEqual([403, expect.stringContaining(why)]);
  expect(await clean(job)).toBe(false);
});

it("a changed body, none, and no signature are refused", async () => {
  const send = async (body: string, headers: Record<string, string>) => {
    const init = { method: "POST", headers, body };
    return (await shop.api.app.fetch(new Request("http://localhost/v1/payments/events", init))).status;
  };
  const { body, signature } = shop.stripe.signed({ id: "evt_1", type: "a", data: { object: {} } });
  const signed = { "Stripe-Signature": signature };
  expect(await send(body, signed)).toBe(204);
  expect(await send(`${body} `, signed)).toBe(403);
  expect(await send("", signed)).toBe(403);
  expect(await send(body, {})).toBe(403);
  expect(await send(body, { "Stripe-Signature": "t=x,v1=" })).toBe(403);
  expect(await send("x".repeat(600_000), signed)).toBe(413);
});

it.each([
  ["amount", { amount_subtotal: 1 }],
  ["total", { amount_total: 499 + 95 }],
  ["currency", { currency: "jpy" }],
  ["mode", { mode: "subscription" }],
  ["livemode", { livemode: true }],
  ["reference", { client_reference_id: "another" }],
  ["metadata", { metadata: { job: "another" } }],
  ["coupon that makes it free", { payment_status: "no_payment_required" as const, amount_total: 0 }],
])("a session with another %s opens nothing, and says so in the log", async (_, change) => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session, change);
  await deliverAll(shop);
  expect(await clean(job)).toBe(false);
  expect(await ledger(session)).toContain("wrong.json");
  expect(shop.stripe.refunds).toEqual([]);
});

it("a method that pays later opens the file when it has paid, and not before", async () => {
  const [good, bad] = [await sold(shop), await sold(shop)];
  for (const [job, pays] of [
    [good, true],
    [bad, false],
  ] as const) {
    const session = await checkout(shop, job);
    shop.stripe.payLater(session);
    await deliverAll(shop);
    expect(await clean(job)).toBe(false);
    shop.stripe.settleLater(session, pays);
    await deliverAll(shop);
    expect(await clean(job)).toBe(pays);
  }
});

it.each(["refundByHand", "dispute"] as const)("after %s at the provider the file is closed", async (how) => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  await deliverAll(shop);
  expect(await clean(job)).toBe(true);
  shop.stripe[how](session);
  await deliverAll(shop);
  expect(await clean(job)).toBe(false);
  expect((await recordOf(shop, job)).charge!.state).toBe(how === "dispute" ? "disputed" : "refunded");
  // what comes late opens nothing
  expect(
    (await deliver(shop, { id: "evt", type: "checkout.session.completed", data: { object: { id: session } } })).status,
  ).toBe(204);
  expect(await clean(job)).toBe(false);
});

it("what is paid for a job that is gone is given back, once", async () => {
  const gone = await sold(shop);
  const session = await checkout(shop, gone);
  shop.stripe.pay(session);
  const events = shop.stripe.take();
  await shop.api.deps.records.remove(gone.owner, gone.id);
  for (let i = 0; i < 3; i++) for (const event of events) await deliver(shop, event);
  await deliverAll(shop);
  expect(shop.stripe.refunds).toEqual([session]);
  expect(await ledger(session)).toContain("refunded.json");
});

it("what was paid and handed out stays paid, however late the news come again, and whatever is left of the job", async () => {
  for (const end of ["deleted", "expired", "gone"]) {
    const job = await sold(shop);
    const session = await checkout(shop, job);
    shop.stripe.pay(session);
    const events = shop.stripe.take();
    for (const event of events) await deliver(shop, event);
    expect(await clean(job)).toBe(true);
    if (end === "deleted") expect((await ask(shop, "DELETE", `/v1/jobs/${job.id}`)).status).toBe(204);
    if (end === "gone") await shop.api.deps.records.remove(job.owner, job.id);
    if (end === "expired") {
      await shop.api.deps.records.timers.arm({ owner: job.owner, id: job.id, atMs: job.expires_at! });
      await shop.api.clock.advance(DAY_MS + MINUTE);
      await sweep();
      expect((await recordOf(shop, job)).state).toBe("expired");
    }
    for (const event of events) expect((await deliver(shop, event)).status).toBe(204);
    expect(shop.stripe.refunds).toEqual([]);
  }
});

async function bought() {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  await deliverAll(shop);
  return { job, session };
}

it("what was paid and never handed out is given back when it goes", async () => {
  const deleted = await bought();
  expect((await ask(shop, "DELETE", `/v1/jobs/${deleted.job.id}`)).status).toBe(204);
  expect(shop.stripe.refunds).toEqual([deleted.session]);
  const expired = await bought();
  // its end, and its tombstone's first hour
  for (const minutes of [25 * 60, 61]) {
    await shop.api.clock.advance(minutes * MINUTE);
    await sweep();
  }
  const record = await recordOf(shop, expired.job);
  expect([record.state, record.charge!.state]).toEqual(["expired", "refunded"]);
  expect(shop.stripe.refunds).toEqual([deleted.session, expired.session]);
  expect(await ledger(expired.session)).toContain("refunded.json");
});

it("what is owed is given back however long the provider takes, and not where the bank has taken it", async () => {
  const after = async (...hours: number[]) => {
    for (const hour of hours) {
      await shop.api.clock.advance(hour * 60 * MINUTE);
      await sweep();
    }
  };
  const { job, session } = await bought();
  // it expires, and twice nobody answers: each time is asked three times
  shop.stripe.failures.push(...Array.from({ length: 6 }, () => 500));
  await after(25, 2, 26);
  expect(shop.stripe.refunds).toEqual([]);
  await after(1);
  expect(shop.stripe.refunds).toEqual([session]);
  await after(25);
  expect(await shop.api.deps.records.get(job.owner, job.id)).toBeNull();

  const disputed = await bought();
  shop.stripe.dispute(disputed.session);
  await ask(shop, "DELETE", `/v1/jobs/${disputed.job.id}`);
  expect((await recordOf(shop, disputed.job)).charge!.state).toBe("disputed");
  expect(shop.stripe.refunds).toEqual([session]);
});

it("a HEAD hands nothing out", async () => {
  const job = await sold(shop);
  shop.stripe.pay(await checkout(shop, job));
  await deliverAll(shop);
  const path = `/v1/jobs/${job.id}/outputs/video`;
  expect((await ask(shop, "HEAD", path)).status).toBe(200);
  expect((await recordOf(shop, job)).charge!.supplied_at).toBeUndefined();
  expect((await ask(shop, "GET", path)).status).toBe(200);
  expect((await recordOf(shop, job)).charge!.supplied_at).toBeDefined();
});

it("a job that its owner deletes: an open page is closed first; what was paid at that moment is given back", async () => {
  const [open, late] = [await sold(shop), await sold(shop)];
  const sessions = [await checkout(shop, open), await checkout(shop, late)];
  shop.stripe.pay(sessions[1]!);
  shop.stripe.take();
  for (const { id } of [open, late]) expect((await ask(shop, "DELETE", `/v1/jobs/${id}`)).status).toBe(204);
  expect(shop.stripe.sessions.get(sessions[0]!)!.status).toBe("expired");
  expect(shop.stripe.refunds).toEqual([sessions[1]]);
  await deliverAll(shop);
  expect(shop.stripe.refunds).toEqual([sessions[1]]);
});

it("a provider that is down: no page, and nothing half done", async () => {
  const job = await sold(shop);
  shop.stripe.failures.push(500, 500, 500);
  expect(await ask(shop, "POST", `/v1/jobs/${job.id}/checkout`, { waiver: true })).toMatchObject({
    status: 503,
    body: { code: "payment_unavailable", retryable: true },
  });
  expect((await recordOf(shop, job)).charge).toMatchObject({ state: "none", extended: 0 });
  const session = await checkout(shop, job);
  expect((await recordOf(shop, job)).charge!.sessions).toEqual([expect.objectContaining({ id: session })]);
});

it("a reply that is lost, and a process that dies before the page is written down: the next request gets the same page", async () => {
  const job = await sold(shop);
  shop.stripe.failures.push("lost");
  const first = await checkout(shop, job);
  expect(shop.stripe.sessions.size).toBe(1);
  // as if the last write had not been made
  const record = await recordOf(shop, job);
  const sessions = record.charge!.sessions.map((each) => ({ ...each, id: null }));
  const stored = (await shop.api.deps.records.get(job.owner, job.id))!;
  await shop.api.deps.records.replace(
    { ...record, charge: { ...record.charge!, sessions }, rev: record.rev + 1, write: "x" },
    stored.etag,
  );
  await shop.api.clock.advance(2 * MINUTE);
  expect(await checkout(shop, job)).toBe(first);
  expect(shop.stripe.sessions.size).toBe(1);
});

it("a buyer withdraws: at once where nothing was handed out, and not after that", async () => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  await deliverAll(shop);
  const path = `/v1/jobs/${job.id}/withdrawal`;
  expect(await ask(shop, "GET", path)).toMatchObject({ status: 200, body: { refundable: true, amount: 499 } });
  expect(await ask(shop, "POST", path, {})).toMatchObject({ status: 422 });
  expect(shop.stripe.refunds).toEqual([]);
  expect(await ask(shop, "POST", path, { confirm: true })).toMatchObject({ body: { charge: { state: "refunded" } } });
  expect(shop.stripe.refunds).toEqual([session]);
  expect(await clean(job)).toBe(false);
  const other = await sold(shop);
  shop.stripe.pay(await checkout(shop, other));
  await deliverAll(shop);
  expect(await clean(other)).toBe(true);
  const late = await ask(shop, "POST", `/v1/jobs/${other.id}/withdrawal`, { confirm: true });
  expect(late).toMatchObject({ status: 409, body: { detail: expect.stringContaining("handed out") } });
  expect(await clean(other)).toBe(true);
});

it("looking at a bought job does not end the right of withdrawal; having its file handed out does", async () => {
  const job = await sold(shop);
  const path = `/v1/jobs/${job.id}`;
  expect(await ask(shop, "POST", `${path}/delivery`)).toMatchObject({ status: 402 });
  shop.stripe.pay(await checkout(shop, job));
  await deliverAll(shop);
  type View = { outputs: Record<string, { url: string }>; charge: { refundable: boolean; supplied_at: string | null } };
  const view = async (method: string, of: string) => (await ask(shop, method, of)).body as unknown as View;
  const address = `http://localhost${path}/outputs/video`;
  for (const looked of [path, path, `${path}?cs=x`]) {
    const { outputs, charge } = await view("GET", looked);
    expect([outputs.video!.url, charge.refundable, charge.supplied_at]).toEqual([address, true, null]);
  }
  expect((await ask(shop, "GET", "/v1/jobs")).status).toBe(200);
  expect((await recordOf(shop, job)).charge!.supplied_at).toBeUndefined();
  const { outputs, charge } = await view("POST", `${path}/delivery`);
  expect(charge).toMatchObject({ refundable: false, supplied_at: expect.any(String) });
  // a link that needs no token, as a browser follows it
  const link = await shop.api.app.fetch(new Request(outputs.video!.url));
  expect(await link.text()).toContain(CLEAN);
  expect(await ask(shop, "POST", `${path}/withdrawal`, { confirm: true })).toMatchObject({ status: 409 });
  // once more is the same again
  expect((await view("POST", `${path}/delivery`)).charge).toEqual(charge);
});

it("nothing is handed out of a purchase that was withdrawn from, nor of a job that is free", async () => {
  const job = await sold(shop);
  shop.stripe.pay(await checkout(shop, job));
  await deliverAll(shop);
  expect((await ask(shop, "POST", `/v1/jobs/${job.id}/withdrawal`, { confirm: true })).status).toBe(200);
  expect(await ask(shop, "POST", `/v1/jobs/${job.id}/delivery`)).toMatchObject({ status: 402 });
  const free = await sold(shop, { charge: undefined as never });
  expect(await ask(shop, "POST", `/v1/jobs/${free.id}/delivery`)).toMatchObject({ status: 404 });
});

it("a withdrawal whose process died is carried on by the sweeper", async () => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  await deliverAll(shop);
  shop.stripe.failures.push(500, 500, 500);
  const path = `/v1/jobs/${job.id}/withdrawal`;
  expect((await ask(shop, "POST", path, { confirm: true })).status).toBe(503);
  expect(await clean(job)).toBe(false);
  expect(shop.stripe.refunds).toEqual([]);
  await shop.api.clock.advance(6 * MINUTE);
  await sweep();
  expect(shop.stripe.refunds).toEqual([session]);
  expect((await recordOf(shop, job)).charge!.state).toBe("refunded");
});

it("a withdrawal that was begun ends although its job is deleted meanwhile", async () => {
  const job = await sold(shop);
  const session = await checkout(shop, job);
  shop.stripe.pay(session);
  await deliverAll(shop);
  shop.stripe.failures.push(500, 500, 500);
  expect((await ask(shop, "POST", `/v1/jobs/${job.id}/withdrawal`, { confirm: true })).status).toBe(503);
  expect((await ask(shop, "DELETE", `/v1/jobs/${job.id}`)).status).toBe(204);
  expect(shop.stripe.refunds).toEqual([session]);
  expect((await recordOf(shop, job)).charge!.state).toBe("refunded");
});

it("while the provider can't be asked, what may be paid is kept for an hour more", async () => {
  const job = await sold(shop);
  await checkout(shop, job);
  await shop.api.deps.records.timers.arm({ owner: job.owner, id: job.id, atMs: job.expires_at! });
  await shop.api.clock.advance(61 * MINUTE);
  const down = [500, 500, 500];
  // the result has two timers, that of its time and that of the page
  shop.stripe.failures.push(...down, ...down);
  await sweep();
  shop.stripe.failures.splice(0);
  expect((await recordOf(shop, job)).state).toBe("succeeded");
  shop.stripe.failures.push(500, 500, 500);
  await shop.api.clock.advance(61 * MINUTE);
  await sweep();
  expect((await recordOf(shop, job)).state).toBe("expired");
});

it("two pages of one job are never both paid for: the second is given back", async () => {
  const job = await sold(shop);
  const first = await checkout(shop, job);
  shop.stripe.expire(first);
  const second = await checkout(shop, job);
  // as a provider that has let both be paid
  shop.stripe.sessions.get(first)!.status = "open";
  shop.stripe.pay(first);
  shop.stripe.pay(second);
  await deliverAll(shop);
  expect(await clean(job)).toBe(true);
  expect(shop.stripe.refunds).toHaveLength(1);
  await deliverAll(shop);
  expect(await clean(job)).toBe(true);
});

it("somebody else neither buys, nor withdraws, nor sees the file", async () => {
  const job = await sold(shop);
  shop.stripe.pay(await checkout(shop, job));
  await deliverAll(shop);
  const token = { "X-Anonymous-Token": "thief_0123456789abcdefghijklmnopqrstuv" };
  for (const [method, path, body] of [
    ["POST", "checkout", { waiver: true }],
    ["GET", "withdrawal", null],
    ["POST", "withdrawal", { confirm: true }],
    ["GET", "outputs/video", null],
  ] as const) {
    const init = {
      method,
      headers: { ...token, "Content-Type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    };
    const reply = await shop.api.app.fetch(new Request(`http://localhost/v1/jobs/${job.id}/${path}`, init));
    expect(reply.status).toBe(404);
  }
  expect(shop.stripe.refunds).toEqual([]);
});
