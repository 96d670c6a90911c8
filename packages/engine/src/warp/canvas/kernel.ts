/** The SIMD kernel (`kernel.c`) on a memory of its caller's layout, and the weights that it samples with. */
import { readFileSync } from "node:fs";

/** Frame around source planes, samples: the kernel reads up to two beyond the picture. Repeats the edge. */
export const BORDER = 4;
/** Bytes at the start of the kernel's memory that hold its weights. */
export const WEIGHTS = 2048;
/** Bytes that the kernel may read beyond the end of what it is told of. */
export const BEYOND = 16;

/** Arguments as `kernel.c` has them; places in memory in bytes. */
export type Kernel = {
  draw(picture: number): void;
  survey(picture: number, seen: number): void;
  invert(field: number): void;
  lighten(field: number, out: number, stride: number): void;
  enlarge(...args: number[]): void;
  map(...args: number[]): void;
};

let compiled: object | undefined;

/** The kernel on a memory of at least so many bytes, its weights written. */
export function startKernel(bytes: number): { kernel: Kernel; buffer: ArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((bytes + BEYOND) / 65536) });
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./kernel.wasm", import.meta.url)));
  const kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Kernel;
  writeWeights(new Int16Array(memory.buffer, 0, WEIGHTS / 2));
  return { kernel, buffer: memory.buffer };
}

/** Keys' parameter (1981, IEEE ASSP 29(6)); this is Catmull-Rom, the flattest there is. */
export const SHARPNESS = -0.5;

/** Weights of Keys' cubic for 256 phases; each four add up to 16384 exactly, so that flat areas stay flat. */
export function writeWeights(weights: Int16Array): void {
  for (let phase = 0; phase < 256; phase++) {
    const t = phase / 256;
    const a = SHARPNESS;
    const outer = (d: number): number => a * (d ** 3 - 5 * d * d + 8 * d - 4);
    const inner = (d: number): number => (a + 2) * d ** 3 - (a + 3) * d * d + 1;
    const exact = [outer(1 + t), inner(t), inner(1 - t), outer(2 - t)].map((weight) => Math.round(weight * 16384));
    const off = 16384 - exact.reduce((sum, weight) => sum + weight, 0);
    exact[t < 0.5 ? 1 : 2]! += off;
    weights.set(exact, phase * 4);
  }
}
