import { stat } from "node:fs/promises";
import {
  AV_LOG_FATAL,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, FormatContext, Frame, Log, Packet, type Stream } from "node-av/lib";
import { must } from "./ffmpeg.ts";
import { openRead, type ReadFormat } from "./read-formats.ts";
import { createYuvConverter } from "./to-yuv.ts";

export type VideoInfo = {
  width: number;
  height: number;
  /** Frames a second, from the distance of the frames' times. */
  fps: number;
  /** Whether all frames are equally far apart. */
  constantRate: boolean;
  /** When each frame begins, from the first one on, s. */
  times: number[];
  /** Frames that were really decoded; where a format merges those that look the same, each of them. */
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
  /** A copy: planar 4:2:0, BT.709, without padding, width × height × 3/2 bytes. */
  yuv(): Uint8Array;
};

type ReadVideoOptions = {
  onFrame?: (frame: VideoFrame) => void;
  /** Frames a second that are expected. GIF and WebP don't say how many there are: a frame that lasts for several stands for as many. */
  fps?: number;
  signal?: AbortSignal;
};

/** Sides and frames beyond which a file is not decoded: our own are far below. */
const MAX_SIDE = 4096;
const MAX_FRAMES = 20_000;

/**
 * Decodes every frame of a clip in one of our formats, in the order they are shown. Throws when the file is anything else, when a
 * frame is damaged or when fewer frames come out than the container names, where it does. Nothing but the file itself is opened.
 */
export async function readVideo(path: string, options: ReadVideoOptions = {}): Promise<VideoInfo> {
  Log.setLevel(AV_LOG_FATAL);
  const { size: bytes } = await stat(path);
  const file = new FormatContext();
  const decoder = new CodecContext();
  try {
    const format = await openRead(file, path);
    const stream = file.streams.find((candidate) => candidate.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
    if (stream === undefined) throw new Error("the file has no video");
    await openDecoder(decoder, stream, format);
    const times = await decodeAll({ file, decoder, stream, format }, options);
    const { width, height } = stream.codecpar;
    return {
      width,
      height,
      ...rateOf(times, stream, options.fps),
      frames: times.length,
      times: times.map(({ at }) => (at - times[0]!.at) * stream.timeBase.toDouble()),
      duration: (stream.duration > 0n ? Number(stream.duration) : endOf(times)) * stream.timeBase.toDouble(),
      bytes,
      codec: format.codec,
      profile: decoder.profile,
      bt709:
        decoder.colorPrimaries === AVCOL_PRI_BT709 &&
        decoder.colorTrc === AVCOL_TRC_BT709 &&
        decoder.colorSpace === AVCOL_SPC_BT709 &&
        decoder.colorRange === AVCOL_RANGE_MPEG,
      otherStreams: file.nbStreams - 1,
      tags: lowerCase(file.metadata?.getAll() ?? {}),
    };
  } finally {
    decoder.freeContext();
    await file.closeInput();
  }
}

async function openDecoder(decoder: CodecContext, stream: Stream, format: ReadFormat): Promise<void> {
  const { width, height, codecId } = stream.codecpar;
  if (codecId !== format.codecId) throw new Error(`the video is not ${format.codec}`);
  if (width > MAX_SIDE || height > MAX_SIDE) throw new Error(`too large: ${width}×${height}`);
  if (stream.nbFrames > MAX_FRAMES) throw new Error(`too many frames: ${stream.nbFrames}`);
  const codec = Codec.findDecoder(codecId);
  if (codec === null) throw new Error(`FFmpeg was built without a decoder for ${format.codec}`);
  decoder.allocContext3(codec);
  must(stream.codecpar.toContext(decoder), "decoder");
  // One thread decodes these sizes as fast as two do; what is in flight then needs no waiting for.
  decoder.threadCount = 1;
  must(await decoder.open2(codec, Dictionary.fromObject({ err_detect: "+explode+crccheck+bitstream" })), "decoder");
}

type Reading = { file: FormatContext; decoder: CodecContext; stream: Stream; format: ReadFormat };
/** When a frame is shown, and for how long (0: not known), in the stream's unit. */
type Shown = { at: number; lasts: number };

async function decodeAll(
  { file, decoder, stream, format }: Reading,
  { onFrame, fps, signal }: ReadVideoOptions,
): Promise<Shown[]> {
  const times: Shown[] = [];
  const { width, height } = stream.codecpar;
  const converter = createYuvConverter();
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();

  const show = (): void => {
    const lasts = Number(frame.duration);
    const stands = format.merges && fps ? Math.max(1, Math.round(lasts * stream.timeBase.toDouble() * fps)) : 1;
    if (times.length + stands > MAX_FRAMES) throw new Error("too many frames");
    for (let nth = 0; nth < stands; nth++) {
      onFrame?.({ index: times.length, width, height, yuv: () => converter.yuv(frame) });
      times.push({ at: Number(frame.pts) + (nth * lasts) / stands, lasts: lasts / stands });
    }
  };
  const receive = (): void => {
    for (;;) {
      const code = decoder.receiveFrameSync(frame);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      must(code, "decode");
      if (frame.width !== width || frame.height !== height) {
        throw new Error("a frame has another size than the video");
      }
      if (frame.decodeErrorFlags !== 0) throw new Error(`frame ${times.length} is damaged`);
      show();
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
    converter.free();
    frame.free();
    packet.free();
  }
  if (times.length === 0 || (format.told && BigInt(times.length) !== stream.nbFrames)) {
    throw new Error(`${times.length} of ${stream.nbFrames} frames were decoded`);
  }
  return times;
}

/** The first of the rate that is expected and the one that the container names that the times agree with to their unit; else their mean. */
function rateOf(times: Shown[], stream: Stream, expected = 0): { fps: number; constantRate: boolean } {
  const tick = stream.timeBase.toDouble();
  const named = stream.avgFrameRate.toDouble();
  const start = times[0]!.at;
  const even = (step: number): boolean => times.every(({ at }, i) => Math.abs(at - start - i * step) <= 1);
  for (const fps of [expected, named]) if (fps > 0 && even(1 / fps / tick)) return { fps, constantRate: true };
  const step = (times.at(-1)!.at - start) / (times.length - 1);
  return { fps: 1 / (step * tick), constantRate: even(step) };
}

function endOf(times: Shown[]): number {
  const { at, lasts } = times.at(-1)!;
  return at + lasts - times[0]!.at;
}

/** WebM's tags come in capitals. */
function lowerCase(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));
}
