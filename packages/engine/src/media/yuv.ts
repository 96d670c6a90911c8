/** From the pixels of a video to those of a picture. */
import type { Picture } from "./picture.ts";

/** Planar 4:2:0, BT.709, limited range; both sides even. */
export type Frame = { yuv: Uint8Array; width: number; height: number };

export type Box = { x: number; y: number; width: number; height: number };

/** A part of a frame (planar 4:2:0, BT.709, limited range) as a picture; `box` is cut to the frame and rounded to even pixels. */
export function pictureOf(yuv: Uint8Array, width: number, height: number, box: Box): Picture {
  const left = even(Math.max(0, box.x));
  const top = even(Math.max(0, box.y));
  const right = Math.min(width, even(box.x + box.width + 1));
  const bottom = Math.min(height, even(box.y + box.height + 1));
  const out = { width: Math.max(2, right - left), height: Math.max(2, bottom - top) };
  // Clamped, so that it rounds and cuts to 0–255 by itself.
  const rgb = new Uint8ClampedArray(out.width * out.height * 3);
  const uAt = width * height;
  const vAt = uAt + (width >> 1) * (height >> 1);
  let to = 0;
  for (let y = top; y < top + out.height; y++) {
    const chroma = (y >> 1) * (width >> 1);
    for (let x = left; x < left + out.width; x++) {
      const luma = 1.164384 * (yuv[y * width + x]! - 16);
      const u = yuv[uAt + chroma + (x >> 1)]! - 128;
      const v = yuv[vAt + chroma + (x >> 1)]! - 128;
      rgb[to] = luma + 1.792741 * v;
      rgb[to + 1] = luma - 0.213249 * u - 0.532909 * v;
      rgb[to + 2] = luma + 2.112402 * u;
      to += 3;
    }
  }
  return {
    ...out,
    data: new Uint8Array(rgb.buffer),
    fullWidth: width,
    fullHeight: height,
    region: { x: left, y: top, ...out },
    orientation: 1,
  };
}

function even(value: number): number {
  return Math.floor(value / 2) * 2;
}

/** A copy of a frame with this share of its light and colour left, 0–1; at 0 it is black. `luma`: number of its luma samples. */
export function dimmed(yuv: Uint8Array, luma: number, share: number): Uint8Array {
  return yuv.map((value, i) => (i < luma ? 16 + (value - 16) * share : 128 + (value - 128) * share));
}
