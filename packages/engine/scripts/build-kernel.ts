/** Builds each `.wasm` of the engine from its source; tests hold that the two belong together. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

export const KERNEL = new URL("../src/warp/canvas/kernel.wasm", import.meta.url);
export const MARK = new URL("../src/media/mark.wasm", import.meta.url);
export const CONV = new URL("../src/faces/enhance/conv.wasm", import.meta.url);
export const CROP = new URL("../src/face/crop.wasm", import.meta.url);
export const NET = new URL("../src/face/net.wasm", import.meta.url);
export const LAYERS = new URL("../src/face/layers.wasm", import.meta.url);

/** Another release of Clang builds other bytes. Debian 12: `apt-get install clang lld`. */
export const CLANG = "14.0.6";
const FLAGS = ["--target=wasm32", "-nostdlib", "-O3", "-msimd128", "-Wall", "-Wextra", "-Werror"];
/** The memory is laid out by the caller alone: no data, and a stack of no size, whose use is a trap. */
const LINKED = ["--no-entry", "--import-memory", "--strip-all", "-zstack-size=0"].map((flag) => `-Wl,${flag}`);
const DATA_SECTION = 11;

/** Why a kernel in C cannot be built here; undefined where it can. */
export function cannotBuild(): string | undefined {
  const { stdout } = spawnSync("clang", ["--version"], { encoding: "utf8" });
  const version = /version (\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1];
  if (version !== CLANG)
    return `Clang ${CLANG} builds the same bytes; here is ${version ? `Clang ${version}` : "none"}`;
  return spawnSync("wasm-ld", ["--version"]).error ? "wasm-ld (lld) is not installed" : undefined;
}

/** From the file of the same name that ends in `.c`. Throws where `cannotBuild` says why, or where the source has an error. */
export function buildKernel(wasm: URL): Uint8Array {
  const reason = cannotBuild();
  if (reason) throw new Error(reason);
  const dir = mkdtempSync(join(tmpdir(), "smileloop-kernel-"));
  try {
    const out = join(dir, "kernel.wasm");
    execFileSync("clang", [...FLAGS, ...LINKED, "-o", out, fileURLToPath(wasm).replace(/\.wasm$/, ".c")]);
    const bytes = readFileSync(out);
    if (sectionsOf(bytes).includes(DATA_SECTION)) throw new Error(`${basename(fileURLToPath(wasm))} has data`);
    return bytes;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** From the file of the same name that ends in `.wat`. */
export async function buildText(wasm: URL): Promise<Uint8Array> {
  const source = fileURLToPath(wasm).replace(/\.wasm$/, ".wat");
  const { parseWat } = await wabt();
  const module = parseWat(basename(source), readFileSync(source, "utf8"), {
    simd: true,
    relaxed_simd: true,
    bulk_memory: true,
  });
  module.validate();
  return module.toBinary({}).buffer;
}

/** Ids, in order (WebAssembly core 1.0, 5.5.2). */
function sectionsOf(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return ids;
}

if (import.meta.main) {
  const texts = [CONV, CROP, NET, LAYERS];
  const built = await Promise.all(texts.map(async (wasm) => [wasm, await buildText(wasm)] as const));
  const kernels = [KERNEL, MARK].map((wasm) => [wasm, buildKernel(wasm)] as const);
  for (const [wasm, bytes] of [...kernels, ...built]) {
    writeFileSync(wasm, bytes);
    console.log(`${basename(fileURLToPath(wasm))}: ${bytes.length} bytes`);
  }
}
