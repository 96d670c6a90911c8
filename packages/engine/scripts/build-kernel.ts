/** Builds each `.wasm` of the engine from its `.wat`; tests hold that the two belong together. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

export const KERNEL = new URL("../src/warp/canvas/kernel.wasm", import.meta.url);
export const CONV = new URL("../src/faces/enhance/conv.wasm", import.meta.url);
export const CROP = new URL("../src/face/crop.wasm", import.meta.url);
export const NET = new URL("../src/face/net.wasm", import.meta.url);

/** From the file of the same name that ends in `.wat`. */
export async function buildKernel(wasm: URL): Promise<Uint8Array> {
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

if (import.meta.main) {
  for (const wasm of [KERNEL, CONV, CROP, NET]) {
    const bytes = await buildKernel(wasm);
    writeFileSync(wasm, bytes);
    console.log(`${basename(fileURLToPath(wasm))}: ${bytes.length} bytes`);
  }
}
