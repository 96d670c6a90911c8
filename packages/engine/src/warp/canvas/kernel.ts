/**
 * The picture and its frames in the memory of the SIMD kernel (`kernel.wat`): a still is put in once, then each frame begins as
 * a copy of it and the cells that move are drawn over it.
 */
import { readFileSync } from "node:fs";
import { doubled } from "./doubled.ts";
import type { Planes } from "./planes.ts";

/** Frame around source planes, pixels: the kernel reads up to two beyond the picture. Repeats the edge. */
export const BORDER = 4;
/** Bytes at the start of the kernel's memory that hold its weights. */
export const WEIGHTS = 2048;

/** The part of the global that is used here; TypeScript has it only together with the types of a browser. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
  Memory: new (options: { initial: number }) => { buffer: ArrayBuffer };
};

export type Kernel = {
  cells(...args: number[]): void;
  map(...args: number[]): void;
};

export type PlaneName = "y" | "u" | "v";

/** Where a plane lies: `src` is its first sample, doubled, inside the border, `out` its first pixel in the frame. */
type Layout = {
  width: number;
  height: number;
  src: number;
  stride: number;
  out: number;
  outStride: number;
  half: number;
};

export type Canvas = {
  width: number;
  height: number;
  /** Side of a cell of the grid, pixels; `columns` × `rows` cells cover the picture. */
  cell: number;
  columns: number;
  rows: number;
  /** For each node, row by row, (dx, dy) × 65536: from a place in the frame to the place in the still that is seen there. */
  grid: Int32Array;
  /** Begins a frame: the still, with every cell that moves drawn by `grid`. */
  draw(): void;
  /** The frame's plane, to read and write, and the length of its rows. */
  plane(name: PlaneName): { pixels: Uint8Array; stride: number };
  /**
   * Samples the still at the places in `mapX`, `mapY` (× 256, `count` of them from index `from` on, both multiples of 4) into
   * `samples` at the same index. Places are in pixels of that plane.
   */
  sample(name: PlaneName, from: number, count: number): void;
  mapX: Int32Array;
  mapY: Int32Array;
  samples: Uint8Array;
  /** The frame without padding: Y, then U, then V. Valid until the next `draw`. */
  frame(): Uint8Array;
};

let compiled: object | undefined;

/** The kernel on a memory of at least so many bytes, its weights written. */
export function startKernel(bytes: number): { kernel: Kernel; buffer: ArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./kernel.wasm", import.meta.url)));
  const kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Kernel;
  writeWeights(new Int16Array(memory.buffer, 0, WEIGHTS / 2));
  return { kernel, buffer: memory.buffer };
}

/** `mapSize`: how many places `sample` can take. */
export function createCanvas(still: Planes, { cell, mapSize }: { cell: 8 | 16; mapSize: number }): Canvas {
  const { width, height } = still;
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  const nodes = (columns + 1) * (rows + 1);
  let end = WEIGHTS;
  const reserve = (bytes: number): number => {
    const at = end;
    end = (end + bytes + 15) & ~15;
    return at;
  };
  const layouts: Record<PlaneName, Layout> = {
    y: planeLayout(width, height, 0, reserve),
    u: planeLayout(width / 2, height / 2, 1, reserve),
    v: planeLayout(width / 2, height / 2, 1, reserve),
  };
  const names: PlaneName[] = ["y", "u", "v"];
  const stillStart = end;
  for (const name of names) {
    const side = cell >> layouts[name].half;
    layouts[name].outStride = columns * side;
    layouts[name].out = reserve(columns * side * rows * side);
  }
  const frameBytes = end - stillStart;
  const frameStart = reserve(frameBytes);
  for (const name of names) layouts[name].out += frameBytes;
  const gridAt = reserve(nodes * 8 + 16);
  const size = (mapSize + 3) & ~3;
  const mapXAt = reserve(size * 4);
  const mapYAt = reserve(size * 4);
  const samplesAt = reserve(size);

  const { kernel, buffer } = startKernel(end);
  const bytes = new Uint8Array(buffer);
  for (const name of names) {
    copyIn(bytes, layouts[name], doubled(still[name], layouts[name].width, layouts[name].height));
    const { out, outStride, width: w, height: h } = layouts[name];
    for (let row = 0; row < h; row++) {
      bytes.set(still[name].subarray(row * w, (row + 1) * w), out - frameBytes + row * outStride);
    }
  }
  const bits = Math.log2(cell);
  const packed = new Uint8Array((width * height * 3) / 2);

  return {
    width,
    height,
    cell,
    columns,
    rows,
    grid: new Int32Array(buffer, gridAt, nodes * 2),
    draw() {
      bytes.copyWithin(frameStart, stillStart, stillStart + frameBytes);
      for (const name of names) {
        const p = layouts[name];
        const max = [(p.width - 1) << 9, (p.height - 1) << 9] as const;
        kernel.cells(p.src, p.stride, ...max, p.out, p.outStride, gridAt, columns, rows, bits - p.half, p.half);
      }
    },
    plane(name) {
      const { out, outStride, height: h } = layouts[name];
      return { pixels: bytes.subarray(out, out + outStride * h), stride: outStride };
    },
    sample(name, from, count) {
      const p = layouts[name];
      const max = [(p.width - 1) << 9, (p.height - 1) << 9] as const;
      kernel.map(p.src, p.stride, ...max, samplesAt + from, count, 1, mapXAt + from * 4, mapYAt + from * 4);
    },
    mapX: new Int32Array(buffer, mapXAt, size),
    mapY: new Int32Array(buffer, mapYAt, size),
    samples: bytes.subarray(samplesAt, samplesAt + size),
    frame() {
      let at = 0;
      for (const name of names) {
        const { out, outStride, width: w, height: h } = layouts[name];
        if (outStride === w) packed.set(bytes.subarray(out, out + w * h), at);
        else
          for (let row = 0; row < h; row++)
            packed.set(bytes.subarray(out + row * outStride, out + row * outStride + w), at + row * w);
        at += w * h;
      }
      return packed;
    },
  };
}

function planeLayout(width: number, height: number, half: number, reserve: (bytes: number) => number): Layout {
  const stride = 2 * width + 2 * BORDER;
  const src = reserve(stride * (2 * height + 2 * BORDER)) + BORDER * stride + BORDER;
  return { width, height, src, stride, out: 0, outStride: 0, half };
}

function copyIn(bytes: Uint8Array, layout: Layout, plane: Uint8Array): void {
  const { src, stride } = layout;
  const [width, height] = [2 * layout.width, 2 * layout.height];
  for (let row = -BORDER; row < height + BORDER; row++) {
    const from = Math.min(height - 1, Math.max(0, row)) * width;
    const to = src + row * stride;
    bytes.set(plane.subarray(from, from + width), to);
    bytes.fill(plane[from]!, to - BORDER, to);
    bytes.fill(plane[from + width - 1]!, to + width, to + width + BORDER);
  }
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
