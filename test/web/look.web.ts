/** What the page looks like to everybody: axe-core finds nothing, on phones and screens, in the dark, from right to left; and how fast it is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { ASTRONAUT, COFFEE } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { awaitResult, choosePhoto, expectAccessible, openPage, openStudio, PHONE } from "./support.ts";

const PAGE_FILES = join(import.meta.dirname, "../../packages/web/dist/page");
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  if (!CHROMIUM) return;
  [server, browser] = await Promise.all([startServer(), openChromium()]);
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const LOOKS: [string, BrowserContextOptions][] = [
  ["a screen", {}],
  ["a phone, in the dark", { viewport: PHONE, colorScheme: "dark" }],
  ["Arabic", { viewport: PHONE, locale: "ar" }],
  ["German on the smallest phone", { viewport: { width: 320, height: 568 }, locale: "de-DE" }],
  ["Hindi on the largest screen", { viewport: { width: 3840, height: 2160 }, locale: "hi-IN" }],
  ["less motion", { reducedMotion: "reduce" }],
];

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test.each(LOOKS)("every view in %s is accessible", async (_, options) => {
    const { page, faults, close } = await openPage(browser, server.url, options);
    const language = options.locale?.slice(0, 2) ?? "en";
    expect(await page.evaluate("[document.documentElement.lang, document.documentElement.dir]")).toEqual([
      language,
      language === "ar" ? "rtl" : "ltr",
    ]);
    await expectAccessible(page, "start");
    await choosePhoto(page, COFFEE);
    await page.waitForSelector(".panel .fault");
    await expectAccessible(page, "no face");
    await openStudio(page, ASTRONAUT);
    await page.waitForSelector(".tile video[src^=blob]");
    await expectAccessible(page, "motions");
    await page.locator("#tab-speech").click();
    await expectAccessible(page, "speech");
    await page.locator("#tab-motion").click();
    await page.locator(".agree input").check();
    await page.locator("button[type=submit]").click();
    await page.waitForSelector("progress, .player");
    await expectAccessible(page, "making");
    await awaitResult(page);
    await expectAccessible(page, "result");
    if (options.reducedMotion) expect(await page.evaluate("document.querySelector('.player video').paused")).toBe(true);
    await page.goto(server.url);
    await page.waitForSelector(".history img");
    await expectAccessible(page, "history");
    expect(faults).toEqual([]);
    await close();
  });

  test("by keyboard alone: from the first key to a video", async () => {
    const { page, close } = await openPage(browser, server.url);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent.trim()")).toBe("Choose a photo");
    await openStudio(page, ASTRONAUT);
    await page.getByRole("tab", { name: "Motion" }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(".tile input:checked").getAttribute("value")).toBe("big_smile");
    const isBox = () => page.evaluate<boolean>("document.activeElement.type === 'checkbox'");
    for (let tabs = 0; tabs < 9 && !(await isBox()); tabs++) await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await awaitResult(page);
    await close();
  });

  test("the first page has at most 60 KB of scripts, and is there at once on a slow machine", async () => {
    const html = await (await fetch(server.url, { headers: { Accept: "text/html" } })).text();
    const scripts = [...html.matchAll(/src="\.\/page\/([^"]+\.js)"/g)].map(([, name]) => name!);
    expect(scripts.length).toBeGreaterThan(0);
    const sizes = scripts.map((name) => gzipSync(readFileSync(join(PAGE_FILES, name))).length);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(60_000);
    expect(readdirSync(PAGE_FILES).every((name) => /-[\w-]{8}\.\w+$/.test(name))).toBe(true);

    const context = await browser.newContext({ viewport: PHONE });
    const page = await context.newPage();
    const tools = await context.newCDPSession(page);
    await tools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await page.addInitScript(`window.seen = { shift: 0, largest: 0 };
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.shift += entry.value; }).observe({ type: "layout-shift", buffered: true });
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.largest = entry.startTime; }).observe({ type: "largest-contentful-paint", buffered: true });`);
    await page.goto(server.url);
    await page.waitForSelector(".example video[src]");
    await page.waitForTimeout(1500);
    const seen = await page.evaluate<{ shift: number; largest: number }>("seen");
    const first = await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime");
    process.stdout.write(
      `first paint ${Math.round(first)} ms, largest ${Math.round(seen.largest)} ms, shift ${seen.shift}\n`,
    );
    expect(seen.shift).toBeLessThanOrEqual(0.02);
    await context.close();
  });
});
