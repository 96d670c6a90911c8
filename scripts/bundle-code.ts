/** Code with all that it imports, as files that need nothing beside them. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

export const ROOT = resolve(import.meta.dirname, "..");

/** `inputs`: the files that the code was made of, from the root of the repository. */
export type BundledCode = { gzipBytes: number; inputs: string[] };

/** Minified modules for Node 24. What is imported only when it is needed becomes a file of its own, and is not read before. */
export async function bundleCode(entryPoints: Record<string, string>, outdir: string): Promise<BundledCode> {
  const { metafile } = await build({
    entryPoints,
    outdir,
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    // most packages carry their code as modules as well, of which only what is used is taken
    mainFields: ["module", "main"],
    outExtension: { ".js": ".mjs" },
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
    legalComments: "none",
    metafile: true,
    logLevel: "error",
    plugins: [englishOnly],
  });
  const files = Object.keys(metafile.outputs).map((file) => readFileSync(join(ROOT, file)));
  const taken = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  return {
    gzipBytes: files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0),
    inputs: [...new Set(taken)].sort(),
  };
}

/** By brotli. Above quality 5 it takes many times as long, for 2 % less. */
export function packed(bytes: Uint8Array): Uint8Array {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN } = constants;
  return brotliCompressSync(bytes, { params: { [BROTLI_PARAM_QUALITY]: 5, [BROTLI_PARAM_LGWIN]: 24 } });
}

/** Zod brings its messages in some 50 languages; ours are English. */
const englishOnly: Plugin = {
  name: "english only",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer, resolveDir }) =>
      /[\\/]zod[\\/]v4[\\/]/.test(importer)
        ? { path: resolve(resolveDir, "../locales"), namespace: "english", sideEffects: false }
        : null,
    );
    onLoad({ filter: /./, namespace: "english" }, ({ path }) => ({
      contents: 'export { default as en } from "./en.js";',
      resolveDir: path,
    }));
  },
};
