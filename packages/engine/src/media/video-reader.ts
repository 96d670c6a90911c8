import { stat } from "node:fs/promises";
import {
  AV_CODEC_ID_H264,
  AV_LOG_FATAL,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import {
  Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  Frame,
  InputFormat,
  Log,
  Packet,
  type Stream,
} from "node-av/lib";
import { must } from "./ffmpeg.ts";

export type VideoInfo = {
  width: number;
  height: number;
  /** Frames a second, from the distance of the frames' times. */
  fps: number;
  /** Whether all frames are equally far apart. */
  constantRate: boolean;
  /** Frames that were really decoded. */
  frames: number;
  /** Seconds. */
  duration: number;
  /** Of the file. */
  bytes: number;
  codec: string;
  /** H.264 profile, as FFmpeg numbers it (100 = High). */
  profile: number;
  /** Whether primaries, transfer, matrix and range say BT.709, limited. */
  bt709: boolean;
  /** Other streams than the video, such as sound. */
  otherStreams: number;
  /** Metadata of the container. */
  tags: Record<string, string>;
};

/** A decoded frame; only valid while `onFrame` runs. */
type VideoFrame = {
  index: number;
  width: number;
  height: number;
  /** A copy: planar 4:2:0 without padding, width × height × 3/2 bytes. */
  yuv(): Uint8Array;
};

type ReadVideoOptions = {
  onFrame?: (frame: VideoFrame) => void;
  signal?: AbortSignal;
};

/** Sides and frames beyond which a file is not decoded: our own are far below. */
const MAX_SIDE = 4096;
const MAX_FRAMES = 20_000;

/**
 * Decodes every frame of an MP4's H.264 video, in the order they are shown. Throws when the file is anything else, when a
 * frame is damaged or when fewer frames come out than the container names. Nothing but the file itself is opened.
 */
export async function readVideo(path: string, { onFrame, signal }: ReadVideoOptions = {}): Promise<VideoInfo> {
  Log.setLevel(AV_LOG_FATAL);
  const { size: bytes } = await stat(path);
  const file = new FormatContext();
  const decoder = new CodecContext();
  try {
    const format = InputFormat.findInputFormat("mov");
    const options = Dictionary.fromObject({ protocol_whitelist: "file", format_whitelist: "mov,mp4,m4a,3gp,3g2,mj2" });
    must(await file.openInput(`file:${path}`, format, options), "open");
    const stream = file.streams.find((candidate) => candidate.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
    if (stream === undefined) throw new Error("the file has no video");
    await openDecoder(decoder, stream);
    const times = await decodeAll(file, decoder, stream, onFrame, signal);
    if (times.length === 0 || BigInt(times.length) !== stream.nbFrames) {
      throw new Error(`${times.length} of ${stream.nbFrames} frames were decoded`);
    }
    const { width, height, profile } = decoder;
    return {
      width,
      height,
      ...rateOf(times, stream),
      frames: times.length,
      duration: Number(stream.duration) * stream.timeBase.toDouble(),
      bytes,
      codec: "h264",
      profile,
      bt709:
        decoder.colorPrimaries === AVCOL_PRI_BT709 &&
        decoder.colorTrc === AVCOL_TRC_BT709 &&
        decoder.colorSpace === AVCOL_SPC_BT709 &&
        decoder.colorRange === AVCOL_RANGE_MPEG,
      otherStreams: file.nbStreams - 1,
      tags: file.metadata?.getAll() ?? {},
    };
  } finally {
    decoder.freeContext();
    await file.closeInput();
  }
}

async function openDecoder(decoder: CodecContext, stream: Stream): Promise<void> {
  const { width, height, codecId } = stream.codecpar;
  if (codecId !== AV_CODEC_ID_H264) throw new Error("the video is not H.264");
  if (width > MAX_SIDE || height > MAX_SIDE) throw new Error(`too large: ${width}×${height}`);
  if (stream.nbFrames > MAX_FRAMES) throw new Error(`too many frames: ${stream.nbFrames}`);
  const codec = Codec.findDecoder(AV_CODEC_ID_H264);
  if (codec === null) throw new Error("FFmpeg was built without an H.264 decoder");
  decoder.allocContext3(codec);
  must(stream.codecpar.toContext(decoder), "decoder");
  // One thread decodes these sizes as fast as two do; what is in flight then needs no waiting for.
  decoder.threadCount = 1;
  must(await decoder.open2(codec, Dictionary.fromObject({ err_detect: "+explode+crccheck+bitstream" })), "decoder");
}

/** The frames' times, in the stream's unit. */
async function decodeAll(
  file: FormatContext,
  decoder: CodecContext,
  stream: Stream,
  onFrame: ((frame: VideoFrame) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<bigint[]> {
  const times: bigint[] = [];
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();

  const receive = (): void => {
    for (;;) {
      const code = decoder.receiveFrameSync(frame);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      must(code, "decode");
      const { width, height } = frame;
      if (frame.format !== AV_PIX_FMT_YUV420P || width !== decoder.width || height !== decoder.height) {
        throw new Error("a frame has another format than the video");
      }
      if (frame.decodeErrorFlags !== 0) throw new Error(`frame ${times.length} is damaged`);
      onFrame?.({ index: times.length, width, height, yuv: () => frame.toBuffer() });
      times.push(frame.pts);
      frame.unref();
    }
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      const code = file.readFrameSync(packet);
      if (code === AVERROR_EOF) break;
      must(code, "read");
      if (packet.streamIndex === stream.index) {
        must(await decoder.sendPacket(packet), "decode");
        receive();
      }
      packet.unref();
    }
    must(await decoder.sendPacket(null), "decode");
    receive();
  } finally {
    frame.free();
    packet.free();
  }
  return times;
}

function rateOf(times: bigint[], stream: Stream): { fps: number; constantRate: boolean } {
  if (times.length < 2) return { fps: stream.avgFrameRate.toDouble(), constantRate: true };
  const first = Number(times[1]! - times[0]!);
  const constantRate = times.every((time, i) => i === 0 || Math.abs(Number(time - times[i - 1]!) - first) <= 1);
  const ticks = Number(times.at(-1)! - times[0]!) / (times.length - 1);
  return { fps: 1 / (ticks * stream.timeBase.toDouble()), constantRate };
}
