/** The pictures of a video: H.264 High (x264), yuv420p, BT.709 tags. */
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_YUV420P,
  AVCHROMA_LOC_LEFT,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, Frame, Rational } from "node-av/lib";
import { must } from "./ffmpeg.ts";

/**
 * Fixed, because x264's output depends on it: the same frames give the same bytes, whatever the machine's cores. (Seen at
 * sides from 250 pixels; at 64 × 64 its macroblock tree reads what it never wrote, and one file in twenty differs.)
 */
const THREADS = 2;

export async function openPictureEncoder(width: number, height: number, rate: Rational): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (codec === null) throw new Error("FFmpeg was built without x264");
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = AV_PIX_FMT_YUV420P;
  encoder.framerate = rate;
  encoder.timeBase = rate.inv();
  encoder.sampleAspectRatio = new Rational(1, 1);
  encoder.colorRange = AVCOL_RANGE_MPEG;
  encoder.colorPrimaries = AVCOL_PRI_BT709;
  encoder.colorTrc = AVCOL_TRC_BT709;
  encoder.colorSpace = AVCOL_SPC_BT709;
  encoder.chromaLocation = AVCHROMA_LOC_LEFT;
  encoder.threadCount = THREADS;
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = Dictionary.fromObject({ preset: "veryfast", crf: 20, profile: "high" });
  must(await encoder.open2(codec, options), "encoder");
  return encoder;
}

/** Copies: `Frame.fromVideoBuffer` would leave the frame pointing into the caller's bytes. */
export function toFrame(yuv: Uint8Array, width: number, height: number, pts: bigint): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = AV_PIX_FMT_YUV420P;
  frame.pts = pts;
  must(frame.getBuffer(), "frame");
  const planes = frame.data;
  const strides = frame.linesize;
  if (planes === null) throw new Error("the frame has no memory");
  let from = 0;
  for (const [plane, [columns, rows]] of [
    [width, height],
    [width / 2, height / 2],
    [width / 2, height / 2],
  ].entries()) {
    for (let row = 0; row < rows!; row++) {
      planes[plane]!.set(yuv.subarray(from, from + columns!), row * strides[plane]!);
      from += columns!;
    }
  }
  return frame;
}

/** Frames a second as a fraction: the NTSC rates as they are meant (29.97 → 30000/1001), others to a thousandth. */
export function frameRate(fps: number): Rational {
  const ntsc = Math.round(fps * 1.001);
  if (!Number.isInteger(fps) && Math.abs((ntsc * 1000) / 1001 - fps) < 0.005) return new Rational(ntsc * 1000, 1001);
  const thousandths = Math.round(fps * 1000);
  const divisor = gcd(thousandths, 1000);
  return new Rational(thousandths / divisor, 1000 / divisor);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
