/** The page at `/` of a server that runs from its sources: built when it is missing, or older than what it is made of. */
import { execFile } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

const PACKAGES_DIR = join(import.meta.dirname, "../../packages");
const WEB = join(PACKAGES_DIR, "web");
/** The folder with the built page. */
export const PAGE_DIR = join(WEB, "dist");
const INDEX = join(PAGE_DIR, "index.html");
const SOURCES = ["web/{app,src,public}/**/*", "web/*.{html,ts,json}", "sdk/src/*.ts"];
const BUILD_LIMIT_MS = 5 * 60_000;

/**
 * Takes some two seconds after a change, else nothing. Where the builder is not installed (`npm ci --omit=dev`) what is there is served as
 * it is. Throws what the builder said.
 */
export async function buildPage(): Promise<void> {
  if (isFresh() || !hasBuilder()) return;
  // a process of its own: what it loads would stay in the memory of the server
  await promisify(execFile)(process.execPath, [join(WEB, "build.ts")], { timeout: BUILD_LIMIT_MS });
}

function isFresh(): boolean {
  if (!existsSync(INDEX)) return false;
  const builtMs = statSync(INDEX).mtimeMs;
  const files = globSync(SOURCES, { cwd: PACKAGES_DIR });
  return files.every((file) => statSync(join(PACKAGES_DIR, file)).mtimeMs <= builtMs);
}

function hasBuilder(): boolean {
  try {
    createRequire(join(WEB, "package.json")).resolve("vite/package.json");
    return true;
  } catch {
    return false;
  }
}
