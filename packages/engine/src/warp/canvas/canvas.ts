/**
 * The picture and its frames in the memory of the SIMD kernel (`kernel.c`): a still is put in once, then each frame begins as
 * a copy of it and the cells that move are drawn over it.
 *
 * The field carries whatever lies near a head along with it; each pixel that shows background is put back, and what the head
 * uncovers is filled from the plate (plate.ts). For a place q of the frame that shows the place p of the still:
 * out(q) = still(p) + (1 - a(p)) × (plate(q) - plate(p)), with a the matte. That is the still where nothing moves, the head where
 * a is 1, the plate where it is 0, and between, along hair, the new background in place of the old one (the compositing equation
 * of Porter & Duff 1984, without knowing the hair's colour).
 */

import type { Planes } from "../../media/planes.ts";
import { HALF_BAND, TAPS } from "./doubled.ts";
import { BEYOND, BORDER, startKernel, WEIGHTS } from "./kernel.ts";

export type PlaneName = "y" | "u" | "v";

export type Canvas = {
  width: number;
  height: number;
  /** Side of a cell of the grid, pixels; `columns` × `rows` cells cover the picture. */
  cell: number;
  columns: number;
  rows: number;
  /** For each node, row by row, (dx, dy) × 65536: from a place in the frame to the place in the still that is seen there. */
  grid: Int32Array;
  nodes: Nodes;
  /** Writes the inverse of `dx` and `dy` into `backX`, `backY` and `grid`. */
  invert(): void;
  /** Begins a frame: the still, with every cell that moves drawn by `grid`, and the background where it was. */
  draw(): void;
  /** Makes the frame lighter by `gain`. */
  lighten(): void;
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

/** Per node of the grid, row by row. */
export type Nodes = {
  /** Pixels: where what is at the node in the still goes. */
  dx: Float32Array;
  dy: Float32Array;
  /** Pixels: from the node's place in the frame to where its skin is in the still. */
  backX: Float32Array;
  backY: Float32Array;
  /** By which share the skin that is at the node in the still gets lighter. */
  gain: Float32Array;
};

/** What is behind the people: the picture without them (plate.ts), and how far each pixel of the still is of them, 0–255. */
export type Behind = { plate: Planes; alpha: Uint8Array };

/**
 * Where a plane lies: `src` is its first sample, doubled, inside the border, `still` and `out` its first pixel in the still and the
 * frame. `half`: 1 for planes of half the size.
 */
type Layout = {
  name: PlaneName;
  width: number;
  height: number;
  half: 0 | 1;
  src: number;
  stride: number;
  still: number;
  out: number;
  outStride: number;
  plate: number;
};

const NAMES: PlaneName[] = ["y", "u", "v"];
/** Numbers in a `Picture` of `kernel.c`. */
const PICTURE = 30;
/** The same of its `Field`. */
const FIELD = 10;

/** `mapSize`: how many places `sample` can take. Without `behind` all of the picture counts as in front. */
export function createCanvas(
  still: Planes,
  { cell, mapSize, behind }: { cell: 8 | 16; mapSize: number; behind?: Behind },
): Canvas {
  const { width, height } = still;
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  const size = (mapSize + 3) & ~3;
  const reserve = reserver(WEIGHTS);
  const layouts = layoutsOf(still, { cell, columns, rows, plate: behind !== undefined }, reserve);
  const [luma, , last] = layouts;
  const count = (columns + 1) * (rows + 1);
  const grid = reserve(count * 8);
  const values = Array.from({ length: 6 }, () => reserve(count * 4));
  const [picture, field] = [reserve(PICTURE * 4), reserve(FIELD * 4)];
  const [alpha, seen] = behind ? [reserve(width * height), reserve(columns * rows)] : [0, 0];
  const [halfBand, line] = [reserve(TAPS * 2), reserve(width + 2 * TAPS + BEYOND)];
  const [mapX, mapY, samples] = [reserve(size * 4), reserve(size * 4), reserve(size)];

  const { kernel, buffer } = startKernel(reserve(0));
  const bytes = new Uint8Array(buffer);
  new Int16Array(buffer, halfBand, TAPS).set(HALF_BAND);
  for (const layout of layouts) {
    const { name, still: at, outStride, width: w, height: h } = layout;
    for (let row = 0; row < h; row++) bytes.set(still[name].subarray(row * w, (row + 1) * w), at + row * outStride);
    kernel.enlarge(at, outStride, w, h, layout.src, layout.stride, line, halfBand);
    if (behind) bytes.set(behind.plate[name], layout.plate);
  }
  const frameAt = luma!.out;
  const frameBytes = last!.out + last!.outStride * (rows * (cell / 2)) - frameAt;
  const shape = [columns, rows, Math.log2(cell), grid, seen, alpha, width, height];
  new Int32Array(buffer, picture, PICTURE).set([...shape, ...kernelLayers(layouts)]);
  const [dx, dy, backX, backY, gain] = values.map((at) => new Float32Array(buffer, at, count)) as FiveArrays;
  new Int32Array(buffer, field, FIELD).set([columns + 1, rows + 1, cell, ...values.toSpliced(4, 0, grid)]);
  if (behind) {
    bytes.set(behind.alpha, alpha);
    kernel.survey(picture, seen);
  }
  const framed = framer(bytes, layouts);
  // one view of each for all frames: more would keep the garbage collector busy
  const planes = layouts.map(({ out, outStride, height: h }) => ({
    pixels: bytes.subarray(out, out + outStride * h),
    stride: outStride,
  }));

  return {
    ...{ width, height, cell, columns, rows },
    grid: new Int32Array(buffer, grid, count * 2),
    nodes: { dx, dy, backX, backY, gain },
    invert: () => kernel.invert(field),
    lighten: () => kernel.lighten(field, luma!.out, luma!.outStride),
    draw() {
      bytes.copyWithin(frameAt, luma!.still, luma!.still + frameBytes);
      kernel.draw(picture);
    },
    plane: (name) => planes[NAMES.indexOf(name)]!,
    sample(name, from, count) {
      const { src, stride, width: w, height: h } = layouts[NAMES.indexOf(name)]!;
      kernel.map(src, stride, (w - 1) << 9, (h - 1) << 9, samples + from, count, mapX + from * 4, mapY + from * 4);
    },
    mapX: new Int32Array(buffer, mapX, size),
    mapY: new Int32Array(buffer, mapY, size),
    samples: bytes.subarray(samples, samples + size),
    frame: framed,
  };
}

type FiveArrays = [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
type Reserve = (bytes: number) => number;

/** Places one after another, aligned for vectors. */
function reserver(start: number): Reserve {
  let end = start;
  return (bytes) => {
    const at = end;
    end = (end + bytes + 15) & ~15;
    return at;
  };
}

type Cells = { cell: number; columns: number; rows: number; plate: boolean };

/** All of the still lies together, and so does all of the frame. */
function layoutsOf({ width, height }: Planes, { cell, columns, rows, plate }: Cells, reserve: Reserve): Layout[] {
  const layouts = NAMES.map((name): Layout => {
    const half = name === "y" ? 0 : 1;
    const [w, h] = [width >> half, height >> half];
    const stride = 2 * w + 2 * BORDER;
    const src = reserve(stride * (2 * h + 2 * BORDER) + BEYOND) + BORDER * stride + BORDER;
    const outStride = columns * (cell >> half);
    const at = plate ? reserve(w * h) : 0;
    return { ...{ name, width: w, height: h, half, src, stride, still: 0, out: 0, outStride }, plate: at };
  });
  for (const to of ["still", "out"] as const) {
    for (const layout of layouts) layout[to] = reserve(layout.outStride * rows * (cell >> layout.half));
  }
  return layouts;
}

/** The two `Layer`s of `kernel.c`. */
function kernelLayers([y, u, v]: Layout[]): number[] {
  const layer = ({ width, height, stride, outStride }: Layout, planes: Layout[]): number[] => [
    ...[width, height, stride, outStride, planes.length],
    ...[0, 1].flatMap((k) => (planes[k] ? [planes[k].src, planes[k].out, planes[k].plate] : [0, 0, 0])),
  ];
  return [...layer(y!, [y!]), ...layer(u!, [u!, v!])];
}

/** Gives the frame where it lies if there it is without padding, else a copy. */
function framer(bytes: Uint8Array, layouts: Layout[]): () => Uint8Array {
  const frameAt = layouts[0]!.out;
  let end = frameAt;
  let packed = true;
  for (const { out, outStride, width, height } of layouts) {
    packed &&= out === end && outStride === width;
    end += width * height;
  }
  const whole = packed ? bytes.subarray(frameAt, end) : new Uint8Array(end - frameAt);
  if (packed) return () => whole;
  return () => {
    let at = 0;
    for (const { out, outStride, width, height } of layouts) {
      for (let row = 0; row < height; row++, at += width) {
        whole.set(bytes.subarray(out + row * outStride, out + row * outStride + width), at);
      }
    }
    return whole;
  };
}
