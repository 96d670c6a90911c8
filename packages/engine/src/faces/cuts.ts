/** Where the shots of a video begin. */
import type { Frame } from "../lip/look.ts";

/** Mean difference of the blocks of two frames with a cut between them, levels. */
const CUT = 28;
const BLOCKS = { columns: 24, rows: 16, samples: 4 };

/** Told of every frame in order; answers whether it is the first of a shot. */
export function createCutFinder(): (frame: Frame) => boolean {
  let before: Float32Array | null = null;
  return (frame) => {
    const now = blocksOf(frame);
    const cut = before === null || meanDifference(before, now) > CUT;
    before = now;
    return cut;
  };
}

/** Mean brightness of parts of a frame, from some of their pixels. */
function blocksOf({ yuv, width, height }: Frame): Float32Array {
  const { columns, rows, samples } = BLOCKS;
  const means = new Float32Array(columns * rows);
  for (let row = 0; row < rows * samples; row++) {
    const y = Math.floor(((row + 0.5) * height) / (rows * samples));
    for (let column = 0; column < columns * samples; column++) {
      const x = Math.floor(((column + 0.5) * width) / (columns * samples));
      means[Math.floor(row / samples) * columns + Math.floor(column / samples)]! += yuv[y * width + x]! / samples ** 2;
    }
  }
  return means;
}

/** Mean of the differences of two lists of one length. */
export function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
