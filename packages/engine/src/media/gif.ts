/**
 * A GIF: one palette for the whole clip, chosen from frames all over it, so that no colour flickers; an ordered dither, which stays where
 * it is while the picture moves. (Error diffusion crawls, makes larger files and takes ten times as long.) The palette is known only at the
 * end, so the frames wait in a file beside the GIF. It repeats for ever.
 */
import { type FileHandle, open, unlink } from "node:fs/promises";
import { type Frame, Rational } from "node-av/lib";
import { frameRate, openEncoder, PICTURE_ENCODERS, toFrame } from "./encoders.ts";
import { openFilter, source, yuvSource } from "./filter.ts";
import { markGif } from "./marks.ts";
import { type ClipFile, type ClipFileOptions, openMuxed } from "./muxed.ts";

/** Frames that the palette is chosen from, evenly over the clip. */
const PALETTE_FRAMES = 24;
/** GIF's unit of time. */
const TIME_BASE = "1/100";
const DITHER = "paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle";

export async function openGif(options: ClipFileOptions): Promise<ClipFile> {
  const { path, fps, marks } = options;
  const spoolPath = `${path}.frames`;
  const spool = await open(spoolPath, "wx+", 0o600);
  let frames = 0;
  const pts = (index: number) => BigInt(Math.round((index * 100) / fps));
  return {
    pts,
    async encode(frame) {
      await spool.appendFile(frame.toBuffer());
      frames++;
    },
    async finish() {
      await encodeAll(options, { spool, frames, pts });
      if (!options.stopped()) await markGif(path, marks);
    },
    async free() {
      await spool.close().catch(() => {});
      await unlink(spoolPath).catch(() => {});
    },
  };
}

type Spooled = { spool: FileHandle; frames: number; pts: (index: number) => bigint };

async function encodeAll(options: ClipFileOptions, spooled: Spooled): Promise<void> {
  const { path, width, height, fps, stopped } = options;
  const palette = await paletteOf(options, spooled);
  const source256 = source("palette", { width: 16, height: 16, pixels: "bgra", timeBase: TIME_BASE });
  const text = `${yuvSource("in", width, height, TIME_BASE)},scale,format=bgra[a];${source256}[p];[a][p]${DITHER},buffersink@out`;
  const filter = openFilter(text);
  const encoding = { width, height, rate: frameRate(fps), timeBase: new Rational(1, 100) };
  const frameTicks = BigInt(Math.round(100 / fps));
  // the muxer cannot know how long the last frame lasts
  const header = { loop: "0", final_delay: String(frameTicks) };
  const encoder = await openEncoder(PICTURE_ENCODERS.gif, encoding);
  const file = await openMuxed({ path, container: "gif", header, encoder, rate: encoding.rate, frameTicks });
  const encode = async () => {
    for (const each of filter.out()) await file.encode(each);
  };
  try {
    filter.add(palette, "palette");
    filter.add(null, "palette");
    for (let index = 0; index < spooled.frames && !stopped(); index++) {
      await withFrame(options, spooled, index, (frame) => filter.add(frame));
      await encode();
    }
    filter.add(null);
    await encode();
    if (!stopped()) await file.finish();
  } finally {
    palette.free();
    filter.free();
    file.free();
  }
}

/** 256 colours as a picture of 16 × 16. */
async function paletteOf(options: ClipFileOptions, spooled: Spooled): Promise<Frame> {
  const { width, height, stopped } = options;
  const filter = openFilter(
    `${yuvSource("in", width, height, TIME_BASE)},scale,format=rgb24,palettegen=reserve_transparent=0,buffersink@out`,
  );
  try {
    const step = Math.max(1, spooled.frames / PALETTE_FRAMES);
    for (let at = 0; at < spooled.frames && !stopped(); at += step) {
      await withFrame(options, spooled, Math.floor(at), (frame) => filter.add(frame));
    }
    filter.add(null);
    for (const palette of filter.out()) {
      const kept = palette.clone();
      if (kept) return kept;
    }
    throw new Error("no palette was made");
  } finally {
    filter.free();
  }
}

async function withFrame(
  { width, height }: ClipFileOptions,
  { spool, pts }: Spooled,
  index: number,
  use: (frame: Frame) => void,
): Promise<void> {
  const yuv = new Uint8Array((width * height * 3) / 2);
  const { bytesRead } = await spool.read(yuv, 0, yuv.length, index * yuv.length);
  if (bytesRead !== yuv.length) throw new Error("the frames ended too early");
  const frame = toFrame(yuv, width, height, pts(index));
  try {
    use(frame);
  } finally {
    frame.free();
  }
}
