/** Layers on maps in the kernel's memory (`layers.wat`), row by row. */

/** Values with a frame of zeros two pixels wide. `at`: of the first pixel, given when all are known; `pixel`, `row`: steps; in bytes. */
export type Map3 = { at: number; side: number; channels: number; pixel: number; row: number };
type Layer = (...args: number[]) => void;
export type Kernel = Record<"patches" | "depthwise" | "pointwise" | "largest" | "total" | "mix", Layer>;
export type Machine = { kernel: Kernel; floats: Float32Array };
export type Run = (machine: Machine) => void;

/** Values that all steps share, in bytes from the start: room for the longest row between two layers, and as many of each of two values as a pixel may have. */
export type Shared = { scratch: number; ones: number; threeQuarters: number };
/** Of a layer: the size of its pieces of the input, their steps, and how far the first begins outside. */
export type Window = { size: number; stride: number; before: number };
/** Weights in memory; `swish`: its factor where the sum is bent by it, else 0. */
export type Weights = { at: number; inputs: number; swish: number };

/** Outputs that the kernel works on at once. */
export const PART = 8;
/** Values of the longest row between two layers, and the most channels of a map that is mixed. */
export const [ROW, MOST] = [16384, 512];

export function mapOf(side: number, channels: number, stored = Math.ceil(channels / PART) * PART): Map3 {
  return { at: 0, side, channels, pixel: stored * 4, row: (side + 4) * stored * 4 };
}

/** Pixels around each place, all channels of them weighed. */
export function patches(
  from: Map3,
  out: Map3,
  { size, stride, before }: Window,
  weights: Weights,
  { scratch }: Shared,
): Run {
  return ({ kernel }) => {
    for (let y = 0; y < out.side; y++) {
      const start = from.at + (y * stride - before) * from.row - before * from.pixel;
      kernel.patches(start, from.row, stride * from.pixel, size, size * from.pixel, out.side, scratch);
      const to = out.at + y * out.row;
      kernel.pointwise(scratch, weights.inputs, weights.at, 0, 0, to, out.pixel, out.side, weights.swish);
    }
  };
}

/** All channels of a pixel weighed, and what is at `skip` added, which may have fewer. */
export function pointwise(from: Map3, out: Map3, weights: Weights, skip: Map3 | null): Run {
  const shared = skip?.pixel ?? 0;
  return ({ kernel }) => {
    for (let y = 0; y < out.side; y++) {
      const beside = skip ? skip.at + y * skip.row : 0;
      const [src, to] = [from.at + y * from.row, out.at + y * out.row];
      kernel.pointwise(src, weights.inputs, weights.at, beside, shared, to, out.pixel, out.side, weights.swish);
    }
  };
}

/** Each channel by itself. */
export function depthwise(from: Map3, out: Map3, { size, stride, before }: Window, weights: Weights): Run {
  return ({ kernel }) => {
    const { pixel, row } = from;
    for (let y = 0; y < out.side; y++) {
      const start = from.at + (y * stride - before) * row - before * pixel;
      const to = out.at + y * out.row;
      kernel.depthwise(start, pixel, row, stride * pixel, size, weights.at, out.side, to, weights.swish);
    }
  };
}

/** The largest of each 2 × 2 pixels. */
export function largest(from: Map3, out: Map3): Run {
  return ({ kernel }) => {
    for (let y = 0; y < out.side; y++) {
      kernel.largest(from.at + 2 * y * from.row, from.pixel, from.row, out.side, out.at + y * out.row);
    }
  };
}

/** Of all pixels. */
export function mean(from: Map3, out: Map3): Run {
  return ({ kernel, floats }) => {
    const values = floats.subarray(out.at / 4, out.at / 4 + out.channels).fill(0);
    for (let y = 0; y < from.side; y++) kernel.total(from.at + y * from.row, from.pixel, from.side, out.at);
    for (let c = 0; c < values.length; c++) values[c]! /= from.side * from.side;
  };
}

/** A single pixel, weighed. `weights`: input by input; `slope`: of what is negative. */
export function weighed(from: Map3, out: Map3, weights: Float32Array, bias: Float32Array, slope: number): Run {
  const count = out.channels;
  return ({ floats }) => {
    for (let k = 0; k < count; k++) {
      let sum = bias[k]!;
      for (let i = 0; i < from.channels; i++) sum += floats[from.at / 4 + i]! * weights[i * count + k]!;
      floats[out.at / 4 + k] = sum < 0 ? slope * sum : sum;
    }
  };
}

/** Of a single pixel. */
export function sigmoid(from: Map3, out: Map3): Run {
  return ({ floats }) => {
    for (let c = 0; c < out.channels; c++) floats[out.at / 4 + c] = 1 / (1 + Math.exp(-floats[from.at / 4 + c]!));
  };
}

/** A map times a gate, or as it is; and `b` added. */
export function mixed(a: Map3, gate: Map3 | null, b: Map3 | null, out: Map3, { ones }: Shared): Run {
  return ({ kernel }) => {
    for (let y = 0; y < out.side; y++) {
      const [first, to] = [a.at + y * a.row, out.at + y * out.row];
      const second = b ? b.at + y * b.row : first;
      kernel.mix(first, gate?.at ?? ones, second, b ? 1 : 0, a.pixel, out.side, to, a.pixel);
    }
  };
}

/** Twice the size, bilinear, centres of pixels on centres: three quarters of the nearest and a quarter of the next, down, then across. */
export function doubled(from: Map3, out: Map3, { scratch, threeQuarters }: Shared): Run {
  const { side, pixel, row } = from;
  // a row with its outermost pixels once more on both sides
  const first = scratch + pixel;
  const end = first + side * pixel;
  return ({ kernel, floats }) => {
    for (let y = 0; y < out.side; y++) {
      const near = y >> 1;
      const next = Math.min(side - 1, Math.max(0, y % 2 === 0 ? near - 1 : near + 1));
      kernel.mix(from.at + near * row, threeQuarters, from.at + next * row, 0.25, pixel, side, first, pixel);
      floats.copyWithin(scratch / 4, first / 4, (first + pixel) / 4);
      floats.copyWithin(end / 4, (end - pixel) / 4, end / 4);
      const to = out.at + y * out.row;
      kernel.mix(first, threeQuarters, scratch, 0.25, pixel, side, to, 2 * pixel);
      kernel.mix(first, threeQuarters, first + pixel, 0.25, pixel, side, to + pixel, 2 * pixel);
    }
  };
}
