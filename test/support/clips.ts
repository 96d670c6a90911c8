/** Videos of a moving face, made from the sample portraits by our own engine, and the same in other formats. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { toPlanes } from "@smileloop/engine/media/planes.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { animate } from "@smileloop/engine/warp/animate.ts";
import { AV_CODEC_FLAG_GLOBAL_HEADER, AV_PIX_FMT_YUV420P } from "node-av/constants";
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, Rational } from "node-av/lib";
import sharp from "sharp";
import { toldOf } from "./asked.ts";
import { openMuxer } from "./muxer.ts";
import { provenance } from "./provenance.ts";

export type Curves = MotionFrames["faces"][number]["channels"];

/** Comes and goes once between two frames. */
export function hump(frames: number, size: number, from = 0, to = frames): number[] {
  return Array.from({ length: frames }, (_, i) => {
    const x = (i - from) / (to - from);
    return x > 0 && x < 1 ? (size * (1 - Math.cos(2 * Math.PI * x))) / 2 : 0;
  });
}

/** Renders `curves` on a portrait at 25 frames a second; answers the MP4. */
export async function drivingClip(
  portrait: string,
  frames: number,
  curves: Curves,
  size: 256 | 512 = 256,
): Promise<Buffer> {
  return withFolder(async (dir) => {
    const video = join(dir, "clip.mp4");
    const motion = { fps: 25, frames, faces: [{ channels: curves }] };
    const { run } = await toldOf({ image: portrait, motion, size, seed: 1 });
    await animate(
      {
        ...{ type: "run", run: "clip", ...run },
        outputs: { video },
        provenance,
      },
      { signal: new AbortController().signal, progress: () => {} },
    );
    return readFileSync(video);
  });
}

/** A video in which nothing moves; before the picture, `grey` frames that show nothing. */
export async function stillClip(picture: string, frames: number, { grey = 0 } = {}): Promise<Buffer> {
  const side = 256;
  const rgb = await sharp(picture).resize(side, side).removeAlpha().raw().toBuffer();
  const { y, u, v } = toPlanes(rgb, side, side);
  return withFolder(async (dir) => {
    const path = join(dir, "still.mp4");
    const writer = await openVideoWriter({ path, width: side, height: side, fps: 25, provenance });
    for (let i = 0; i < grey; i++) await writer.write(new Uint8Array(side * side * 1.5).fill(128));
    for (let i = 0; i < frames; i++) await writer.write(Buffer.concat([y, u, v]));
    await writer.close();
    return readFileSync(path);
  });
}

export type Format = {
  codec: "libx264" | "libx265" | "libvpx-vp9";
  container: "mp4" | "mov" | "webm" | "mkv";
  /** Milliseconds at which the frames are shown; evenly at 25 a second where absent. */
  times?: number[];
  /** How often each picture is turned counter-clockwise, with a display matrix that turns it back. */
  turns?: 0 | 1 | 2 | 3;
  /** Each picture is stored with its lowest row first, and a display matrix says so. */
  flipped?: boolean;
};

/** The frames of one of our clips, encoded anew. */
export async function reencoded(
  clip: Buffer,
  { codec, container, times, turns = 0, flipped = false }: Format,
): Promise<Buffer> {
  return withFolder(async (dir) => {
    const source = join(dir, "source.mp4");
    writeFileSync(source, clip);
    const frames: Uint8Array[] = [];
    const { width, height } = await readVideo(source, { onFrame: ({ yuv }) => void frames.push(yuv()) });
    if (width !== height) throw new Error("square clips only");
    const path = join(dir, `out.${container}`);
    const pictures = frames.map((yuv) => (flipped ? flippedBack(yuv, width) : turnedBack(yuv, width, turns)));
    await encode(path, { codec, container, width, pictures, times: times ?? frames.map((_, i) => i * 40) });
    const file = readFileSync(path);
    if (flipped) return withMatrix(file, [1, 0, 0, -1]);
    return turns === 0 ? file : withMatrix(file, TURNS[turns]!);
  });
}

type Encoding = { codec: string; container: string; width: number; pictures: Uint8Array[]; times: number[] };

async function encode(path: string, { codec: name, container, width, pictures, times }: Encoding): Promise<void> {
  const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (codec === null) throw new Error(`FFmpeg was built without ${name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  Object.assign(encoder, {
    width,
    height: width,
    pixelFormat: AV_PIX_FMT_YUV420P,
    bitRate: 2_000_000n,
    threadCount: 2,
  });
  encoder.timeBase = new Rational(1, 1000);
  encoder.framerate = new Rational(25, 1);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = name.startsWith("libx") ? { preset: "ultrafast" } : { deadline: "realtime", "cpu-used": "8" };
  if (name === "libx265") Object.assign(options, { "x265-params": "log-level=none" });
  must(await encoder.open2(codec, Dictionary.fromObject(options)));
  const muxer = openMuxer(path, container === "mkv" ? "matroska" : container, encoder);
  for (const [i, yuv] of pictures.entries()) {
    const frame = new Frame();
    frame.alloc();
    Object.assign(frame, { width, height: width, format: AV_PIX_FMT_YUV420P, pts: BigInt(times[i]!) });
    must(frame.getBuffer());
    must(frame.fromBuffer(Buffer.from(yuv)));
    await muxer.add(frame);
  }
  await muxer.end();
}

/** Planar 4:2:0 of a square, turned counter-clockwise by quarters. */
function turnedBack(yuv: Uint8Array, side: number, turns: number): Uint8Array {
  if (turns === 0) return yuv;
  const out = new Uint8Array(yuv.length);
  let start = 0;
  for (const n of [side, side / 2, side / 2]) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        let [u, v] = [x, y];
        for (let turn = 0; turn < turns; turn++) [u, v] = [v, n - 1 - u];
        out[start + v * n + u] = yuv[start + y * n + x]!;
      }
    }
    start += n * n;
  }
  return out;
}

/** Planar 4:2:0 of a square, the last row first. */
function flippedBack(yuv: Uint8Array, side: number): Uint8Array {
  const rows: Uint8Array[] = [];
  let start = 0;
  for (const n of [side, side / 2, side / 2]) {
    for (let y = n - 1; y >= 0; y--) rows.push(yuv.subarray(start + y * n, start + (y + 1) * n));
    start += n * n;
  }
  return Buffer.concat(rows);
}

type Matrix = [a: number, b: number, c: number, d: number];
/** Display matrices that turn clockwise, by quarters. */
const TURNS: Matrix[] = [
  [1, 0, 0, 1],
  [0, 1, -1, 0],
  [-1, 0, 0, -1],
  [0, -1, 1, 0],
];

/** Writes the display matrix into the track header (ISO/IEC 14496-12, 8.3.2). */
function withMatrix(file: Buffer, [a, b, c, d]: Matrix): Buffer {
  const at = file.indexOf("tkhd") + 4 + 40;
  for (const [i, value] of [a, b, 0, c, d, 0].entries()) file.writeInt32BE(value * 65536, at + i * 4);
  return file;
}

/** An MP4 of ours with a cover before its video, as taggers leave it. FFmpeg reads covers as tracks. */
export function withCover(file: Buffer, jpeg: Buffer): Buffer {
  const box = (type: string, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), ...parts]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length + 4);
    return Buffer.concat([size, body]);
  };
  const handler = Buffer.concat([Buffer.alloc(8), Buffer.from("mdirappl"), Buffer.alloc(9)]);
  const cover = box("covr", box("data", Buffer.from([0, 0, 0, 13, 0, 0, 0, 0]), jpeg));
  const tags = box("udta", box("meta", Buffer.alloc(4), box("hdlr", handler), box("ilst", cover)));
  const moov = file.indexOf("moov") - 4;
  const out = Buffer.concat([file.subarray(0, moov + 8), tags, file.subarray(moov + 8)]);
  out.writeUInt32BE(file.readUInt32BE(moov) + tags.length, moov);
  // the pictures lie behind the index, and so farther away
  const offsets = out.indexOf("stco") + 8;
  for (let i = 0; i < out.readUInt32BE(offsets); i++) {
    const at = offsets + 4 + i * 4;
    out.writeUInt32BE(out.readUInt32BE(at) + tags.length, at);
  }
  return out;
}

async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-clips-"));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function must(code: number): void {
  FFmpegError.throwIfError(code, "encode");
}
