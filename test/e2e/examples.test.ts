/** The programs in README.md and docs/api.md, as they stand there, against the real server. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { GRACE_HOPPER } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
/** The first block of this language. */
function example(page: string, language: string): string {
  const [, block] = new RegExp(`^\`\`\`${language}$(.*?)^\`\`\`$`, "ms").exec(readFileSync(join(ROOT, page), "utf8"))!;
  return block!;
}

/** The page's own server, of another origin than the API. */
const pages = createServer((_request, reply) => {
  const html = example("docs/api.md", "html").replaceAll("http://localhost:8000", server.url);
  reply.setHeader("Content-Type", "text/html; charset=utf-8").end(html);
});
let server: ServerProcess;
let origin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  server = await startServer({ env: { LOG_LEVEL: "warn", WARP_PROCESSES: "1", CORS_ORIGINS: origin } });
});
afterAll(async () => {
  pages.closeAllConnections();
  pages.close();
  await server?.stop();
});

test("README.md: four calls with fetch make a clip of a photo", async () => {
  const code = example("README.md", "js").replaceAll("http://localhost:8000", server.url);
  const run = new Function("photo", `return (async () => { ${code}; return clip; })();`) as (
    photo: Blob,
  ) => Promise<Blob>;
  const clip = await run(new Blob([readFileSync(GRACE_HOPPER)], { type: "image/jpeg" }));
  expect(clip.type).toBe("video/mp4");
  expect(
    Buffer.from(await clip.arrayBuffer())
      .subarray(4, 8)
      .toString(),
  ).toBe("ftyp");
});

describe.skipIf(!CHROMIUM)("docs/api.md: the web page (needs Chromium)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());

  test("uploads a photo, shows progress and plays the video", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(origin);
    await page.setInputFiles("#photo", GRACE_HOPPER);
    await page.waitForFunction(
      "document.querySelector('video').readyState >= 2 && document.querySelector('video').videoWidth > 0",
    );
    expect(await page.textContent("#says")).toBe("succeeded");
    expect(await page.evaluate("document.querySelector('progress').value")).toBe(100);
  });

  test("says what is wrong with a file that is not a photo", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(origin);
    await page.setInputFiles("#photo", {
      name: "photo.jpg",
      mimeType: "image/jpeg",
      buffer: Buffer.from("not a photo"),
    });
    await page.waitForFunction("document.querySelector('#says').textContent !== ''");
    expect(await page.textContent("#says")).toMatch(/image\/jpeg/);
  });
});
