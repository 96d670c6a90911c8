/** Builds `src/warp/canvas/kernel.wasm` from `kernel.wat`; a test holds that the two belong together. */
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

const SOURCE = new URL("../src/warp/canvas/kernel.wat", import.meta.url);
export const KERNEL = new URL("../src/warp/canvas/kernel.wasm", import.meta.url);

export async function buildKernel(): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const module = parseWat("kernel.wat", readFileSync(SOURCE, "utf8"), { simd: true, bulk_memory: true });
  module.validate();
  return module.toBinary({}).buffer;
}

if (import.meta.main) {
  const bytes = await buildKernel();
  writeFileSync(KERNEL, bytes);
  console.log(`kernel.wasm: ${bytes.length} bytes`);
}
