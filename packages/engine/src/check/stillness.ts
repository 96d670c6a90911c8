/**
 * Where a part of a video shows the same for a while. Frames are compared by the mean brightness (0–255) of small blocks, of the
 * hundredth of the blocks that differ most: means over blocks even out what encoding leaves of noise.
 */
import type { Box } from "../media/yuv.ts";

/** Pixels of a block on each side; in boxes of two or more times `WELL_SEEN` pixels a side, every second pixel or fewer. */
const BLOCK = 8;
const WELL_SEEN = 512;

/**
 * Frames that differ by less show the same, by how much contrast there is. What a still face differs by within a frozen stretch is mostly below 0.33; the frame with
 * which one begins is coarser than those after it, by up to 2.3, so a stretch may be found a few frames short.
 */
const SAME = { most: 1, least: 0.35 };
/** Standard deviation of the blocks of a picture whose movements differ by `SAME.most`; in dark and in flat pictures they differ by less. */
const USUAL_CONTRAST = 40;

/** Frames of a video, first and last, which all show the same as the first of them. */
export type Stretch = { first: number; last: number };

/** Takes the frames of a video one after another and keeps no more than two of them, as blocks. */
export type Watch = {
  /** A frame: planar 4:2:0 of `width` × `height`. */
  see(yuv: Uint8Array, width: number, height: number): void;
  /** All stretches of two frames or more, in order. */
  stretches(): Stretch[];
};

export function watch(box: Box): Watch {
  const found: Stretch[] = [];
  let start: Float32Array | undefined;
  let frame = 0;
  let first = 0;
  let same: number = SAME.most;
  const close = (): void => {
    if (frame - 1 > first) found.push({ first, last: frame - 1 });
  };
  return {
    see(yuv, width, height) {
      const now = blocksOf(yuv, width, height, box);
      if (frame === 0) same = Math.max(SAME.least, SAME.most * Math.min(1, contrastOf(now) / USUAL_CONTRAST));
      if (start === undefined || difference(start, now) >= same) {
        close();
        [start, first] = [now, frame];
      }
      frame++;
    },
    stretches() {
      close();
      [start, first] = [undefined, frame];
      return found;
    },
  };
}

/** How much a part of a frame differs from another frame's. */
export function change(a: Uint8Array, b: Uint8Array, width: number, height: number, box: Box): number {
  return difference(blocksOf(a, width, height, box), blocksOf(b, width, height, box));
}

/** Mean brightness of the blocks that lie wholly in the box, row by row. */
function blocksOf(yuv: Uint8Array, width: number, height: number, box: Box): Float32Array {
  const step = Math.max(1, Math.floor(Math.min(box.width, box.height) / WELL_SEEN));
  const side = BLOCK * step;
  const left = Math.max(0, Math.floor(box.x));
  const top = Math.max(0, Math.floor(box.y));
  const columns = Math.max(0, Math.floor((Math.min(width, box.x + box.width) - left) / side));
  const rows = Math.max(0, Math.floor((Math.min(height, box.y + box.height) - top) / side));
  const means = new Float32Array(columns * rows);
  for (let line = 0; line < rows * BLOCK; line++) {
    const to = Math.floor(line / BLOCK) * columns;
    let from = (top + line * step) * width + left;
    for (let column = to; column < to + columns; column++) {
      let sum = 0;
      for (let i = 0; i < BLOCK; i++, from += step) sum += yuv[from]!;
      means[column]! += sum / (BLOCK * BLOCK);
    }
  }
  return means;
}

function difference(a: Float32Array, b: Float32Array): number {
  const differences = a.map((mean, i) => Math.abs(mean - b[i]!)).sort();
  const most = differences.subarray(-Math.max(1, Math.ceil(differences.length / 100)));
  return most.reduce((sum, value) => sum + value, 0) / Math.max(1, most.length);
}

function contrastOf(blocks: Float32Array): number {
  const count = Math.max(1, blocks.length);
  const mean = blocks.reduce((sum, value) => sum + value, 0) / count;
  return Math.sqrt(blocks.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
}
