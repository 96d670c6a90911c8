/**
 * `npm run bundle [-- --out dist]`: what a deployment uploads, each function in a folder of its own that needs nothing beside it.
 *
 *     dist/<function>/functions/<function>.mjs   its code, minified, with the parts that are loaded when they are needed
 *     dist/<function>/presets/*.json
 *     dist/<worker>/functions/c2pa*              what signs results, in a thread of its own
 *     dist/<worker>/node_modules/                the engine, which runs as a process of its own (`engine-bundle.ts`)
 *     dist/assets/                               what the API serves out of the storage, for `assetKey` of `api/assets.ts`
 */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { packageAssets } from "@smileloop/api/package-assets.ts";
import { buildPage, PAGE_DIR } from "../functions/setup/page.ts";
import { type BundledCode, bundleCode, packed, ROOT } from "./bundle-code.ts";
import { bundleEngine } from "./engine-bundle.ts";
import { readArgs } from "./options.ts";

const HELP = "npm run bundle -- [--out <folder>]    writes what a deployment uploads, into dist/ by default";

export const FUNCTIONS = ["api", "sweep", "webhooks", "worker-lambda", "worker"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Those that sign what they make and read marks: in threads, which have their programs beside them. */
const SIGNERS: readonly FunctionName[] = ["worker-lambda", "worker"];
const SIGNING_THREAD = join(ROOT, "packages/worker/src/signing/c2pa-thread.ts");
const FINDING_THREAD = join(ROOT, "packages/worker/src/marking/find-thread.ts");
const SIGNING_PROGRAM = join(ROOT, "node_modules/@contentauth/c2pa-wasm/pkg/c2pa_bg.wasm");

type Bundled = BundledCode & { dir: string };

/** Writes one function's code and presets to `<out>/<name>`, which is emptied first. */
export async function bundleFunction(name: FunctionName, out: string): Promise<Bundled> {
  const dir = join(out, name);
  rmSync(dir, { recursive: true, force: true });
  const signs = SIGNERS.includes(name);
  const entries = {
    [name]: join(ROOT, "functions", `${name}.ts`),
    ...(signs ? { "c2pa-thread": SIGNING_THREAD, "find-thread": FINDING_THREAD } : {}),
  };
  const code = await bundleCode(entries, join(dir, "functions"));
  if (signs) writeFileSync(join(dir, "functions/c2pa.wasm.br"), packed(readFileSync(SIGNING_PROGRAM)));
  mkdirSync(join(dir, "presets"), { recursive: true });
  const presets = readdirSync(join(ROOT, "presets")).filter((file) => file.endsWith(".json") && !/schema/.test(file));
  for (const file of presets) cpSync(join(ROOT, "presets", file), join(dir, "presets", file));
  return { dir, ...code };
}

/** Writes the files that the API serves out of the storage to `<out>/assets`. */
export async function bundleAssets(out: string): Promise<string[]> {
  await buildPage();
  const assets = packageAssets({ presetsDirs: [join(ROOT, "presets")], pageDir: PAGE_DIR });
  for (const name of assets.names) {
    const file = join(out, "assets", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await assets.read(name));
  }
  return [...assets.names];
}

/** Everything, into `out`, readable by the user that a function or a container runs as. */
export async function bundleAll(out: string): Promise<Record<FunctionName, Bundled>> {
  const bundled: Partial<Record<FunctionName, Bundled>> = {};
  for (const name of FUNCTIONS) bundled[name] = await bundleFunction(name, out);
  await Promise.all((["worker-lambda", "worker"] as const).map((name) => bundleEngine(join(out, name))));
  rmSync(join(out, "assets"), { recursive: true, force: true });
  await bundleAssets(out);
  openToAll(out);
  return bundled as Record<FunctionName, Bundled>;
}

/** Archives and images keep modes, and those of what was written or installed under a umask such as 077 let nobody else read. */
function openToAll(dir: string): void {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** Of a folder with all that is in it. */
export function folderBytes(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

if (import.meta.main) {
  const { values } = readArgs("bundle", HELP, { options: { out: { type: "string", default: "dist" } } });
  const out = resolve(values.out);
  for (const [name, { gzipBytes }] of Object.entries(await bundleAll(out))) {
    const whole = (folderBytes(join(out, name)) / 1e6).toFixed(1);
    console.log(
      `${name.padEnd(14)} ${(gzipBytes / 1000).toFixed(0).padStart(4)} kB of code gzipped, ${whole} MB in all`,
    );
  }
  console.log(`assets         ${(folderBytes(join(out, "assets")) / 1e6).toFixed(1)} MB`);
}
