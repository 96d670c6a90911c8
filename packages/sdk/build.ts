/** Writes `dist/`: one JavaScript file without dependencies, to be read in stack traces and made small by bundlers; and its types. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

rmSync(dist, { recursive: true, force: true });
await build({
  entryPoints: [join(here, "src/index.ts")],
  ...{ bundle: true, format: "esm", platform: "neutral", target: "es2022", sourcemap: true },
  outfile: join(dist, "index.js"),
});
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
execFileSync(process.execPath, [tsc, "-p", here], { stdio: "inherit" });
// older compilers look for `./x.js` beside `x.d.ts`
for (const name of readdirSync(dist).filter((name) => name.endsWith(".d.ts"))) {
  const path = join(dist, name);
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(/(from "\.\/[a-z-]+)\.ts"/g, '$1.js"'));
}
