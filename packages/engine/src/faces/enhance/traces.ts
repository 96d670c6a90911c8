/** Whether a picture bears the traces of a JPEG that was compressed much: steps at the edges of its blocks of 8 × 8. */
import type { RgbFrame } from "../processor.ts";

const BLOCK = 8;
/**
 * Steps at the edges of blocks by those elsewhere. Seen on seven portraits of 192²: 0.9 to 1.0 as they are, 1.05 to 1.3 at quality 90, 1.25 to
 * 1.8 at 75, 1.4 to 2.1 at 60. From about quality 70 down the network for coded pictures comes nearer to the truth.
 */
const MOST_CLEAN = 1.4;

export function isCoded(frame: RgbFrame): boolean {
  return blockiness(frame) > MOST_CLEAN;
}

/** How much larger steps between the columns and rows of two blocks are than those within, as a ratio; 1 in a picture that has no blocks. */
export function blockiness({ width, height, data }: RgbFrame): number {
  if (width < 4 * BLOCK || height < 4 * BLOCK) return 1;
  const steps = new Float64Array(2 * BLOCK);
  for (let y = 1; y < height - 2; y++) {
    for (let x = 1; x < width - 2; x++) {
      const at = (y * width + x) * 3 + 1;
      steps[x % BLOCK]! += stepAt(data, at, 3);
      steps[BLOCK + (y % BLOCK)]! += stepAt(data, at, 3 * width);
    }
  }
  const ratio = (from: number): number => {
    const all = steps.subarray(from, from + BLOCK);
    const rest = all.subarray(0, BLOCK - 1).reduce((sum, value) => sum + value, 0) / (BLOCK - 1);
    return rest > 0 ? all[BLOCK - 1]! / rest : 1;
  };
  return (ratio(0) + ratio(BLOCK)) / 2;
}

/** How far the step from a pixel to the next one is from what its neighbours lead one to expect. Green stands for the brightness. */
function stepAt(data: Uint8Array, at: number, to: number): number {
  const [before, here, next, after] = [data[at - to]!, data[at]!, data[at + to]!, data[at + 2 * to]!];
  return Math.abs(next - here - (here - before + after - next) / 2);
}
