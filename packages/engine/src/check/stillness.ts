/**
 * How much a part of a frame differs from another frame's: the mean difference of brightness (0–255) over small blocks, of the
 * hundredth of the blocks that differ most. Means over blocks even out what encoding leaves of noise.
 */
import type { Box } from "../media/yuv.ts";

const BLOCK = 8;

export function change(a: Uint8Array, b: Uint8Array, width: number, height: number, box: Box): number {
  const differences: number[] = [];
  const right = Math.min(width, box.x + box.width) - BLOCK;
  const bottom = Math.min(height, box.y + box.height) - BLOCK;
  for (let y = Math.max(0, Math.floor(box.y)); y <= bottom; y += BLOCK) {
    for (let x = Math.max(0, Math.floor(box.x)); x <= right; x += BLOCK) {
      let sum = 0;
      for (let row = y; row < y + BLOCK; row++) {
        for (let i = row * width + x; i < row * width + x + BLOCK; i++) sum += a[i]! - b[i]!;
      }
      differences.push(Math.abs(sum) / (BLOCK * BLOCK));
    }
  }
  differences.sort((p, q) => q - p);
  const most = Math.max(1, Math.ceil(differences.length / 100));
  return differences.slice(0, most).reduce((sum, value) => sum + value, 0) / most;
}
