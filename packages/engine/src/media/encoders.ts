/** Encoders of pictures, and the frames that they take. */
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_BGRA,
  AV_PIX_FMT_PAL8,
  AV_PIX_FMT_YUV420P,
  AVCHROMA_LOC_LEFT,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, Frame, Rational } from "node-av/lib";
import { must } from "./ffmpeg.ts";

export type PictureEncoder = {
  /** As FFmpeg calls it. */
  codec: string;
  pixels: typeof AV_PIX_FMT_YUV420P | typeof AV_PIX_FMT_BGRA | typeof AV_PIX_FMT_PAL8;
  options: Record<string, string | number>;
  /** Further options for frames that are not evenly apart. */
  uneven?: Record<string, string | number>;
};

export const PICTURE_ENCODERS = {
  h264: {
    ...{ codec: "libx264", pixels: AV_PIX_FMT_YUV420P },
    options: { preset: "veryfast", crf: 20, profile: "high" },
    // an MP4 counts its length in the order of decoding: only without B-frames do uneven frames come to the right sum
    uneven: { bf: 0 },
  },
  /** Four times as fast as `good`, which has files a quarter smaller. */
  vp9: {
    ...{ codec: "libvpx-vp9", pixels: AV_PIX_FMT_YUV420P },
    options: { crf: 28, b: 0, deadline: "realtime", "cpu-used": 6, "row-mt": 1 },
  },
  webp: {
    ...{ codec: "libwebp_anim", pixels: AV_PIX_FMT_BGRA },
    options: { quality: 78, compression_level: 1 },
  },
  gif: { codec: "gif", pixels: AV_PIX_FMT_PAL8, options: {} },
} as const satisfies Record<string, PictureEncoder>;

/**
 * Fixed, because x264's output depends on it: the same frames give the same bytes, whatever the machine's cores. (Seen at
 * sides from 250 pixels; at 64 × 64 its macroblock tree reads what it never wrote, and one file in twenty differs.)
 */
const THREADS = 2;

type EncoderOptions = {
  width: number;
  height: number;
  rate: Rational;
  /** Of the frames' time stamps; a frame each by default. */
  timeBase?: Rational;
  /** What 4:2:0 says that it is, where that is not `BT709`. */
  colours?: Colours;
};

/** What a stream says of its colours. */
export type Colours = Pick<
  CodecContext,
  "colorRange" | "colorPrimaries" | "colorTrc" | "colorSpace" | "chromaLocation"
>;

const BT709: Colours = {
  ...{ colorRange: AVCOL_RANGE_MPEG, colorPrimaries: AVCOL_PRI_BT709, colorTrc: AVCOL_TRC_BT709 },
  ...{ colorSpace: AVCOL_SPC_BT709, chromaLocation: AVCHROMA_LOC_LEFT },
};

/** 4:2:0 is BT.709, limited range. */
export async function openEncoder(
  { codec: name, pixels, options }: PictureEncoder,
  { width, height, rate, timeBase = rate.inv(), colours = BT709 }: EncoderOptions,
): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(name as never);
  if (codec === null) throw new Error(`FFmpeg was built without ${name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = pixels;
  encoder.framerate = rate;
  encoder.timeBase = timeBase;
  encoder.sampleAspectRatio = new Rational(1, 1);
  if (pixels === AV_PIX_FMT_YUV420P) Object.assign(encoder, colours);
  encoder.threadCount = THREADS;
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  must(await encoder.open2(codec, Dictionary.fromObject(options)), "encoder");
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
    // in one piece where rows have no padding
    const [length, count] = strides[plane] === columns ? [columns! * rows!, 1] : [columns!, rows!];
    for (let row = 0; row < count; row++) {
      planes[plane]!.set(yuv.subarray(from, from + length), row * strides[plane]!);
      from += length;
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
