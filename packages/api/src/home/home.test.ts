import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../../test/support/api.ts";
import { CHROMIUM, openChromium } from "../../../../test/support/chromium.ts";
import { PATIENCE_MS } from "../../../../test/support/processes.ts";

let api: TestApi;
beforeAll(async () => {
  api = testApi();
  await api.listen();
});
afterAll(() => api.close());

const asBrowser = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const get = (path: string, headers: Record<string, string> = {}) => fetch(api.url + path, { headers });

it("a browser gets a page; what it loads and leads to is there", async () => {
  const reply = await get("/", asBrowser);
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
  expect(reply.headers.get("vary")).toBe("Accept");
  expect(reply.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'self'; img-src 'self'/);
  const page = await reply.text();
  expect(page).not.toMatch(/<script|style="|https?:\/\/(?!localhost|127\.0\.0\.1)/);
  const named = [...page.matchAll(/(?:href|src|srcset)="([^"#]+)"/g)].map(([, path]) => path!);
  expect(named).toEqual(expect.arrayContaining(["docs", "redoc", "openapi.json", "home.css", "home/example.webp"]));
  for (const path of new Set(named)) {
    const found = await fetch(new URL(path, `${api.url}/`));
    expect([path, found.status]).toEqual([path, 200]);
    await found.arrayBuffer();
  }
  for (const name of api.deps.presets.keys()) expect(page).toContain(`<h3>${name}</h3>`);
  expect(page).toContain("SmileLoop 1.2.3");
});

it("a program gets links that work", async () => {
  for (const accept of ["application/json", "*/*"]) {
    const links = (await (await get("/", { Accept: accept })).json()) as Record<string, string>;
    const { name, version, ...addresses } = links;
    expect([name, version]).toEqual(["SmileLoop", "1.2.3"]);
    for (const address of Object.values(addresses))
      expect([address, (await fetch(address)).status]).toEqual([address, 200]);
  }
});

it("the command lines fetch a portrait and send it; with keys, they send one", async () => {
  const page = await (await get("/", asBrowser)).text();
  expect(page).toContain(`curl -sSO ${api.url}/example.jpg\n`);
  expect(page).toContain(`-F source_image=@example.jpg -F preset=big_smile ${api.url}/animate -o smile.mp4`);
  expect(page).not.toContain("SMILELOOP_KEY");
  const photo = await get("/example.jpg");
  expect(photo.headers.get("content-type")).toBe("image/jpeg");
  expect([...new Uint8Array(await photo.arrayBuffer()).slice(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  const closed = testApi({ access: { keys: new Map(), anonymous: true }, publicUrl: "https://a.example/smile" });
  const ask = (path: string) => closed.app.fetch(new Request(`http://localhost${path}`, { headers: asBrowser }));
  const locked = await (await ask("/")).text();
  expect(locked).toContain("curl -sSO https://a.example/smile/example.jpg\n");
  expect(locked).toContain("-H &quot;Authorization: Bearer $SMILELOOP_KEY&quot;");
  for (const path of ["/home.css", "/home/still.jpg", "/favicon.svg", "/favicon.ico", "/example.jpg"]) {
    expect([path, (await ask(path)).status]).toEqual([path, 200]);
  }
});

it("the icon is there by the name that browsers ask for", async () => {
  const icon = await get("/favicon.ico");
  expect([icon.status, icon.headers.get("content-type")]).toEqual([200, "image/x-icon"]);
  expect([...new Uint8Array(await icon.arrayBuffer()).slice(0, 6)]).toEqual([0, 0, 1, 0, 3, 0]);
});

it("a preset without a preview has its place, and text is not HTML", async () => {
  const preset = { ...api.deps.presets.get("nod")!, name: "bow", description: "<b>&" };
  const own = testApi({}, { presets: new Map([["bow", preset]]) });
  const page = await (await own.app.fetch(new Request("http://localhost/", { headers: asBrowser }))).text();
  expect(page).toContain('<li><span class="none" aria-hidden="true"></span><h3>bow</h3><p>&lt;b&gt;&amp;</p></li>');
});

describe.skipIf(!CHROMIUM)("in Chromium", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await openChromium();
  }, PATIENCE_MS);
  afterAll(() => browser?.close());

  it.each([360, 1280])("at %i pixels it breaks no policy and needs no scrolling sideways", async (width) => {
    page = await browser.newPage({ viewport: { width, height: 800 } });
    const faults: string[] = [];
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("requestfailed", (request) => faults.push(request.url()));
    await page.goto(api.url, { waitUntil: "load" });
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    const shown = page.locator("figure img, .presets img").first();
    expect(await shown.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(288);
    expect(faults).toEqual([]);
    await page.close();
  });
});
