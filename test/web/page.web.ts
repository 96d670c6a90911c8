/** From a photo to a video in a browser, and what may happen on the way. Left out where there is no Chromium. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { ASTRONAUT, COFFEE, GRACE_HOPPER, twoFaces } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { awaitResult, changeAt, choosePhoto, make, openPage, openStudio, PHONE, until } from "./support.ts";

const HEIC = new URL("../fixtures/heif-enc.heic", import.meta.url);
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  if (!CHROMIUM) return;
  // browsers come with tokens of their own, as they do to a server on the internet
  [server, browser] = await Promise.all([startServer({ env: { ANONYMOUS: "1" } }), openChromium()]);
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test("a photo moves in every way that there is, becomes a video that moves, in three formats, and is deleted", async () => {
    const { page, faults, close } = await openPage(browser, server.url);
    await openStudio(page, ASTRONAUT);
    await until(page, "document.querySelectorAll('.tile video[src^=blob]').length === 12");
    await until(page, "document.querySelector('.tiles video').readyState >= 2");
    expect(await changeAt(page, ".tile:has(input[value=big_smile]) video", 1.4)).toBeGreaterThan(0.5);
    await make(page, "big_smile");
    await awaitResult(page);
    // it is the big smile, and in the size of the photo
    expect(await changeAt(page, ".player video", 1.4)).toBeGreaterThan(0.5);
    expect(await page.evaluate("document.querySelector('.player video').videoWidth")).toBe(512);

    await page.getByRole("button", { name: "Show the photo" }).click();
    await until(page, "document.querySelector('.player video').currentTime === 0");
    const save = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: `Download as ${name}` }).click(),
      ]);
      const start = readFileSync(await download.path())
        .subarray(0, 12)
        .toString("latin1");
      return [download.suggestedFilename().replace(/-[0-9a-f]{8}\./, "."), start] as const;
    };
    expect(await save("MP4")).toEqual(["smileloop-big_smile.mp4", expect.stringContaining("ftyp")]);
    expect(await save("GIF")).toEqual(["smileloop-big_smile.gif", expect.stringMatching(/^GIF89a/)]);
    expect(await save("WebP")).toEqual(["smileloop-big_smile.webp", expect.stringMatching(/^RIFF....WEBP/s)]);
    expect(await page.locator(".left").textContent()).toMatch(/^Deleted in (60:00|59:\d\d)$/);

    const [, id] = /#job\/(.*)$/.exec(page.url())!;
    const token = await page.evaluate<string>("localStorage['smileloop.token']");
    const ask = () => fetch(`${server.url}/v1/jobs/${id}`, { headers: { "X-Anonymous-Token": token } });
    expect((await ask()).status).toBe(200);
    await page.getByRole("button", { name: "Delete now" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.waitForSelector(".hero");
    expect((await ask()).status).toBe(410);
    expect(await page.locator(".history").count()).toBe(0);
    const { jobs } = (await (
      await fetch(`${server.url}/v1/jobs`, { headers: { "X-Anonymous-Token": token } })
    ).json()) as { jobs: unknown[] };
    expect(jobs).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  test("a job goes on through a reload and a lost network; another tab of the browser has it, another browser not", async () => {
    const { page, faults, close } = await openPage(browser, server.url);
    await openStudio(page, GRACE_HOPPER);
    await make(page, "laugh");
    await page.reload();
    await page.context().setOffline(true);
    await until(page, "/offline/.test(document.querySelector('.notice').textContent)");
    await page.context().setOffline(false);
    await awaitResult(page);

    const second = await page.context().newPage();
    await second.goto(server.url);
    await second.getByRole("link", { name: /^Laugh/ }).click();
    await awaitResult(second);
    const stranger = await openPage(browser, server.url);
    expect(await stranger.page.locator(".history").count()).toBe(0);
    await stranger.page.goto(page.url());
    await stranger.page.getByText("It is not here any more").waitFor();
    await stranger.close();
    expect(faults.filter((fault) => !/ERR_INTERNET_DISCONNECTED/.test(fault))).toEqual([]);
    await close();
  });

  test("the photo itself is remembered by its tab, and two tabs do not mix theirs", async () => {
    const { page, close } = await openPage(browser, server.url);
    const second = await page.context().newPage();
    await second.goto(server.url);
    await Promise.all([openStudio(page, ASTRONAUT), openStudio(second, GRACE_HOPPER)]);
    await Promise.all([page, second].map((tab) => tab.waitForSelector(".tile video[src^=blob]")));
    await page.reload();
    await page.waitForSelector(".tile video[src^=blob]");
    await make(page, "wink");
    await make(second, "nod");
    await Promise.all([awaitResult(page), awaitResult(second)]);
    expect(await page.locator("h1").textContent()).toBe("Wink");
    expect(await second.locator("h1").textContent()).toBe("Nod");
    await close();
  });

  test("what cannot work is said before any job, and the next photo is welcome", async () => {
    const { page, faults, close } = await openPage(browser, server.url, { viewport: PHONE });
    await choosePhoto(page, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
    await page.getByRole("alert").getByText("This is not a picture.").waitFor();
    const damaged = readFileSync(ASTRONAUT).subarray(0, 2000);
    await choosePhoto(page, { name: "damaged.jpg", mimeType: "image/jpeg", buffer: damaged });
    await page.getByRole("alert").getByText("This file could not be read.").waitFor();
    await choosePhoto(page, COFFEE);
    await page.getByRole("alert").getByText("No face was found.").waitFor();
    await openStudio(page, ASTRONAUT);
    expect(faults).toEqual([]);
    await close();
  });

  test("of several faces one is tapped, and moves", async () => {
    const { page, close } = await openPage(browser, server.url);
    await openStudio(page, { name: "two.png", mimeType: "image/png", buffer: await twoFaces() });
    await page.getByText("There are 2 faces.").waitFor();
    await page.locator(".face-mark").nth(1).click();
    await expect.poll(() => page.getByRole("radio", { name: "Face 2" }).isChecked()).toBe(true);
    // the small clips of that face, which were begun meanwhile, do not change the choice
    await page.waitForSelector(".tile video[src^=blob]");
    expect(await page.getByRole("radio", { name: "Face 2" }).isChecked()).toBe(true);
    await make(page, "big_smile");
    await awaitResult(page);
    const token = await page.evaluate<string>("localStorage['smileloop.token']");
    const [, id] = /#job\/(.*)$/.exec(page.url())!;
    const job = await (await fetch(`${server.url}/v1/jobs/${id}`, { headers: { "X-Anonymous-Token": token } })).json();
    expect(job).toMatchObject({ status: "succeeded", params: { face: 1, preset: "big_smile" } });
    await close();
  });

  test("a photo that the browser cannot show is one that the server can read", async () => {
    const { page, close } = await openPage(browser, server.url);
    await openStudio(page, { name: "photo.heic", mimeType: "", buffer: readFileSync(HEIC) });
    await page.getByText("This browser cannot show this type of picture").waitFor();
    await make(page, "nod");
    await awaitResult(page);
    await close();
  });

  test("a large photo is made smaller before it is sent", async () => {
    const { page, close } = await openPage(browser, server.url);
    const sizes: number[] = [];
    page.on("request", (request) => {
      const { content_type, size } = (request.postDataJSON?.() ?? {}) as { content_type?: string; size?: number };
      if (request.url().endsWith("/v1/uploads")) sizes.push(content_type === "image/jpeg" ? size! : -1);
    });
    const large = await page.evaluate<number[]>(`(async () => {
      const photo = await createImageBitmap(await (await fetch("example.jpg")).blob());
      const canvas = new OffscreenCanvas(5000, 5000);
      canvas.getContext("2d").drawImage(photo, 0, 0, 5000, 5000);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 1 })).arrayBuffer())];
    })()`);
    await openStudio(page, { name: "large.jpg", mimeType: "image/jpeg", buffer: Buffer.from(large) });
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeGreaterThan(0);
    expect(sizes[0]).toBeLessThan(large.length / 3);
    await close();
  });

  test("a photo says a text", async () => {
    const { page, faults, close } = await openPage(browser, server.url);
    await openStudio(page, GRACE_HOPPER);
    await page.getByRole("tab", { name: "Say something" }).click();
    expect(await page.getByRole("button", { name: "Make the video" }).isDisabled()).toBe(true);
    await page.getByLabel("Text").fill("Good morning!");
    await page.getByRole("checkbox", { name: /everybody shown agrees/ }).check();
    await page.getByRole("button", { name: "Make the video" }).click();
    await awaitResult(page);
    expect(await page.evaluate("document.querySelector('.player video').duration")).toBeGreaterThan(0.5);
    const token = await page.evaluate<string>("localStorage['smileloop.token']");
    const [, id] = /#job\/(.*)$/.exec(page.url())!;
    const job = await (await fetch(`${server.url}/v1/jobs/${id}`, { headers: { "X-Anonymous-Token": token } })).json();
    expect(job).toMatchObject({ params: { text: "Good morning!" }, outputs: { video: { audio: { channels: 1 } } } });
    expect(faults).toEqual([]);
    await close();
  });

  test("without a network the page still opens", async () => {
    const { page, close } = await openPage(browser, server.url);
    await page.evaluate("navigator.serviceWorker.ready");
    await until(page, "caches.keys().then((names) => names.length === 1)");
    await page.reload();
    await page.context().setOffline(true);
    await page.reload();
    await page.getByRole("heading", { name: "A smile comes out." }).waitFor();
    await page.getByText("You are offline.").waitFor();
    await close();
  });

  test("a server with keys asks for one", async () => {
    const closed = await startServer({ env: { API_KEY: "a-key-that-is-long-enough-for-a-server" } });
    try {
      const { page, close } = await openPage(browser, closed.url);
      await page.getByLabel("API key").fill("a-key-that-is-long-enough-for-a-server");
      await page.getByRole("button", { name: "Use the key" }).click();
      await openStudio(page, ASTRONAUT);
      await close();
    } finally {
      await closed.stop();
    }
  });
});
