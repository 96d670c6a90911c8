/** From RGB back to the pixels of a video, without touching those that have not changed. */

import { toFrame } from "./encoders.ts";
import { openFilter, yuvSource } from "./filter.ts";
import { type Box, pictureOf } from "./yuv.ts";

/** RGB interleaved, even sides. */
type Rgb = { width: number; height: number; data: Uint8Array };

/**
 * A copy of a frame (planar 4:2:0, BT.709, limited range) with what differs between `was`, as `pictureOf` has made it of that frame, and
 * `now`, of the same size. Every other pixel keeps its bytes; a pair of colours is shared by four pixels, so it changes with any of them.
 */
export function withChanges(yuv: Uint8Array, was: Uint8Array, now: Rgb, box: Box): Uint8Array {
  // a Buffer's own slice would be the same bytes
  const out = new Uint8Array(yuv);
  putInto(
    out,
    now,
    box,
    (at) => was[at] !== now.data[at] || was[at + 1] !== now.data[at + 1] || was[at + 2] !== now.data[at + 2],
  );
  return out;
}

/** A frame of RGB as a whole. */
export function yuvOf(frame: Rgb): Uint8Array {
  const out = new Uint8Array((frame.width * frame.height * 3) / 2);
  putInto(out, frame, { x: 0, y: 0, width: frame.width, height: frame.height }, () => true);
  return out;
}

/** By the matrix of ITU-R BT.709-6, section 3; colours are the mean of their four pixels, as `pictureOf` repeats them. */
function putInto(out: Uint8Array, { width, height, data }: Rgb, box: Box, isNew: (at: number) => boolean): void {
  const left = 2 * Math.floor(Math.max(0, box.x) / 2);
  const top = 2 * Math.floor(Math.max(0, box.y) / 2);
  const right = Math.min(width, 2 * Math.ceil((box.x + box.width) / 2));
  const bottom = Math.min(height, 2 * Math.ceil((box.y + box.height) / 2));
  const uAt = width * height;
  const vAt = uAt + (width >> 1) * (height >> 1);
  for (let y = top; y < bottom; y += 2) {
    for (let x = left; x < right; x += 2) {
      let [r, g, b] = [0, 0, 0];
      let any = false;
      for (let pixel = 0; pixel < 4; pixel++) {
        const to = (y + (pixel >> 1)) * width + x + (pixel & 1);
        const at = 3 * to;
        const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
        [r, g, b] = [r + red, g + green, b + blue];
        if (!isNew(at)) continue;
        any = true;
        out[to] = 16.5 + (219 / 255) * (0.2126 * red + 0.7152 * green + 0.0722 * blue);
      }
      if (!any) continue;
      const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      const at = (y >> 1) * (width >> 1) + (x >> 1);
      out[uAt + at] = 128.5 + ((224 / 255) * (b - luma)) / 1.8556 / 4;
      out[vAt + at] = 128.5 + ((224 / 255) * (r - luma)) / 1.5748 / 4;
    }
  }
}

/**
 * Puts into `frame` what differs between two frames of 4:2:0 of its size, and answers where; null where nothing does. Every other pixel
 * keeps its bytes.
 */
export function takeChanges(frame: Rgb, before: Uint8Array, after: Uint8Array): Box | null {
  const { width, height, data } = frame;
  const differs = changesOf(before, after, width, height);
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!differs(x, y)) continue;
      [left, top] = [Math.min(left, x), Math.min(top, y)];
      [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
    }
  }
  if (right === 0) return null;
  const { region, ...now } = pictureOf(after, width, height, {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
  });
  for (let y = 0; y < region.height; y++) {
    for (let x = 0; x < region.width; x++) {
      if (!differs(region.x + x, region.y + y)) continue;
      const from = 3 * (y * region.width + x);
      data.set(now.data.subarray(from, from + 3), 3 * ((region.y + y) * width + region.x + x));
    }
  }
  return region;
}

/** Whether a pixel of two frames differs, in its brightness or in the colours that it shares. */
function changesOf(before: Uint8Array, after: Uint8Array, width: number, height: number) {
  const uAt = width * height;
  const vAt = uAt + (width >> 1) * (height >> 1);
  return (x: number, y: number): boolean => {
    const luma = y * width + x;
    const chroma = (y >> 1) * (width >> 1) + (x >> 1);
    return (
      before[luma] !== after[luma] ||
      before[uAt + chroma] !== after[uAt + chroma] ||
      before[vAt + chroma] !== after[vAt + chroma]
    );
  };
}

type Size = { width: number; height: number };
type Scaler = { scale(yuv: Uint8Array, from: Size): Uint8Array; free(): void };

/** Makes frames of any even size as large as `to`: means of what is shrunk, cubic splines through what is enlarged. */
export function createScaler(to: Size): Scaler {
  let filter: ReturnType<typeof openFilter> | undefined;
  let made = "";
  return {
    scale(yuv, from) {
      if (from.width === to.width && from.height === to.height) return yuv;
      const key = `${from.width}x${from.height}`;
      if (key !== made) {
        filter?.free();
        const way = from.width > to.width ? "area" : "bicubic";
        const source = yuvSource("in", from.width, from.height, "1/1000");
        filter = openFilter(
          `${source},scale=${to.width}:${to.height}:flags=${way}+accurate_rnd,format=yuv420p,buffersink@out`,
        );
        made = key;
      }
      const frame = toFrame(yuv, from.width, from.height, 0n);
      try {
        filter!.add(frame);
        for (const scaled of filter!.out()) return scaled.toBuffer();
      } finally {
        frame.free();
      }
      throw new Error("a frame was not scaled");
    },
    free: () => filter?.free(),
  };
}
