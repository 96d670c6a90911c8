/** Assets out of npm packages, the presets' folder and that of the built page: those of a server that runs from its sources. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
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

type Folders = {
  /** Previews are the `.webp` files in the folder `previews` of each. */
  presetsDirs: readonly (string | undefined)[];
  /** The built page; absent or missing: there is none. */
  pageDir?: string | undefined;
};

export function packageAssets({ presetsDirs, pageDir }: Folders): Assets {
  const given = presetsDirs.filter((dir) => dir !== undefined);
  const files = new Map([...given.flatMap(previewsIn), ...(pageDir === undefined ? [] : pageIn(pageDir))]);
  const names = new Set([...PAGE_ASSETS, ...files.keys()]);
  return {
    names,
    async read(name) {
      const file = files.get(name);
      if (file !== undefined) return readFile(file);
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

/** All files of the page lie in one folder for clients. */
function pageIn(pageDir: string): [string, string][] {
  if (!existsSync(pageDir)) return [];
  const entries = readdirSync(pageDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ name, parentPath }) => [`page/${basename(name)}`, join(parentPath, name)]);
}

/** ReDoc shows its maker's logo beside its name, from the maker's site; here it gets our icon. */
async function redocScript(): Promise<Uint8Array> {
  const script = await readFile(require.resolve("redoc/bundles/redoc.standalone.js"), "utf8");
  return Buffer.from(script.replaceAll("https://cdn.redoc.ly/redoc/logo-mini.svg", "docs/icon.svg"));
}
