/** Decodes single pictures that are coded like frames of a video: no file is opened and no demuxer asked. */

import type { Nclx } from "@smileloop/core/media/heif.ts";
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_BMP,
  AV_CODEC_ID_HEVC,
  AV_LOG_FATAL,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, Frame, Log, Packet } from "node-av/lib";
import { must } from "./ffmpeg.ts";
import { completeColours } from "./tone.ts";

/** Sides of blocks up to which a coded picture is filled up. */
const FILLED_UP = 64;

const DECODERS = { hvc1: AV_CODEC_ID_HEVC, av01: AV_CODEC_ID_AV1, bmp: AV_CODEC_ID_BMP } as const;

export type Still = {
  coding: keyof typeof DECODERS;
  config: Uint8Array | null;
  data: Uint8Array;
  /** What it has to have; a picture that turns out to be larger is not decoded. */
  width: number;
  height: number;
};

/** The caller frees the frame. Throws an FFmpegError or Error for what is damaged. */
export async function decodeStill({ coding, config, data, width, height }: Still): Promise<Frame> {
  Log.setLevel(AV_LOG_FATAL);
  const codec = Codec.findDecoder(DECODERS[coding]);
  if (codec === null) throw new Error(`FFmpeg was built without a decoder for ${coding}`);
  const decoder = new CodecContext();
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();
  try {
    decoder.allocContext3(codec);
    if (config) decoder.extraData = Buffer.from(config);
    decoder.threadCount = 1;
    const filled = (side: number) => Math.ceil(side / FILLED_UP) * FILLED_UP;
    const options = { err_detect: "+explode", max_pixels: String(filled(width) * filled(height)) };
    must(await decoder.open2(codec, Dictionary.fromObject(options)), "decoder");
    packet.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    packet.isKeyframe = true;
    must(await decoder.sendPacket(packet), "decode");
    must(await decoder.sendPacket(null), "decode");
    must(decoder.receiveFrameSync(frame), "decode");
    if (frame.width !== width || frame.height !== height)
      throw new Error("a picture has another size than its header says");
    if (frame.decodeErrorFlags !== 0) throw new Error("a picture is damaged");
    return frame;
  } catch (error) {
    frame.free();
    throw error;
  } finally {
    packet.free();
    decoder.freeContext();
  }
}

/** Says what a frame's numbers mean, by the file, the coded picture, or else as ISO/IEC 23000-22 (7.3.6.4) has it. */
export function nameColours(frame: Frame, nclx: Nclx | null): void {
  if (nclx) {
    Object.assign(frame, { colorPrimaries: nclx.primaries, colorTrc: nclx.transfer, colorSpace: nclx.matrix });
    frame.colorRange = nclx.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  }
  completeColours(frame, { matrix: AVCOL_SPC_SMPTE170M, range: AVCOL_RANGE_JPEG });
}
