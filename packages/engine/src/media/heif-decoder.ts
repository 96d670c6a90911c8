/** Decodes HEIC and AVIF: tile by tile, put together, with the alpha of another layer. */
import type { ReadAt } from "@smileloop/core/media/clip-header.ts";
import type { HeifLayer, HeifPicture, HeifTile } from "@smileloop/core/media/heif.ts";
import { Frame } from "node-av/lib";
import { createFrameFilter, type FrameFilter } from "./frame-filter.ts";
import { type PlainTiff, plainTiff } from "./plain-tiff.ts";
import { decodeStill, nameColours } from "./still-decoder.ts";
import { isHdr, toRgb } from "./tone.ts";

const GREY = "scale=out_range=pc,format=gray";
const MIB = 1024 * 1024;
/** What filters hold of a pixel while they tone-map it. */
const HDR_BYTES = 28;

/** Pixels of what is shown, not turned yet. */
type Canvas = { pixels: Uint8Array; channels: 3 | 4; crop: HeifPicture["crop"] };
/** `channel`: the first of the canvas that it fills. */
type Brush = { channel: number; chain: (frame: Frame) => string };

/** A TIFF of the picture, with its profile and orientation. Throws FFmpegErrors and Errors for what is damaged, and what `read` throws. */
export async function decodeHeif(
  { crop, colour, alpha, icc, orientation }: HeifPicture,
  read: ReadAt,
): Promise<Buffer> {
  const channels = alpha ? 4 : 3;
  let tiff: PlainTiff | undefined;
  // only a decoded tile says for certain whether it is HDR, of which tone mapping leaves sRGB
  const canvasOf = (frame: Frame): Canvas => {
    const profile = isHdr(frame) ? null : icc;
    tiff ??= plainTiff({ width: crop.width, height: crop.height, channels, orientation, icc: profile });
    return { pixels: tiff.pixels, channels, crop };
  };
  await paint(colour, read, canvasOf, { channel: 0, chain: (frame) => toRgb(frame, { profiled: icc !== null }) });
  if (alpha) await paint(alpha, read, canvasOf, { channel: 3, chain: () => GREY });
  return tiff!.file;
}

/** How much decoding holds at once, bytes. */
export function heifBytes({ crop, colour, alpha }: HeifPicture): number {
  const { tileWidth, tileHeight, nclx } = colour;
  const { bytes, samples } = depthOf(colour);
  const hdr = bytes > 1 && (nclx === null || isHdr({ colorTrc: nclx.transfer }));
  // the decoder's own copy, the one that is handed out, and what the filters make of it
  const tile = 2 * samples * bytes + (hdr ? HDR_BYTES : 3);
  return crop.width * crop.height * (alpha ? 4 : 3) + tileWidth * tileHeight * tile + MIB;
}

/** Bytes of a sample, and samples of a pixel. Sources: ISO/IEC 14496-15, 8.3.2 (`hvcC`); the AV1 codec's ISO media binding, 2.3. */
function depthOf({ coding, tiles }: HeifLayer): { bytes: number; samples: number } {
  const config = tiles[0]!.config;
  if (coding === "hvc1") {
    const samples = [1, 1.5, 2, 3][(config[16] ?? 3) & 3]!;
    return { bytes: ((config[17] ?? 7) & 7) > 0 ? 2 : 1, samples };
  }
  const flags = config[2] ?? 0x40;
  return { bytes: (flags & 0x40) === 0 ? 1 : 2, samples: (flags & 0x0c) === 0x0c ? 1.5 : 3 };
}

async function paint(
  layer: HeifLayer,
  read: ReadAt,
  canvasOf: (frame: Frame) => Canvas,
  { channel, chain }: Brush,
): Promise<void> {
  const filtered = new Frame();
  filtered.alloc();
  let filter: FrameFilter | undefined;
  let like: string | undefined;
  try {
    for (const [i, tile] of layer.tiles.entries()) {
      const frame = await decodeTile(layer, tile, read);
      let canvas: Canvas;
      try {
        nameColours(frame, layer.nclx);
        canvas = canvasOf(frame);
        filter ??= createFrameFilter(frame, chain(frame));
        like ??= likeness(frame);
        if (likeness(frame) !== like) throw new Error("tiles differ in their format");
        filter.apply(frame, filtered);
      } finally {
        frame.free();
      }
      const at = { x: (i % layer.columns) * layer.tileWidth, y: Math.floor(i / layer.columns) * layer.tileHeight };
      put(canvas, filtered, at, channel);
      filtered.unref();
    }
  } finally {
    filter?.free();
    filtered.free();
  }
}

function likeness({ format, colorSpace, colorRange, colorTrc, colorPrimaries }: Frame): string {
  return [format, colorSpace, colorRange, colorTrc, colorPrimaries].join();
}

async function decodeTile(
  { coding, tileWidth, tileHeight }: HeifLayer,
  { config, extents }: HeifTile,
  read: ReadAt,
): Promise<Frame> {
  const parts: Uint8Array[] = [];
  for (const { offset, length } of extents) parts.push(await read(offset, length));
  return decodeStill({ coding, config, data: Buffer.concat(parts), width: tileWidth, height: tileHeight });
}

/** Copies the part of a tile at (x, y) that the canvas shows. */
function put({ pixels, channels, crop }: Canvas, tile: Frame, at: { x: number; y: number }, channel: number): void {
  const rows = tile.data![0]!;
  const stride = tile.linesize[0]!;
  const bytes = channel === 3 ? 1 : 3;
  const left = Math.max(at.x, crop.left);
  const right = Math.min(at.x + tile.width, crop.left + crop.width);
  const bottom = Math.min(at.y + tile.height, crop.top + crop.height);
  for (let y = Math.max(at.y, crop.top); y < bottom; y++) {
    let from = (y - at.y) * stride + (left - at.x) * bytes;
    let to = ((y - crop.top) * crop.width + left - crop.left) * channels + channel;
    if (channels === bytes) {
      if (right > left) pixels.set(rows.subarray(from, from + (right - left) * bytes), to);
      continue;
    }
    for (let x = left; x < right; x++, from += bytes, to += channels) {
      for (let c = 0; c < bytes; c++) pixels[to + c] = rows[from + c]!;
    }
  }
}
