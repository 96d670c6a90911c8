/** Assets out of npm packages and the presets' folder: those of a server that runs from its sources. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { type Assets, PAGE_ASSETS } from "./assets.ts";

const require = createRequire(import.meta.url);
const fromPackage = (file: string) => () => readFile(require.resolve(file));

const ownFile = (file: string) => () => readFile(new URL(`../assets/${file}`, import.meta.url));

const PAGE_FILES: Record<string, () => Promise<Uint8Array>> = {
  "docs/swagger-ui.js": fromPackage("swagger-ui-dist/swagger-ui-bundle.js"),
  "docs/swagger-ui.css": fromPackage("swagger-ui-dist/swagger-ui.css"),
  "redoc/redoc.js": redocScript,
  // the photo is Grace Hopper's (US Navy, public domain), also in `test/fixtures`
  "home/example.jpg": ownFile("example.jpg"),
  "home/example.webp": ownFile("big_smile.webp"),
  "home/still.jpg": ownFile("still.jpg"),
  "home/favicon.ico": ownFile("favicon.ico"),
};

/** Previews are the `.webp` files in the folder `previews` of each folder of presets. */
export function packageAssets(presetsDir: string, ...more: (string | undefined)[]): Assets {
  const previews = new Map([presetsDir, ...more.filter((dir) => dir !== undefined)].flatMap(previewsIn));
  const names = new Set([...PAGE_ASSETS, ...previews.keys()]);
  return {
    names,
    async read(name) {
      const preview = previews.get(name);
      if (preview !== undefined) return readFile(preview);
      const read = PAGE_FILES[name];
      if (!read) throw new AppError("not_found", "There is no such file.");
      return read();
    },
  };
}

/** Assets and their files. */
function previewsIn(presetsDir: string): [string, string][] {
  const folder = join(presetsDir, "previews");
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(".webp"));
  return files.map((file) => [`previews/${file}`, join(folder, file)]);
}

/** ReDoc shows its maker's logo beside its name, from the maker's site; here it gets our icon. */
async function redocScript(): Promise<Uint8Array> {
  const script = await readFile(require.resolve("redoc/bundles/redoc.standalone.js"), "utf8");
  return Buffer.from(script.replaceAll("https://cdn.redoc.ly/redoc/logo-mini.svg", "docs/icon.svg"));
}
