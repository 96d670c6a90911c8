/** Whether the mark that was ordered is in a finished video: an engine may take the order and not draw it. */
import { AppError } from "@smileloop/core/errors.ts";
import { boxMean } from "@smileloop/core/marking/box-mean.ts";
import { type MarkOrder, SPACE_SIDE, TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { smallLuma } from "../media/small-luma.ts";

type Size = { width: number; height: number };

/** Half the side of the squares whose mean is taken away, samples, and the most that what is left counts for, levels. */
const NEAR = 6;
const MOST = 6;
/**
 * Likeness of the tile to what the frame shows, from -1 to 1. Seen in the first frames of clips of four portraits at 440 to 600 pixels as
 * H.264, and of two as GIF, WebP and WebM: with the mark 0.43 and more, at a fifth of the contrast 0.51 and more; without it, or with
 * that of another job, within ±0.07 (780 readings). A mark that is weak passes: what is refused has none.
 */
const LEAST = 0.08;
/**
 * Longer side, pixels, and part of the samples that are neither dark nor bright, below which a frame may hide too little to tell: at 256
 * pixels H.264 leaves 0.17, WebP 0.08; of flat grey WebP leaves nothing at 400 pixels, 0.14 at 512.
 */
const JUDGED = { side: 512, dark: 40, bright: 216, share: 0.5 };

/** Throws `marking_failed` where the mark is certainly in none of the frames. `frames`: planar YUV, by number; the first is looked at first. */
export function requireMark(mark: MarkOrder | null, frames: ReadonlyMap<number, Uint8Array>, size: Size): void {
  if (!mark || Math.max(size.width, size.height) < JUDGED.side) return;
  const tile = new Int8Array(Buffer.from(mark.tile, "base64"));
  const looked = [...frames].sort(([a], [b]) => a - b).slice(0, 2);
  for (const [, data] of looked) {
    const score = markScore(tile, { ...size, data });
    if (score === null || score >= LEAST) return;
  }
  if (looked.length > 0)
    throw new AppError("marking_failed", "The mark that was ordered is not in the finished video.");
}

/** Null where the frame is so dark or bright that a mark may not show in it. */
export function markScore(tile: Int8Array, frame: Size & { data: Uint8Array }): number | null {
  const luma = smallLuma(frame, SPACE_SIDE);
  const { dark, bright, share } = JUDGED;
  const hiding = luma.data.reduce((sum, value) => sum + (value > dark && value < bright ? 1 : 0), 0);
  if (hiding < share * luma.data.length) return null;
  const { folded, calm } = foldedOf(luma);
  if (calm < share) return null;
  let [both, own, other] = [0, 0, 0];
  for (let i = 0; i < folded.length; i++) {
    both += folded[i]! * tile[i]!;
    own += folded[i]! ** 2;
    other += tile[i]! ** 2;
  }
  return both / (Math.sqrt(own * other) || 1);
}

/** What a picture shows beside its local mean, summed over all places of the tile. */
function foldedOf({ width, height, data }: Size & { data: Float32Array }): { folded: Float64Array; calm: number } {
  const mean = boxMean(data, width, height, NEAR);
  const step = SPACE_SIDE / Math.max(width, height);
  const columns = Uint8Array.from({ length: width }, (_, x) => Math.floor((x + 0.5) * step) % TILE_SIDE);
  const folded = new Float64Array(TILE_SIDE * TILE_SIDE);
  let calm = 0;
  for (let y = 0; y < height; y++) {
    const row = (Math.floor((y + 0.5) * step) % TILE_SIDE) * TILE_SIDE;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const left = data[at]! - mean[at]!;
      if (Math.abs(left) < MOST) calm++;
      folded[row + columns[x]!]! += Math.max(-MOST, Math.min(MOST, left));
    }
  }
  return { folded, calm: calm / data.length };
}
