/** The luma of a frame, small: each sample is the mean of those that it covers, also of parts of them. */
import type { LumaPicture } from "@smileloop/core/engine/luma-service.ts";

/** `data` begins with the luma, row by row. The longer side gets at most `maxSide` samples. */
export function smallLuma(
  { width, height, data }: { width: number; height: number; data: Uint8Array },
  maxSide: number,
): LumaPicture {
  const by = Math.max(width, height) / maxSide;
  if (by <= 1) return { width, height, data: Float32Array.from(data.subarray(0, width * height)) };
  const columns = sharesOf(width, Math.max(1, Math.round(width / by)));
  const rows = sharesOf(height, Math.max(1, Math.round(height / by)));
  const out = new Float32Array(columns.length * rows.length);
  const line = new Float32Array(width);
  for (const [row, down] of rows.entries()) {
    line.fill(0);
    for (const { at, share } of down) {
      for (let x = 0; x < width; x++) line[x]! += share * data[at * width + x]!;
    }
    for (const [column, across] of columns.entries()) {
      let sum = 0;
      for (const { at, share } of across) sum += share * line[at]!;
      out[row * columns.length + column] = sum;
    }
  }
  return { width: columns.length, height: rows.length, data: out };
}

/** For each of `to` samples the ones of `from` that it covers, and how much of it each is. */
function sharesOf(from: number, to: number): { at: number; share: number }[][] {
  const wide = from / to;
  return Array.from({ length: to }, (_, n) => {
    const [start, end] = [n * wide, Math.min(from, (n + 1) * wide)];
    const shares = [];
    for (let at = Math.floor(start); at < end; at++) {
      shares.push({ at, share: (Math.min(end, at + 1) - Math.max(start, at)) / wide });
    }
    return shares;
  });
}
