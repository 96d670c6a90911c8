/**
 * The invisible mark as it lies over a picture: the tile of the job, repeated, as strong as the picture hides it. What it adds to each
 * luma sample is a whole number of levels; what rounding takes away is given to the samples beside it. The arithmetic is in `mark.c`.
 */
import { SPACE_SIDE, TILE_SIDE, TILE_UNIT } from "@smileloop/core/marking/mark.ts";
import { type MarkKernel, reserver, startMarkKernel } from "./mark-kernel.ts";

/** Standard deviation of the mark, levels: where the picture is plain, for each level that it varies by, and at most. */
const STRENGTH = { plain: 0.7, varied: 0.24, most: 3 };
/** Half the side of the squares over which the picture varies, where its longer side has `SPACE_SIDE` pixels. */
const NEAR = 4;
/** Luma below and above which less is hidden, over how many levels that sets in, and what is left then. */
const SHADE = { dark: 48, bright: 208, ramp: 24, left: 0.55 };

type Size = { width: number; height: number };

export type MarkPlane = {
  kernel: MarkKernel;
  buffer: ArrayBuffer;
  bytes: Uint8Array;
  /** Places in `bytes`: of a row that the caller fills, of the row that was drawn last, and of the parts that were asked for. */
  places: { samples: number; row: number; more: number[] };
  /** Measures the picture: `rowAt` says where in `bytes` its row `y` lies. */
  measure(rowAt: (y: number) => number): void;
  /** Draws what is added to each row, at `share` of what the picture hides: `to` says where in `bytes` row `y` goes. */
  draw(share: number, to: (y: number) => number, drawn?: (y: number) => void): void;
};

/** `more`: sizes in bytes of parts of the memory that the caller needs for itself. */
export function openMarkPlane(tile: Int8Array, size: Size, more: readonly number[] = []): MarkPlane {
  const { width, height } = size;
  const step = Math.max(1, Math.ceil(Math.max(width, height) / SPACE_SIDE));
  const grid = { width: Math.ceil(width / step), height: Math.ceil(height / step) };
  const at = layoutOf(width, grid, more);
  const { kernel, buffer } = startMarkKernel(at.total);
  const bytes = new Uint8Array(buffer);
  bytes.set(new Uint8Array(tile.buffer, tile.byteOffset, tile.length), at.tile);
  new Float64Array(buffer, at.strength, 7).set([...Object.values(STRENGTH), ...Object.values(SHADE)]);
  const pixels = SPACE_SIDE / Math.max(width, height);
  const down = placesOf(height, pixels);
  writeAcross(buffer, at, { places: placesOf(width, pixels), width, columns: grid.width });
  const rest = [at.own, at.below].map((place) => new Float32Array(buffer, place, width + 2));
  const luma = new Float32Array(buffer, at.grid, grid.width * grid.height);
  return {
    ...{ kernel, buffer, bytes },
    places: { samples: at.samples, row: at.row, more: at.more },
    measure(rowAt) {
      luma.fill(0);
      for (let y = 0; y < height; y++) {
        const row = Math.floor(y / step);
        kernel.shrink(rowAt(y), width, step, 1 / Math.min(step, height - row * step), at.grid + 4 * row * grid.width);
      }
      const last = width - (grid.width - 1) * step;
      for (let i = 0; step > 1 && i < luma.length; i++) luma[i]! /= (i + 1) % grid.width === 0 ? last : step;
      const near = Math.max(1, Math.round((NEAR * Math.max(grid.width, grid.height)) / SPACE_SIDE));
      kernel.measure(at.grid, grid.width, grid.height, near, at.mean, at.line, at.sums, at.strength);
    },
    draw(share, to, drawn) {
      for (const each of rest) each.fill(0);
      for (let y = 0; y < height; y++) {
        const [own, below] = y % 2 === 0 ? [at.own, at.below] : [at.below, at.own];
        const [upper, lower] = [down.cell[y]!, down.next[y]!].map((row) => at.tile + row * TILE_SIDE) as [
          number,
          number,
        ];
        const strengths = at.grid + 4 * Math.floor(((y + 0.5) * grid.height) / height) * grid.width;
        kernel.line(at.across, upper, lower, down.part[y]!, share / TILE_UNIT, strengths, own, below, to(y));
        drawn?.(y);
      }
    },
  };
}

type Layout = ReturnType<typeof layoutOf>;

function layoutOf(width: number, grid: Size, more: readonly number[]) {
  const { reserve, total } = reserver();
  const samples = 4 * grid.width * grid.height;
  const places = {
    ...{ tile: reserve(TILE_SIDE * TILE_SIDE), strength: reserve(7 * 8), across: reserve(5 * 4) },
    ...{ cell: reserve(width), next: reserve(width), part: reserve(4 * width), column: reserve(2 * width) },
    ...{ own: reserve(4 * (width + 2)), below: reserve(4 * (width + 2)), samples: reserve(width), row: reserve(width) },
    ...{ grid: reserve(samples), mean: reserve(samples), line: reserve(samples), sums: reserve(8 * grid.width) },
    more: more.map(reserve),
  };
  return { ...places, total: total() };
}

function writeAcross(
  buffer: ArrayBuffer,
  at: Layout,
  { places, width, columns }: { places: Places; width: number; columns: number },
): void {
  new Uint8Array(buffer, at.cell, width).set(places.cell);
  new Uint8Array(buffer, at.next, width).set(places.next);
  new Float32Array(buffer, at.part, width).set(places.part);
  const column = new Uint16Array(buffer, at.column, width);
  for (let x = 0; x < width; x++) column[x] = Math.floor(((x + 0.5) * columns) / width);
  new Int32Array(buffer, at.across, 5).set([at.cell, at.next, at.part, at.column, width]);
}

type Places = { cell: Uint8Array; next: Uint8Array; part: Float32Array };

/** The samples of the tile on both sides of each pixel. */
function placesOf(length: number, step: number): Places {
  const cell = new Uint8Array(length);
  const next = new Uint8Array(length);
  const part = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const at = (i + 0.5) * step - 0.5 + TILE_SIDE;
    cell[i] = Math.floor(at) % TILE_SIDE;
    next[i] = (cell[i]! + 1) % TILE_SIDE;
    part[i] = at - Math.floor(at);
  }
  return { cell, next, part };
}
