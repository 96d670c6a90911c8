/** The operator's page in a real browser, before a real server with its engine. Left out where there is no Chromium. */
import { readFileSync } from "node:fs";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { ASTRONAUT, COFFEE } from "../support/pictures.ts";
import { PATIENCE_MS, until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { expectAccessible } from "./support.ts";

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

const operator = makeApiKey("operator");
const alice = makeApiKey("alice-and-her-studio");
const asAlice = { Authorization: `Bearer ${alice.key}` };
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  if (!CHROMIUM) return;
  const env = { API_KEYS: alice.entry, OPERATOR_KEY: operator.entry };
  [server, browser] = await Promise.all([startServer({ env }), openChromium()]);
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** A job of alice's; answers its id. */
async function send(photo: string): Promise<string> {
  const bytes = readFileSync(photo);
  const post = async (path: string, body: object) => {
    const headers = { ...asAlice, "Content-Type": "application/json" };
    return (await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const link = (await post("/v1/uploads", { content_type: "image/jpeg", size: bytes.length })) as Link;
  await fetch(link.url, { method: "PUT", headers: link.headers, body: Uint8Array.from(bytes) });
  const inputs = { image: { upload: link.id } };
  const metadata = { name: "my-secret-name" };
  return ((await post("/v1/jobs", { kind: "animate", inputs, params: { preset: "blink" }, metadata })) as Link).id;
}

type Link = { id: string; url: string; headers: Record<string, string> };

async function stateOf(id: string) {
  const reply = await fetch(`${server.url}/v1/jobs/${id}`, { headers: asAlice });
  return (await reply.json()) as { status: string; error: { code: string } | null };
}

async function open(options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: DESKTOP, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // a key that is refused is logged by the browser, too
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== server.url) faults.push(request.url());
  });
  await page.goto(`${server.url}/app/jobs`);
  return { page, faults, close: () => context.close() };
}

async function giveKey(page: Page, key: string): Promise<void> {
  await page.getByLabel("Operator's key").fill(key);
  await page.keyboard.press("Enter");
}

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test("a failed job is seen with its reason, and sent again", async () => {
    const made = await send(ASTRONAUT);
    const failed = await send(COFFEE);
    await until(async () => (await stateOf(failed)).status === "failed");
    const { page, faults, close } = await open();
    await expectAccessible(page, "key");
    await giveKey(page, alice.key);
    expect(await page.getByRole("alert").textContent()).toBe("This is not the operator's key.");
    await giveKey(page, operator.key);

    const line = page.locator(`section[aria-labelledby=list-failed] li:has-text("${failed}")`);
    await line.waitFor();
    expect(await line.locator(".reason").textContent()).toMatch(/^no_face \w+/);
    expect(await page.locator("section[aria-labelledby=list-ended]").textContent()).toContain(made);
    const warp = page.getByRole("row", { name: /^warp 1?\S* ?\d/ }).last();
    expect(await warp.textContent()).toMatch(/0 of \d+.*MB/);
    expect(await page.locator("body").textContent()).not.toMatch(/my-secret|studio|image\/jpeg/);

    await line.getByRole("button", { name: `Replay job ${failed}` }).press("Enter");
    const said = line.getByRole("status");
    await until(async () => /Sent again/.test((await said.textContent()) ?? ""));
    const [, again = ""] = /Sent again as ([0-9a-f]{32})/.exec((await said.textContent()) ?? "") ?? [];
    expect(again).not.toBe(failed);
    await until(async () => (await stateOf(again)).status === "failed");
    expect((await stateOf(again)).error?.code).toBe("no_face");
    await page.locator(`section[aria-labelledby=list-failed] li:has-text("${again}")`).first().waitFor();

    await until(async () => (await page.locator(".plots path.curve").count()) >= 8);
    await expectAccessible(page, "board");
    await page.reload();
    await page.getByRole("heading", { name: "Queues", exact: true }).waitFor();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByLabel("Operator's key").waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test("what is to be taken down is decided with a reason, and goes from the open ones", async () => {
    const form = new FormData();
    const said = {
      kind: "other",
      name: "Jo",
      contact: "jo@example.com",
      good_faith: "on",
      statement: "<b>It is me</b>",
    };
    for (const [name, value] of Object.entries({ ...said, link: "javascript:alert(1)" })) form.set(name, value);
    const reply = await fetch(`${server.url}/v1/takedown`, { method: "POST", body: form });
    const { ticket } = (await reply.json()) as { ticket: string };
    const { page, faults, close } = await open();
    await giveKey(page, operator.key);
    const line = page.locator(`section[aria-labelledby=takedowns] li:has-text("${ticket}")`);
    await line.waitFor();
    expect(await line.textContent()).toMatch(/within 4[78] h.*From Jo, jo@example\.com.*<b>It is me<\/b>/);
    expect(await line.locator("a").count()).toBe(0);
    const accept = line.getByRole("button", { name: "Take it down" });
    expect(await accept.isDisabled()).toBe(true);
    await line.getByLabel("Reason").fill("It is not theirs");
    await expectAccessible(page, "takedown");
    await line.getByRole("button", { name: "Reject" }).click();
    await page.getByText("1 decided").click();
    expect(await page.locator("section[aria-labelledby=takedowns] details li").textContent()).toContain(
      "rejected (It is not theirs)",
    );
    expect(faults).toEqual([]);
    await close();
  });

  test("it is readable on a phone and in the dark, and asks for nothing while it is hidden", async () => {
    const { page, faults, close } = await open({ viewport: PHONE, colorScheme: "dark" });
    await giveKey(page, operator.key);
    await page.getByRole("heading", { name: "Queues", exact: true }).waitFor();
    await page.waitForResponse(/overview/);
    await expectAccessible(page, "phone dark");
    await page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
    // the one that was under way, and the next one, which sees that nobody looks
    await page.waitForTimeout(6_000);
    let asked = 0;
    page.on("request", () => {
      asked += 1;
    });
    await page.waitForTimeout(9_000);
    expect(asked).toBe(0);
    const seen = page.waitForRequest(/overview/);
    await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
    await seen;
    expect(faults).toEqual([]);
    await close();
  });
});

test.skipIf(CHROMIUM === null)("without OPERATOR_KEY the page says what to set", async () => {
  const bare = await startServer();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${bare.url}/app/jobs`);
  await giveKey(page, operator.key);
  await page.getByRole("alert").waitFor();
  expect(await page.getByRole("alert").textContent()).toMatch(/set OPERATOR_KEY to the entry/);
  await context.close();
  await bare.stop();
});
