/** Strangers ask the page whether a file was made here. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { endOf, type Job, postJob, upload } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { expectAccessible, openPage, PHONE } from "./support.ts";

let server: ServerProcess;
let browser: Browser;
/** A clip as it was downloaded. */
let clip: Buffer;

beforeAll(async () => {
  if (!CHROMIUM) return;
  [server, browser] = await Promise.all([startServer({ env: { WARP_PROCESSES: "1" } }), openChromium()]);
  const image = await upload(server.url, readFileSync(ASTRONAUT));
  const { id } = (await (await postJob(server.url, image)).json()) as Job;
  const { outputs } = await endOf(server.url, id);
  clip = Buffer.from(await (await fetch(outputs.video!.url)).arrayBuffer());
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test("a clip that is chosen was made here; changed after it was signed, it probably was", async () => {
    const { page, faults, close } = await openPage(browser, server.url, { viewport: PHONE, colorScheme: "dark" });
    const verdict = page.locator(".verify [role=status]");
    const choose = async (file: Parameters<typeof page.setInputFiles>[1]) => {
      await page.locator(".verify input[type=file]").setInputFiles(file);
      await page.getByRole("button", { name: "Check another file" }).waitFor();
      return (await verdict.innerText()).split("\n").filter((line) => line !== "");
    };
    expect(await choose({ name: "clip.mp4", mimeType: "video/mp4", buffer: clip })).toEqual([
      "Made here",
      "clip.mp4",
      "It was signed here and not changed since.",
    ]);
    await expectAccessible(page, "made here");
    const changed = Buffer.from(clip).fill(0, clip.length - 400, clip.length - 200);
    const [title, , , signature] = await choose({ name: "changed.mp4", mimeType: "video/mp4", buffer: changed });
    expect([title, signature]).toEqual([
      "Probably made here",
      "It was changed after it was signed, or its signature cannot be read.",
    ]);
    expect(await choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") })).toHaveLength(1);
    expect(await verdict.locator(".fault").count()).toBe(1);
    expect(faults).toEqual([]);
    await close();
  });

  test("a photo that is dropped there has no mark, and is not taken for one to animate", async () => {
    const { page, faults, close } = await openPage(browser, server.url, { locale: "ar" });
    const area = page.locator(".verify .drop-area");
    const dropped = await page.evaluateHandle(
      `(() => {
        const bytes = Uint8Array.from(atob(${JSON.stringify(readFileSync(ASTRONAUT).toString("base64"))}), (letter) => letter.charCodeAt(0));
        const held = new DataTransfer();
        held.items.add(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
        return held;
      })()`,
    );
    await area.dispatchEvent("dragover", { dataTransfer: dropped });
    expect(await page.locator(".dropping").count()).toBe(0);
    await area.dispatchEvent("drop", { dataTransfer: dropped });
    await page.getByRole("heading", { name: "لم نجد علامة لنا" }).waitFor();
    await expectAccessible(page, "no mark");
    expect(await page.locator(".hero").count()).toBe(1);
    expect(faults).toEqual([]);
    await close();
  });
});
