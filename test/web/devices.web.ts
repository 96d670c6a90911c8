/** The other ways in and out of the page: camera, clipboard, dropped files, microphone, share sheet, and a slow network. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { endOf, postJson } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { awaitResult, make, openPage, openStudio, until } from "./support.ts";

let server: ServerProcess;
let browser: Browser;
let dir: string;

beforeAll(async () => {
  if (!CHROMIUM) return;
  dir = mkdtempSync(join(tmpdir(), "smileloop-devices-"));
  server = await startServer();
  const [face, voice] = [join(dir, "face.mjpeg"), join(dir, "voice.wav")];
  const frame = await sharp(ASTRONAUT).resize(640, 640).jpeg().toBuffer();
  writeFileSync(face, Buffer.concat(Array.from({ length: 10 }, () => frame)));
  writeFileSync(voice, await said("Good morning. This is my own voice, and it is heard all the time."));
  browser = await openChromium([
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-video-capture=${face}`,
    `--use-file-for-fake-audio-capture=${voice}`,
  ]);
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  if (dir) rmSync(dir, { recursive: true });
});

async function said(text: string): Promise<Buffer> {
  const created = await postJson(`${server.url}/v1/jobs`, { kind: "speak", params: { text, format: "wav" } });
  const { outputs } = await endOf(server.url, ((await created.json()) as { id: string }).id);
  return Buffer.from(await (await fetch(outputs.audio!.url)).arrayBuffer());
}

/** Gives the page a photo by an event that carries files, as browsers make it of a paste or a drop. */
async function bring(page: Page, event: "paste" | "drop"): Promise<void> {
  const bytes = readFileSync(ASTRONAUT).toString("base64");
  await page.evaluate(
    `(() => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(bytes)}), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], "me.jpg", { type: "image/jpeg" }));
      const made = { paste: () => new ClipboardEvent("paste", { clipboardData: data, bubbles: true }),
        drop: () => new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }) };
      document.body.dispatchEvent(made[${JSON.stringify(event)}]());
    })()`,
  );
  await page.waitForSelector(".tile input:checked");
}

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test("the camera takes a photo, and is let go", async () => {
    const { page, faults, close } = await openPage(browser, server.url, { permissions: ["camera"] });
    await page.evaluate(
      `(() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => (window.given = await ask(wanted));
      })()`,
    );
    await page.getByRole("button", { name: "Take a photo" }).click();
    await page.getByRole("button", { name: "Take it" }).click();
    await page.waitForSelector(".tile input:checked");
    expect(await page.evaluate("given.getTracks().map(({ readyState }) => readyState)")).toEqual(["ended"]);
    expect(faults).toEqual([]);
    await close();
  });

  test("a camera that is not allowed is said, and the dialog can be left", async () => {
    const { page, close } = await openPage(browser, server.url);
    await page.getByRole("button", { name: "Take a photo" }).click();
    await page.getByText("The camera cannot be used.").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await openStudio(page, ASTRONAUT);
    await close();
  });

  test.each(["paste", "drop"] as const)("a photo comes by %s", async (event) => {
    const { page, faults, close } = await openPage(browser, server.url);
    await bring(page, event);
    // once more, in place of the first
    await bring(page, event);
    expect(faults).toEqual([]);
    await close();
  });

  test("a recording is what the photo says", async () => {
    const { page, faults, close } = await openPage(browser, server.url, { permissions: ["microphone"] });
    await openStudio(page, ASTRONAUT);
    await page.getByRole("tab", { name: "Say something" }).click();
    await page.getByText("Use a recording").click();
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await until(page, "/0:0[3-9]/.test(document.querySelector('.recording')?.textContent)");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByText("Sound: your recording").waitFor();
    await page.getByRole("checkbox", { name: /everybody shown agrees/ }).check();
    await page.getByRole("button", { name: "Make the video" }).click();
    await page.waitForURL(/#job\/[0-9a-f]{32}$/);
    await awaitResult(page);
    expect(await page.evaluate("document.querySelector('.player video').duration")).toBeGreaterThan(2.5);
    const [, id] = /#job\/(.*)$/.exec(page.url())!;
    const job = await endOf(server.url, id!);
    expect(job).toMatchObject({ kind: "talk", outputs: { video: { audio: { channels: 1 } } } });
    expect(faults).toEqual([]);
    await close();
  });

  test("the video is shared as a file, and its link is copied", async () => {
    const { page, close } = await openPage(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
    // Chromium has no share sheet without a screen
    await page.addInitScript(
      `navigator.canShare = ({ files }) => files?.[0]?.type === "video/mp4";
      navigator.share = async ({ files: [file] }) => { window.shared = { name: file.name, bytes: file.size }; };`,
    );
    await page.reload();
    await openStudio(page, ASTRONAUT);
    await make(page, "wink");
    await awaitResult(page);
    await page.getByRole("button", { name: "Share" }).click();
    const [, id] = /#job\/(.*)$/.exec(page.url())!;
    const { outputs } = await endOf(server.url, id!);
    expect(await page.evaluate("shared")).toEqual({
      name: `smileloop-wink-${id!.slice(0, 8)}.mp4`,
      bytes: (outputs.video as unknown as { bytes: number }).bytes,
    });
    await page.getByRole("button", { name: "Copy the link" }).click();
    await page.getByText("Copied.").waitFor();
    const link = await page.evaluate<string>("navigator.clipboard.readText()");
    const reply = await fetch(link);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "video/mp4"]);
    await close();
  });

  test("on a slow network the photo is seen on its way, and the video comes", async () => {
    const { page, faults, close } = await openPage(browser, server.url);
    const tools = await page.context().newCDPSession(page);
    await tools.send("Network.enable");
    // the `Slow 3G` of Chromium's developer tools
    const slow = { latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
    await tools.send("Network.emulateNetworkConditions", { offline: false, ...slow });
    await page.evaluate(
      `(() => {
        window.shares = new Set();
        new MutationObserver(() => {
          const bar = document.querySelector(".at-sending progress");
          if (bar) shares.add(bar.value);
        }).observe(document.body, { subtree: true, childList: true, attributes: true });
      })()`,
    );
    await openStudio(page, ASTRONAUT);
    expect(await page.evaluate("[...shares].filter((share) => share > 0).length")).toBeGreaterThan(1);
    await make(page, "blink");
    await awaitResult(page);
    expect(faults).toEqual([]);
    await close();
  });
});
