/** A part of a picture made clearer where a mask wants it, by the network that restores (net.ts). */
import sharp from "sharp";
import type { Box } from "../../media/yuv.ts";
import type { RgbFrame } from "../processor.ts";
import type { Runner } from "./tiles.ts";

/** Whole pixels inside the frame. `scale`: at which size the network looks at it, at most 1. `share`: how much of it is wanted at a place. */
export type Restoring = { box: Box; scale: number; share: (x: number, y: number) => number; signal: AbortSignal };

/** A new frame; nothing outside of the box is changed, and nothing where the share is 0. Throws what the runner throws. */
export async function restored(
  frame: RgbFrame,
  runner: Runner,
  { box, scale, share, signal }: Restoring,
): Promise<RgbFrame> {
  const part = cut(frame, box);
  const shown = scale < 1 ? await resized(part, scale) : part;
  const added = await additions(shown, runner, signal);
  const data = new Uint8ClampedArray(frame.data);
  const [across, down] = [shown.width / box.width, shown.height / box.height];
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const wanted = share(box.x + x, box.y + y);
      if (wanted <= 0) continue;
      const to = ((box.y + y) * frame.width + box.x + x) * 3;
      for (let c = 0; c < 3; c++) {
        const more =
          scale < 1
            ? between(added, shown, (x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5, c)
            : added[(y * box.width + x) * 3 + c]!;
        data[to + c] = frame.data[to + c]! + wanted * more;
      }
    }
  }
  return { ...frame, data: new Uint8Array(data.buffer) };
}

/** What the network adds to each pixel, levels; RGB interleaved. */
async function additions(frame: RgbFrame, runner: Runner, signal: AbortSignal): Promise<Float32Array> {
  const added = new Float32Array(frame.width * frame.height * 3);
  await runner.run(frame, signal, ({ left, top, width, height, values, row, plane }) => {
    for (let y = 0; y < height; y++) {
      let to = ((top + y) * frame.width + left) * 3;
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++, to++) added[to] = 255 * values[y * row + c * plane + x]!;
      }
    }
  });
  return added;
}

function cut({ width, data }: RgbFrame, box: Box): RgbFrame {
  const out = new Uint8Array(box.width * box.height * 3);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.y + y) * width + box.x) * 3;
    out.set(data.subarray(from, from + box.width * 3), y * box.width * 3);
  }
  return { width: box.width, height: box.height, data: out };
}

async function resized({ width, height, data }: RgbFrame, scale: number): Promise<RgbFrame> {
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return {
    ...size,
    data: new Uint8Array(await image.resize(size.width, size.height, { fit: "fill" }).raw().toBuffer()),
  };
}

/** Bilinear; outside, the edge goes on. What is added to something soft is soft itself. */
function between(values: Float32Array, { width, height }: RgbFrame, x: number, y: number, c: number): number {
  const [cx, cy] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
  const [left, top] = [Math.floor(cx), Math.floor(cy)];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const at = (column: number, row: number): number => values[(row * width + column) * 3 + c]!;
  const above = at(left, top) + (at(right, top) - at(left, top)) * (cx - left);
  const below = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * (cx - left);
  return above + (below - above) * (cy - top);
}
