/** Decodes BMP, which libvips does not read. */
import type { ReadAt } from "@smileloop/core/media/clip-header.ts";
import { AV_PIX_FMT_ABGR, AV_PIX_FMT_ARGB, AV_PIX_FMT_BGRA, AV_PIX_FMT_RGBA } from "node-av/constants";
import { Frame } from "node-av/lib";
import { createFrameFilter } from "./frame-filter.ts";
import { plainTiff } from "./plain-tiff.ts";
import { decodeStill } from "./still-decoder.ts";

const WITH_ALPHA: readonly number[] = [AV_PIX_FMT_ABGR, AV_PIX_FMT_ARGB, AV_PIX_FMT_BGRA, AV_PIX_FMT_RGBA];

type Bmp = { width: number; height: number; bytes: number };

/** A TIFF of the picture. Throws FFmpegErrors and Errors for what is damaged, and what `read` throws. */
export async function decodeBmp({ width, height, bytes }: Bmp, read: ReadAt): Promise<Buffer> {
  const data = await read(0, bytes);
  const frame = await decodeStill({ coding: "bmp", config: null, data, width, height });
  const filtered = new Frame();
  filtered.alloc();
  try {
    const channels = WITH_ALPHA.includes(frame.format) ? 4 : 3;
    const filter = createFrameFilter(frame, channels === 4 ? "scale,format=rgba" : "scale,format=rgb24");
    try {
      filter.apply(frame, filtered);
    } finally {
      filter.free();
    }
    const { file, pixels } = plainTiff({ width, height, channels, orientation: 1, icc: null });
    const rows = filtered.data![0]!;
    const [row, stride] = [width * channels, filtered.linesize[0]!];
    for (let y = 0; y < height; y++) pixels.set(rows.subarray(y * stride, y * stride + row), y * row);
    return file;
  } finally {
    filtered.free();
    frame.free();
  }
}

/** How much decoding holds at once, bytes: the file, the decoded pixels, those of the filter, and the TIFF's. */
export function bmpBytes({ width, height, bytes }: Bmp): number {
  return bytes + width * height * 4 * 3;
}
