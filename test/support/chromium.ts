/** Chromium for tests of pages: the machine's own, which can reach nothing but loopback. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { PATIENCE_MS } from "./processes.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Where it is, or null: then tests that need it are skipped. */
export const CHROMIUM: string | null =
  (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((dir) => NAMES.map((name) => join(dir, name)))
    .find((path) => existsSync(path)) ?? null;

/** `more`: further flags of its command line. */
export function openChromium(more: readonly string[] = []): Promise<Browser> {
  if (!CHROMIUM) throw new Error("There is no Chromium on the PATH.");
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, ...more], timeout: PATIENCE_MS });
}
