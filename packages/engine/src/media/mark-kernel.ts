/** The SIMD kernel that marks pictures (`mark.c`), on a memory of its caller's layout. */
import { readFileSync } from "node:fs";

/** Arguments as `mark.c` has them; places in memory in bytes. */
export type MarkKernel = {
  shrink(samples: number, width: number, step: number, share: number, out: number): void;
  measure(...args: number[]): void;
  line(...args: number[]): void;
  add(luma: number, plane: number, count: number): void;
  moving(...args: number[]): void;
  differ(...args: number[]): number;
};

/** Bytes after each part of the memory that the kernel may read. */
const BEYOND = 16;
const ALIGNED = 16;

/** `reserve` says where each part begins, and how many bytes all have together. */
export function reserver(): { reserve(bytes: number): number; total(): number } {
  let end = ALIGNED;
  return {
    reserve(bytes) {
      const start = end;
      end += Math.ceil((bytes + BEYOND) / ALIGNED) * ALIGNED;
      return start;
    },
    total: () => end,
  };
}

let compiled: object | undefined;

export function startMarkKernel(bytes: number): { kernel: MarkKernel; buffer: ArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) });
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./mark.wasm", import.meta.url)));
  const kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as MarkKernel;
  return { kernel, buffer: memory.buffer };
}
