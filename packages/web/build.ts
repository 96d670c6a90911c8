/**
 * Writes `dist/`: `index.html`, what has to lie beside it, the operator's page in `app/`, and in `page/` the files of both that are named by
 * their contents. A server that runs from its sources calls it where `dist/` is missing or older than they are (`functions/setup/page.ts`).
 */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, type InlineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const dist = join(root, "dist");
// two servers that start at once do not write over each other
const fresh = `${dist}.${process.pid}`;

/** Asks Chrome to compile the functions of a script beside the page's own work, while it is loaded, and not one by one when they are called. */
const compiledEarly: Plugin = {
  name: "compiled-early",
  enforce: "post",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle))
      if (file.type === "chunk" && file.isEntry) file.code = `//# allFunctionsCalledOnLoad\n${file.code}`;
  },
};

const config = (input: string, more: InlineConfig["build"] = {}): InlineConfig => ({
  root,
  configFile: false,
  plugins: [compiledEarly],
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
    rollupOptions: { input: join(root, input) },
    ...more,
  },
});

await build(config("index.html"));
// by itself, so that the page for people loads nothing of it, and no more files than without it
await build(config("app/jobs.html", { emptyOutDir: false, copyPublicDir: false }));
rmSync(dist, { recursive: true, force: true });
try {
  renameSync(fresh, dist);
} catch {
  // another one was as quick, and has written the same
  rmSync(fresh, { recursive: true, force: true });
}
