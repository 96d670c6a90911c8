import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Files } from "@smileloop/core/files.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testApi } from "../../../../test/support/api.ts";
import { PRESETS_FOLDER } from "../../../../test/support/presets.ts";
import { packageAssets } from "../package-assets.ts";

/** A page as the builder writes it. */
const dir = mkdtempSync(join(tmpdir(), "smileloop-page-"));
beforeAll(() => {
  mkdirSync(join(dir, "page"));
  writeFileSync(join(dir, "index.html"), '<!doctype html><meta name="smileloop" content="%FACTS%">');
  writeFileSync(join(dir, "service-worker.js"), "// keeps the page");
  writeFileSync(join(dir, "manifest.webmanifest"), "{}");
  writeFileSync(join(dir, "page/index-abc.js"), "// the page");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const assets = () => packageAssets({ presetsDirs: [PRESETS_FOLDER], pageDir: dir });
type Options = Parameters<typeof testApi>;
const apiWith = (config: Options[0] = {}, deps: Options[1] = {}) => testApi(config, { assets: assets(), ...deps });
const ask = (api: ReturnType<typeof testApi>, path: string, headers: Record<string, string> = {}) =>
  api.app.fetch(new Request(`http://localhost${path}`, { headers }));
const asBrowser = { Accept: "text/html,*/*;q=0.8" };

it("browsers get the page with the facts of the installation, programs links, and the other page stays", async () => {
  const api = apiWith({ access: { keys: new Map(), anonymous: true } }, { lifeMs: 600_000 });
  const page = await ask(api, "/", asBrowser);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.headers.get("cache-control")).toBe("no-cache");
  expect(page.headers.get("vary")).toBe("Accept");
  const [, content] = /content="([^"]*)"/.exec(await page.text())!;
  expect(JSON.parse(content!.replaceAll("&quot;", '"'))).toEqual({
    access: "browser",
    lifeSeconds: 600,
    version: "1.2.3",
  });
  expect(await (await ask(api, "/", { Accept: "*/*" })).json()).toMatchObject({ name: "SmileLoop" });
  expect(await (await ask(api, "/developers")).text()).toContain("Two lines in a terminal");
  const again = await ask(api, "/", { ...asBrowser, "If-None-Match": page.headers.get("etag")! });
  expect(again.status).toBe(304);
});

it("what it loads never changes, and what keeps its name is asked for again", async () => {
  const api = apiWith();
  const script = await ask(api, "/page/index-abc.js");
  expect([script.status, await script.text()]).toEqual([200, "// the page"]);
  expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  for (const path of ["/service-worker.js", "/manifest.webmanifest"]) {
    const { status, headers } = await ask(api, path);
    expect([path, status, headers.get("cache-control")]).toEqual([path, 200, "no-cache"]);
  }
  for (const path of ["/page/index.html", "/page/none.js", "/page/..%2findex.html", "/page/a.txt", "/page/"]) {
    expect([path, (await ask(api, path)).status]).toEqual([path, 404]);
  }
});

it("its policy admits scripts of this server alone, and files from where they are", async () => {
  const policyOf = async (api: ReturnType<typeof testApi>) =>
    (await ask(api, "/", asBrowser)).headers.get("content-security-policy")!;
  const local = await policyOf(apiWith());
  expect(local).toContain("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;");
  expect(local).toContain("connect-src 'self';");
  expect(local).not.toMatch(/unsafe|\*|data:|https?:/);
  const link = async () => "https://bucket.s3.eu-central-1.amazonaws.com/assets/x?X-Amz-Signature=1";
  const files = { ...apiWith().deps.files, link } as Files;
  const cloud = await policyOf(apiWith({ publicUrl: "https://smile.example/a" }, { files, localLinks: null }));
  const places = "https://smile.example https://bucket.s3.eu-central-1.amazonaws.com";
  expect(cloud).toContain(`connect-src 'self' ${places};`);
  expect(cloud).toContain("script-src 'self';");
});
