/** The page as a deployment has it: bundled functions, assets in the bucket, photos and videos straight to and from the storage. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lanesOf } from "../../infra/policy/engines.ts";
import manifest from "../../package.json" with { type: "json" };
import { CHROMIUM, openChromium } from "../support/chromium.ts";
import { deliver } from "../support/lambda/event-source.ts";
import { startFunctionUrl } from "../support/lambda/function-url.ts";
import { openStack, type Stack } from "../support/lambda/home.ts";
import { startInvoke } from "../support/lambda/invoke.ts";
import type { Lambda } from "../support/lambda/runtime.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { awaitResult, changeAt, make, openPage, openStudio } from "./support.ts";

const LANES = lanesOf({ name: "warp" });

let stack: Stack;
let browser: Browser;
let url: string;
let serving: Promise<void>;
const closing: (() => Promise<unknown>)[] = [];
let stopped = false;

beforeAll(async () => {
  if (!CHROMIUM) return;
  // a browser on loopback speaks http; functions take their address to be https
  let api: Lambda | null = null;
  const front = await startFunctionUrl({ invoke: (event) => api!.invoke(event) });
  url = front.url;
  stack = await openStack(["api", "worker-lambda"], { engine: "warp", pages: [url] });
  await stack.putAssets(manifest.version);
  const worker = await stack.start("worker-lambda");
  const calls = await startInvoke({ "worker-lambda": await stack.start("worker-lambda") });
  const env = { INSPECT_FUNCTION: "worker-lambda", LAMBDA_ENDPOINT: calls.url, ANONYMOUS: "1", PUBLIC_URL: url };
  api = await stack.start("api", { env: { ...env, ALLOW_OPEN: "" } });
  browser = await openChromium();
  closing.push(() => browser.close(), front.close, calls.close);
  serving = (async () => {
    while (!stopped) {
      if (!(await deliver(stack.sqs, LANES, worker))) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
}, PATIENCE_MS);
afterAll(async () => {
  stopped = true;
  await serving;
  for (const close of closing) await close();
  await stack?.close();
});

describe.skipIf(CHROMIUM === null)("with Chromium", () => {
  test("a photo goes to the bucket, moves, becomes a video out of the bucket, and is deleted", async () => {
    const { page, faults, close } = await openPage(browser, url);
    const storage = stack.bucket.double.endpoint;
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (request.url().startsWith(storage)) elsewhere.push(request.method());
    });
    await openStudio(page, ASTRONAUT);
    await page.waitForSelector(".tile video[src^=blob]");
    await make(page, "big_smile");
    await awaitResult(page);
    expect(await changeAt(page, ".player video", 1.4)).toBeGreaterThan(0.5);
    expect(elsewhere).toContain("PUT");
    expect(elsewhere).toContain("GET");
    const [, id] = /#job\/(.*)$/.exec(page.url())!;
    const token = await page.evaluate<string>("localStorage['smileloop.token']");
    await page.getByRole("button", { name: "Delete now" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.waitForSelector(".hero");
    const gone = await fetch(`${url}/v1/jobs/${id}`, { headers: { "X-Anonymous-Token": token } });
    expect(gone.status).toBe(410);
    // to the storage of this deployment, and nowhere else
    expect(faults.filter((fault) => !fault.startsWith(storage))).toEqual([]);
    await close();
  });
});
