/** The page in a real browser, before a real server with its engine. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENCE_MS } from "../support/processes.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of every view are left, to be looked at; none are taken where it is not set. */
const { PICTURES_DIR } = process.env;
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export type Opened = {
  page: Page;
  /** What went wrong so far: errors, broken policies, requests to other places. */
  faults: string[];
  close: () => Promise<void>;
};

/** A tab of a new browser profile at the start of the page. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ locale: "en-US", viewport: DESKTOP, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults = watch(page, url);
  await page.goto(url);
  await page.waitForSelector("h1");
  return { page, faults, close: () => context.close() };
}

function watch(page: Page, url: string): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  // what is refused, such as a file that cannot be read, is logged by the browser, too
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(blob:|data:)/.test(request.url()) && new URL(request.url()).origin !== url) faults.push(request.url());
  });
  return faults;
}

type File = { name: string; mimeType: string; buffer: Buffer };

export async function choosePhoto(page: Page, file: string | File): Promise<void> {
  await page.locator("input[type=file]:not([capture])").first().setInputFiles(file);
}

/** Chooses a photo and waits for what can be made of it. */
export async function openStudio(page: Page, file: string | File): Promise<void> {
  await choosePhoto(page, file);
  await page.waitForSelector(".tile input:checked");
}

export async function make(page: Page, preset: string): Promise<void> {
  await page.locator(`.tile input[value=${preset}]`).check({ force: true });
  await page.getByRole("checkbox", { name: /everybody shown agrees/ }).check();
  await page.getByRole("button", { name: "Make the video" }).click();
  await page.waitForURL(/#job\/[0-9a-f]{32}$/);
}

export async function awaitResult(page: Page): Promise<void> {
  await page.waitForSelector(".player video[src^=blob]");
  await until(page, "document.querySelector('.player video').readyState >= 2");
}

/** Waits until an expression is true. By asking again: what a page of this policy may evaluate by itself is nothing. */
export async function until(page: Page, expression: string): Promise<void> {
  await expect.poll(() => page.evaluate(expression).catch(() => false), { timeout: PATIENCE_MS }).toBe(true);
}

/** How far the picture at `seconds` of a video is from its first one, mean of the channels, 0–255. */
export function changeAt(page: Page, selector: string, seconds: number): Promise<number> {
  return page.evaluate(`(async () => {
    const video = document.querySelector(${JSON.stringify(selector)});
    video.pause();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const seeked = () => new Promise((done) => video.addEventListener("seeked", done, { once: true }));
    while (video.readyState < 2) await new Promise((done) => video.addEventListener("loadeddata", done, { once: true }));
    const at = async (time) => {
      // a loop that begins again seeks, too: its end is not to be taken for ours
      while (video.seeking) await seeked();
      video.currentTime = time;
      while (video.seeking) await seeked();
      context.drawImage(video, 0, 0);
      return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    await at(${seconds / 2});
    const [first, later] = [await at(0), await at(${seconds})];
    let sum = 0;
    for (let i = 0; i < first.length; i++) sum += Math.abs(first[i] - later[i]);
    return sum / first.length;
  })()`) as Promise<number>;
}

/** Nothing that axe-core finds wrong, and nothing to scroll sideways. */
export async function expectAccessible(page: Page, state: string): Promise<void> {
  if (PICTURES_DIR) await takePicture(page, state, PICTURES_DIR);
  // by the protocol of the developer tools, which the policy of the page does not bind
  await page.evaluate(AXE);
  const found = await page.evaluate<string[]>(
    "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary)))",
  );
  expect([state, found]).toEqual([state, []]);
  const beyond = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  expect([state, beyond <= 0]).toEqual([state, true]);
}

/** Named by language, width and state, such as `ar-390-dark-motions.png`. */
async function takePicture(page: Page, state: string, dir: string): Promise<void> {
  const look = await page.evaluate<string>(
    "[document.documentElement.lang, innerWidth, ...(matchMedia('(prefers-color-scheme: dark)').matches ? ['dark'] : [])].join('-')",
  );
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${look}-${state.replaceAll(" ", "-")}.png`), fullPage: true });
}
