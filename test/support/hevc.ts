/** Encodes pictures as HEVC in any colours, HDR too. */
import { AV_CODEC_FLAG_GLOBAL_HEADER, AV_PIX_FMT_RGB24, FF_ENCODER_LIBX265 } from "node-av/constants";
import { Codec, CodecContext, Dictionary, Frame, Rational } from "node-av/lib";
import { createFrameFilter } from "../../packages/engine/src/media/frame-filter.ts";
import { openMuxer } from "./muxer.ts";

/** Code points of H.273. */
export type Nclx = { primaries: number; transfer: number; matrix: number; full: boolean };
/** RGB without padding. */
export type Rgb = { data: Uint8Array; width: number; height: number };

/** ITU-R BT.601, all values. */
export const USUAL: Nclx = { primaries: 1, transfer: 13, matrix: 6, full: true };
/** ITU-R BT.2100; white is at 203 cd/m². */
export const PQ: Nclx = { primaries: 9, transfer: 16, matrix: 9, full: false };
export const HLG: Nclx = { ...PQ, transfer: 18 };
export const DISPLAY_P3: Nclx = { primaries: 12, transfer: 13, matrix: 6, full: true };

const RATE = 25;

/** sRGB pictures of one size; the container by the path's ending. `deep`: 10 bits. */
export async function encodeHevc(path: string, pictures: Rgb[], { nclx = USUAL, deep = false }): Promise<void> {
  const colours = {
    ...{ colorPrimaries: nclx.primaries, colorTrc: nclx.transfer },
    ...{ colorSpace: nclx.matrix, colorRange: nclx.full ? 2 : 1 },
  };
  const frames = pictures.map((picture, i) =>
    Object.assign(yuvOf(picture, nclx, deep), { ...colours, pts: BigInt(i) }),
  );
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX265);
  if (codec === null) throw new Error("FFmpeg was built without libx265");
  const { width, height, format } = frames[0]!;
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  Object.assign(encoder, { width, height, pixelFormat: format, threadCount: 1, ...colours });
  encoder.timeBase = new Rational(1, RATE);
  encoder.framerate = new Rational(RATE, 1);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = { preset: "ultrafast", crf: "12", "x265-params": "log-level=none:bframes=0:rc-lookahead=0" };
  if ((await encoder.open2(codec, Dictionary.fromObject(options))) < 0) throw new Error("the encoder does not open");
  const muxer = openMuxer(path, "mp4", encoder);
  for (const frame of frames) await muxer.add(frame);
  await muxer.end();
}

function yuvOf({ data, width, height }: Rgb, nclx: Nclx, deep: boolean): Frame {
  const rgb = new Frame();
  rgb.alloc();
  Object.assign(rgb, { width, height, format: AV_PIX_FMT_RGB24 });
  if (rgb.getBuffer() < 0) throw new Error("a frame has no room");
  rgb.fromBuffer(Buffer.from(data));
  const filter = createFrameFilter(rgb, `${chainTo(nclx)},format=${deep ? "yuv420p10le" : "yuv420p"}`);
  const frame = new Frame();
  frame.alloc();
  filter.apply(rgb, frame);
  filter.free();
  rgb.free();
  return frame;
}

function chainTo({ primaries, transfer, matrix, full }: Nclx): string {
  if (primaries === 1) {
    return `scale=out_color_matrix=bt601:out_range=${full ? "pc" : "tv"}:flags=accurate_rnd+full_chroma_int`;
  }
  const from = "pin=709:tin=iec61966-2-1:min=gbr:rin=full";
  return `format=gbrp,zscale=${from}:p=${primaries}:t=${transfer}:m=${matrix}:r=${full ? "full" : "limited"}:npl=203`;
}
