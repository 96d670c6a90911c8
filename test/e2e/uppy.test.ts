/** The recipe of docs/sdk.md with the real Uppy, in a page of another origin. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { startServer } from "../support/server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** What a page has around the recipe: a file that somebody chose, and a place for what came out. */
const AROUND = `
uppy.on("upload-error", (file, error) => (window.said = String(error)));
window.send = async (bytes) =>
  uppy.addFile({ name: "photo.jpg", type: "image/jpeg", data: new Blob([Uint8Array.from(bytes)], { type: "image/jpeg" }) }) &&
  uppy.upload();`;

test.skipIf(CHROMIUM === null)("a photo that Uppy uploads becomes a clip", async () => {
  const page = await serve();
  const server = await startServer({ env: { CORS_ORIGINS: page.url } });
  const browser = await openChromium();
  try {
    page.script = await recipe(server.url);
    const tab = await browser.newPage();
    await tab.goto(page.url);
    await tab.waitForFunction("window.send !== undefined");
    await tab.evaluate(`window.send(${bytesOf(ASTRONAUT)})`);
    await tab.waitForFunction("window.said !== undefined");
    expect(await tab.evaluate("window.said")).toBe("succeeded video/mp4");
  } finally {
    await browser.close();
    await server.stop();
    page.server.close();
  }
});

function bytesOf(path: string): string {
  return JSON.stringify([...readFileSync(path)]);
}

/** The documented lines, which end with a clip, for this server, as a bundle. */
async function recipe(api: string): Promise<string> {
  const text = readFileSync(join(ROOT, "docs/sdk.md"), "utf8");
  const [, lines = ""] = /```js\n(import Uppy[\s\S]*?)```/.exec(text) ?? [];
  const told = lines
    .replace("http://localhost:8000", api)
    .replace(
      /smileloop\.animate\((.*)\)\);/,
      'smileloop.animate($1).then(({ job, output }) => (window.said = job.status + " " + output.content_type), (error) => (window.said = String(error))));',
    );
  const folder = mkdtempSync(join(tmpdir(), "smileloop-uppy-"));
  try {
    writeFileSync(join(folder, "page.js"), `${told}\n${AROUND}`);
    const { outputFiles } = await build({
      entryPoints: [join(folder, "page.js")],
      ...{ bundle: true, write: false, format: "esm", absWorkingDir: ROOT, nodePaths: [join(ROOT, "node_modules")] },
      alias: { "@smileloop/sdk": join(ROOT, "packages/sdk/src/index.ts") },
    });
    return outputFiles[0]!.text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Page = { url: string; script: string; server: Server };

async function serve(): Promise<Page> {
  const page: Page = { url: "", script: "", server: createServer() };
  page.server.on("request", (request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? page.script : `<!doctype html><script type="module" src="/page.js"></script>`);
  });
  await new Promise<void>((done) => page.server.listen(0, "127.0.0.1", done));
  page.url = `http://127.0.0.1:${(page.server.address() as AddressInfo).port}`;
  return page;
}
