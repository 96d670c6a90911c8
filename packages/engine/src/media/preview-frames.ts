/** The frames of a preview: small, and with a visible mark. */
import { previewSize } from "@smileloop/core/media/preview-size.ts";
import { drawPreviewMark } from "./preview-mark.ts";

export type PreviewFrames = {
  width: number;
  height: number;
  /** Of a frame (planar 4:2:0) of the clean size; good until the next call. */
  frame(yuv: Uint8Array): Uint8Array;
};

/** Throws `engine_failed` where the mark cannot be drawn. */
export function openPreviewFrames(clean: { width: number; height: number; seed: number }): PreviewFrames {
  const { width, height } = previewSize(clean);
  const mark = drawPreviewMark(width, height, clean.seed);
  const small = new Uint8Array((width * height * 3) / 2);
  const planes = [1, 2, 2].map((half) => ({
    from: { width: clean.width / half, height: clean.height / half },
    to: { width: width / half, height: height / half },
  }));
  const shrink = planes.map(({ from, to }) => shrinker(from, to));
  return {
    ...{ width, height },
    frame(yuv) {
      let [read, written] = [0, 0];
      for (const [nth, { from, to }] of planes.entries()) {
        const [given, made] = [from.width * from.height, to.width * to.height];
        shrink[nth]!(yuv.subarray(read, read + given), small.subarray(written, written + made));
        read += given;
        written += made;
      }
      mark.stamp(small);
      return small;
    },
  };
}

type Size = { width: number; height: number };

/** Each sample is the mean of those that it covers. */
function shrinker(from: Size, to: Size): (plane: Uint8Array, out: Uint8Array) => void {
  if (from.width === to.width && from.height === to.height) return (plane, out) => out.set(plane);
  const columns = edges(from.width, to.width);
  const rows = edges(from.height, to.height);
  const sums = new Uint32Array(from.width);
  return (plane, out) => {
    let at = 0;
    for (let row = 0; row < to.height; row++) {
      const [top, bottom] = [rows[row * 2]!, rows[row * 2 + 1]!];
      sums.fill(0);
      for (let y = top; y < bottom; y++) {
        const start = y * from.width;
        for (let x = 0; x < from.width; x++) sums[x]! += plane[start + x]!;
      }
      for (let column = 0; column < to.width; column++) {
        const [left, right] = [columns[column * 2]!, columns[column * 2 + 1]!];
        let sum = 0;
        for (let x = left; x < right; x++) sum += sums[x]!;
        const count = (right - left) * (bottom - top);
        out[at++] = (sum + (count >> 1)) / count;
      }
    }
  };
}

/** First and last covered sample of each, the last exclusive. */
function edges(from: number, to: number): Int32Array {
  const found = new Int32Array(to * 2);
  for (let n = 0; n < to; n++) {
    found[n * 2] = Math.floor((n * from) / to);
    found[n * 2 + 1] = Math.max(found[n * 2]! + 1, Math.round(((n + 1) * from) / to));
  }
  return found;
}
