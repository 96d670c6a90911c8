/** A clean file is bought on the page, fetched, or given back, with the payment provider's double in place of its page. */
import { readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { endOf, type Job, postJob, upload } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { STRIPE_KEY, STRIPE_SECRET, type StripeDouble, stripeDouble } from "../support/stripe-double.ts";
import { awaitResult, expectAccessible, type Opened, openPage, PHONE, until } from "./support.ts";

type Charged = Job & { charge: { state: string; supplied_at: string | null } };
const PAYMENT_PAGE = "https://checkout.example/";
const WIDTH = "document.querySelector('.player video').videoWidth";
let server: ServerProcess;
let browser: Browser;
let stripe: StripeDouble;

beforeAll(async () => {
  if (!CHROMIUM) return;
  stripe = await stripeDouble({ nowMs: Date.now });
  const env = {
    ...{ WARP_PROCESSES: "1", PRICE: "eur:499:2026-11", STRIPE_URL: stripe.url },
    ...{ STRIPE_KEY, STRIPE_WEBHOOK_SECRET: STRIPE_SECRET },
  };
  [server, browser] = await Promise.all([startServer({ env }), openChromium()]);
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await stripe?.close();
});

/** A finished clip that is for sale, 512 pixels wide, and its page. */
async function openSold(options: BrowserContextOptions = {}): Promise<Opened & { id: string }> {
  const image = await upload(server.url, readFileSync(ASTRONAUT));
  const made = await postJob(server.url, image, { preset: "blink", size: 512, duration: 1 });
  const { id } = (await made.json()) as Job;
  await endOf(server.url, id);
  const opened = await openPage(browser, server.url, options);
  await opened.page.goto(`${server.url}/#job/${id}`);
  await awaitResult(opened.page);
  return { ...opened, id };
}

const jobOf = async (id: string) => (await (await fetch(`${server.url}/v1/jobs/${id}`)).json()) as Charged;
const fileOf = (id: string) => fetch(`${server.url}/v1/jobs/${id}/outputs/video`);
const press = (page: Page, name: string) => page.getByRole("button", { name }).click();

/** The provider's page, on which the buyer pays and is sent back; answers the session. */
async function buy(page: Page): Promise<string> {
  let session = "";
  await page.route(`${PAYMENT_PAGE}**`, (route) => {
    session = route.request().url().split("/").at(-1)!;
    const back = stripe.pay(session).success_url.replaceAll("&", "&amp;");
    return route.fulfill({
      contentType: "text/html",
      body: `<title>Paid</title><a href="${back}">Back to the shop</a>`,
    });
  });
  await page.locator(".purchase input").check();
  await page.locator(".purchase .button").click();
  await page.getByRole("link", { name: "Back to the shop" }).click();
  await page.waitForSelector(".purchase .sure, .purchase .quiet");
  return session;
}

/** All but that the buyer was sent to the provider. */
const ownFaults = (faults: string[]) => faults.filter((fault) => !fault.startsWith(PAYMENT_PAGE));

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test("a preview is shown; paid, the clean file stays closed until it is asked for, and is downloaded then", async () => {
    const { page, faults, close, id } = await openSold();
    expect(await page.evaluate(WIDTH)).toBe(360);
    await page.getByRole("button", { name: "Download the preview as MP4" }).waitFor();
    // the box is not ticked for the buyer
    expect(await page.getByRole("button", { name: "Pay €4.99 now" }).isDisabled()).toBe(true);
    await expectAccessible(page, "for sale");
    await buy(page);
    await awaitResult(page);
    expect(await page.evaluate(WIDTH)).toBe(360);
    await expectAccessible(page, "paid");
    expect((await jobOf(id)).charge).toMatchObject({ state: "paid", supplied_at: null });

    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Get the clean file")]);
    expect(download.suggestedFilename()).toBe(`smileloop-blink-${id.slice(0, 8)}.mp4`);
    const { outputs, charge } = await jobOf(id);
    expect(charge.supplied_at).not.toBeNull();
    expect(readFileSync(await download.path()).byteLength).toBe(outputs.video!.bytes);
    await until(page, `${WIDTH} === 512`);
    await awaitResult(page);
    await page.getByRole("button", { name: "Download as MP4" }).waitFor();
    expect(await page.getByRole("button", { name: "Withdraw and get your money back" }).count()).toBe(0);
    await expectAccessible(page, "bought");
    expect(ownFaults(faults)).toEqual([]);
    await close();
  });

  test("a buyer withdraws, after being asked once more: the money goes back, and the file is closed", async () => {
    const { page, faults, close, id } = await openSold({ viewport: PHONE, colorScheme: "dark" });
    await expectAccessible(page, "for sale");
    const session = await buy(page);
    await expectAccessible(page, "paid");
    await press(page, "Withdraw and get your money back");
    await page.getByText("Withdraw from the purchase? €4.99 goes back to you").waitFor();
    await press(page, "Keep the purchase");
    await press(page, "Withdraw and get your money back");
    await expectAccessible(page, "withdrawing");
    expect(stripe.refunds).not.toContain(session);
    await page.getByRole("button", { name: "Withdraw", exact: true }).click();
    await page.getByText("The payment of this file was taken back, so it is closed.").waitFor();
    expect(stripe.refunds).toContain(session);
    expect((await jobOf(id)).charge.state).toMatch(/^refund/);
    expect((await fileOf(id)).ok).toBe(false);
    await awaitResult(page);
    expect(await page.evaluate(WIDTH)).toBe(360);
    await expectAccessible(page, "withdrawn");
    expect(ownFaults(faults)).toEqual([]);
    await close();
  });

  test("a payment page that never came is told, and the next try works, in Arabic", async () => {
    const { page, close } = await openSold({ viewport: PHONE, locale: "ar" });
    await expectAccessible(page, "for sale");
    stripe.failures.push(...Array(99).fill(503));
    await page.locator(".purchase input").check();
    await page.locator(".purchase .button").click();
    await page.getByText("لم تستجب خدمة الدفع. لم يُدفع شيء").waitFor();
    await expectAccessible(page, "no answer");
    // said beside the button, and not a second time over the page
    expect(await page.locator(".notice").textContent()).toBe("");
    stripe.failures.length = 0;
    await buy(page);
    await expectAccessible(page, "paid");
    await close();
  });

  test("while nobody knows whether it was paid there is nothing to pay with, and the page asks again", async () => {
    const { page, close, id } = await openSold();
    const notice = "The payment page has closed, and the payment service has not said yet whether it was paid.";
    // as the API answers once the page of a payment, which lives for 35 minutes, has closed
    await page.route(`**/v1/jobs/${id}/events`, (route) => route.fulfill({ status: 204 }));
    await page.route(`**/v1/jobs/${id}`, async (route) => {
      const reply = await route.fetch();
      const job = (await reply.json()) as Charged;
      await route.fulfill({ response: reply, json: { ...job, charge: { ...job.charge, state: "pending", notice } } });
    });
    await page.clock.install();
    await page.reload();
    await page.getByText("Please do not pay twice").waitFor();
    expect(await page.getByRole("button", { name: "Pay €4.99 now" }).count()).toBe(0);
    await expectAccessible(page, "undecided");
    await page.unroute(`**/v1/jobs/${id}`);
    await page.clock.fastForward(61_000);
    await page.getByRole("button", { name: "Pay €4.99 now" }).waitFor();
    await close();
  });
});
