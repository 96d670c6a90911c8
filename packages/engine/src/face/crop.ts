/** Cuts turned squares out of a frame for the models, straight from its planes, with a SIMD kernel (`crop.wat`). */
import { readFileSync } from "node:fs";
import type { Frame } from "../media/yuv.ts";
import type { FaceCrop } from "./types.ts";

type Kernel = { shrink(...args: number[]): void; row(...args: number[]): void };

const PAGE = 65536;
const memory = new WebAssembly.Memory({ initial: 16 });
const module = new WebAssembly.Module(readFileSync(new URL("./crop.wasm", import.meta.url)));
const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports as Kernel;

/**
 * `side`² × RGB, 0–1; `side`: a multiple of 4. Outside the frame its border goes on. Where pixels of the frame are finer than the square's,
 * whole ones are averaged first.
 */
export function cropOf(frame: Frame, crop: FaceCrop, side: number, { mirrored = false } = {}): Float32Array {
  const { yuv, width, height } = frame;
  const half = { ...crop, x: crop.x / 2, y: crop.y / 2, size: crop.size / 2 };
  const [luma, colour] = [partOf(width, height, crop, side), partOf(width / 2, height / 2, half, side)];
  // rows of planes as they are, then their means, then the answer; whole vectors are read and written beyond their ends
  const rows = 16 + luma.source.length + 2 * colour.source.length;
  const [y, u] = [rows, rows + luma.length];
  const v = u + colour.length;
  const out = (v + colour.length + 31) & ~15;
  reserve(out + side * side * 12);
  const bytes = new Uint8Array(memory.buffer);
  put(bytes, yuv, { ...luma, plane: 0 }, y);
  put(bytes, yuv, { ...colour, plane: width * height }, u);
  put(bytes, yuv, { ...colour, plane: (width * height * 5) / 4 }, v);
  const [a, b] = [linesIn(luma, side, mirrored), linesIn(colour, side, mirrored)];
  for (let row = 0; row < side; row++) {
    kernel.row(
      ...[y, luma.width, a.x + a.downX * row, a.y + a.downY * row, a.right, a.below, a.lastX, a.lastY],
      ...[u, v - u, colour.width, b.x + b.downX * row, b.y + b.downY * row, b.right, b.below, b.lastX, b.lastY],
      ...[side, out + row * side * 12],
    );
  }
  return new Float32Array(memory.buffer, out, side * side * 3).slice();
}

function reserve(bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
}

/** The part of a plane that is in a crop, and the crop in it. */
type Part = {
  width: number;
  height: number;
  crop: FaceCrop;
  /** Bytes of it. */
  length: number;
  /** Whole rows of the plane, of which it is the means of `by`² pixels from `left` on. */
  source: { line: number; top: number; length: number; left: number; by: number };
};

function partOf(line: number, lines: number, crop: FaceCrop, side: number): Part {
  const by = Math.max(1, Math.round(crop.size / side));
  const reach = (crop.size / 2) * (Math.abs(Math.cos(crop.angle)) + Math.abs(Math.sin(crop.angle))) + 2 * by;
  const left = Math.max(0, Math.min(line - 2 * by, Math.floor(crop.x - reach)));
  const top = Math.max(0, Math.min(lines - 2 * by, Math.floor(crop.y - reach)));
  const width = Math.max(2, Math.floor((Math.min(line, crop.x + reach) - left) / by));
  const height = Math.max(2, Math.floor((Math.min(lines, crop.y + reach) - top) / by));
  const within = { ...crop, x: (crop.x - left) / by, y: (crop.y - top) / by, size: crop.size / by };
  const source = { line, top, length: by === 1 ? 0 : line * height * by, left, by };
  return { width, height, crop: within, length: width * height, source };
}

/** `plane`: where in the frame it begins. */
function put(
  bytes: Uint8Array,
  yuv: Uint8Array,
  { source, width, height, plane }: Part & { plane: number },
  to: number,
) {
  const { line, top, left, by, length } = source;
  const from = plane + top * line;
  if (by > 1) {
    bytes.set(yuv.subarray(from, from + length), 0);
    kernel.shrink(left, line, width, height, by, to);
    return;
  }
  for (let row = 0; row < height; row++) {
    const at = from + row * line + left;
    bytes.set(yuv.subarray(at, at + width), to + row * width);
  }
}

/** Where samples lie in a part: the first, and the steps to the next one and to the next row. */
function linesIn({ width, height, crop: { x, y, size, angle } }: Part, side: number, mirrored: boolean) {
  const [cos, sin] = [(Math.cos(angle) * size) / side, (Math.sin(angle) * size) / side];
  const [right, below, downX, downY] = [mirrored ? -cos : cos, mirrored ? -sin : sin, -sin, cos];
  const first = 0.5 - side / 2;
  const start = { x: x - 0.5 + (right + downX) * first, y: y - 0.5 + (below + downY) * first };
  return { ...start, right, below, downX, downY, lastX: width - 1.001, lastY: height - 1.001 };
}
