/** Assets out of npm packages and the presets' folder: those of a server that runs from its sources. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { type Assets, PAGE_ASSETS } from "./assets.ts";

const require = createRequire(import.meta.url);
const fromPackage = (file: string) => () => readFile(require.resolve(file));

const PAGE_FILES: Record<string, () => Promise<Uint8Array>> = {
  "docs/swagger-ui.js": fromPackage("swagger-ui-dist/swagger-ui-bundle.js"),
  "docs/swagger-ui.css": fromPackage("swagger-ui-dist/swagger-ui.css"),
  "redoc/redoc.js": redocScript,
};

/** Previews are what lies in the folder `previews` of the presets'. */
export function packageAssets(presetsDir: string): Assets {
  const folder = join(presetsDir, "previews");
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".webp")) : [];
  const names = new Set([...PAGE_ASSETS, ...files.map((file) => `previews/${file}`)]);
  return {
    names,
    async read(name) {
      if (!names.has(name)) throw new AppError("not_found", "There is no such file.");
      return PAGE_FILES[name]?.() ?? readFile(join(presetsDir, name));
    },
  };
}

/** ReDoc shows its maker's logo beside its name, from the maker's site; here it gets our icon. */
async function redocScript(): Promise<Uint8Array> {
  const script = await readFile(require.resolve("redoc/bundles/redoc.standalone.js"), "utf8");
  return Buffer.from(script.replaceAll("https://cdn.redoc.ly/redoc/logo-mini.svg", "docs/icon.svg"));
}
