/**
 * Writes `dist/`: `index.html`, what has to lie beside it, and in `page/` the files that are named by their contents.
 * A server that runs from its sources calls it where `dist/` is missing or older than they are (`functions/setup/page.ts`).
 */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const root = import.meta.dirname;
const dist = join(root, "dist");
// two servers that start at once do not write over each other
const fresh = `${dist}.${process.pid}`;

await build({
  root,
  configFile: false,
  // named relative to the page, so that it works behind a proxy that puts a path before ours
  base: "./",
  logLevel: "warn",
  build: {
    outDir: fresh,
    assetsDir: "page",
    // the policy of the page allows files of its server only, no data: addresses
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
  },
});
rmSync(dist, { recursive: true, force: true });
try {
  renameSync(fresh, dist);
} catch {
  // another one was as quick, and has written the same
  rmSync(fresh, { recursive: true, force: true });
}
