/**
 * Reads video that somebody else made: MP4, MOV or WebM as phones, cameras and browsers write them, at any rate (also a varying one),
 * turned or mirrored by a display matrix, in any pixel format. Only its pictures matter here; sound is never decoded.
 */
import { open } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { CLIP_LIMITS } from "@smileloop/core/media/limits.ts";
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_DISPOSITION_STILL_IMAGE,
  AV_DISPOSITION_TIMED_THUMBNAILS,
  AV_LOG_FATAL,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  InputFormat,
  Log,
  Packet,
  type Stream,
} from "node-av/lib";
import { must } from "./ffmpeg.ts";
import type { Picture } from "./picture.ts";
import { createScaler, isTransposed, type Orientation, orientationOf } from "./upright.ts";

export type ClipInfo = {
  /** As it is shown: turned, with square pixels. */
  width: number;
  height: number;
  /** As its display matrix says; it was applied. */
  orientation: Orientation;
  codec: string;
  /** Frames that were handed out. */
  frames: number;
  /** From the first of them to the end of the last, seconds. */
  seconds: number;
  /** There was more of it beyond `maxSeconds`. */
  cut: boolean;
  /** It broke off, or a part could not be decoded: what came before was handed out. */
  damaged: boolean;
};

/** A frame, valid until `onFrame` has resolved. */
type ClipFrame = {
  /** Seconds from the first frame. */
  seconds: number;
  /** Size as shown. */
  width: number;
  height: number;
  /** The frame upright, its longer side at most `maxSide`. */
  picture(maxSide: number): Picture;
};

type ReadClipOptions = {
  /** What lies beyond is not decoded. */
  maxSeconds: number;
  /** Frames that follow sooner than this after one that was handed out are left out. */
  leastStepSeconds: number;
  signal: AbortSignal;
  /** `share`: how far this is in what will be read, 0–1. */
  onFrame: (frame: ClipFrame, share: number) => Promise<void> | void;
};

/** What is read, by FFmpeg's number. */
export const CODECS = new Map<number, string>([
  [AV_CODEC_ID_H264, "h264"],
  [AV_CODEC_ID_HEVC, "hevc"],
  [AV_CODEC_ID_VP8, "vp8"],
  [AV_CODEC_ID_VP9, "vp9"],
  [AV_CODEC_ID_AV1, "av1"],
]);
export const STILL_TRACKS = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS | AV_DISPOSITION_STILL_IMAGE;
/** Packets that yield no frame within `maxSeconds`; a file of these is an attack, not a clip. */
const MAX_PACKETS = 20_000;
/** Below it a time stamp is FFmpeg's "none". */
export const NO_TIME = -(2n ** 62n);

/** Throws `input_unreadable`, `input_too_large`, `unsupported_type`, or the signal's reason. */
export async function readClip(path: string, options: ReadClipOptions): Promise<ClipInfo> {
  Log.setLevel(AV_LOG_FATAL);
  const file = new FormatContext();
  const decoder = new CodecContext();
  try {
    const stream = await openClip(file, decoder, path);
    const info = await decodeClip(file, decoder, stream, options);
    if (info.frames === 0) throw unreadable("not a single frame of it can be decoded");
    return info;
  } catch (error) {
    throw error instanceof FFmpegError ? unreadable("a part of it cannot be decoded", error) : error;
  } finally {
    decoder.freeContext();
    await file.closeInput();
  }
}

async function openClip(file: FormatContext, decoder: CodecContext, path: string): Promise<Stream> {
  const format = InputFormat.findInputFormat((await isMatroska(path)) ? "matroska" : "mov");
  const options = Dictionary.fromObject({
    protocol_whitelist: "file",
    format_whitelist: "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
  });
  const opened = await file.openInput(`file:${path}`, format, options);
  if (opened < 0) throw unreadable("it is cut off or damaged", new FFmpegError(opened));
  const stream = movingPictures(file.streams);
  // WebM says sizes and pixel formats only in its frames
  const probed = await file.findStreamInfo(null);
  if (probed < 0) throw unreadable("it is cut off or damaged", new FFmpegError(probed));
  const { codecId, width, height } = stream.codecpar;
  const codec = CODECS.has(codecId) ? Codec.findDecoder(codecId) : null;
  if (codec === null) {
    throw new AppError("unsupported_type", "This kind of video is not read. Save it as H.264, HEVC, VP8, VP9 or AV1.");
  }
  requireSize(width, height);
  decoder.allocContext3(codec);
  must(stream.codecpar.toContext(decoder), "decoder");
  decoder.threadCount = 2;
  must(await decoder.open2(codec), "decoder");
  return stream;
}

/** The first track of video of a kind that is read. Covers and thumbnails of chapters are tracks, too. */
function movingPictures(streams: Stream[]): Stream {
  const videos = streams.filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  const moving = videos.filter(({ disposition }) => (disposition & STILL_TRACKS) === 0);
  const stream = moving.find(({ codecpar }) => CODECS.has(codecpar.codecId)) ?? moving[0];
  if (stream !== undefined) return stream;
  if (videos.length > 0) throw unreadable("its only picture is a still one, such as a cover");
  const sounds = streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
  throw unreadable(sounds ? "it has sound but no picture" : "it is cut off or damaged");
}

async function decodeClip(
  file: FormatContext,
  decoder: CodecContext,
  stream: Stream,
  { maxSeconds, leastStepSeconds, signal, onFrame }: ReadClipOptions,
): Promise<ClipInfo> {
  const tick = stream.timeBase.toDouble();
  const rate = stream.avgFrameRate.toDouble();
  const usual = rate > 1 && rate < 1000 ? 1 / rate : 1 / 25;
  const said = Number(stream.duration) * tick;
  const whole = Math.min(maxSeconds, said > 0 ? said : Number(file.duration) / 1e6 || maxSeconds);
  const orientation = orientationOf(stream);
  const pixelAspect = stream.codecpar.sampleAspectRatio.toDouble() || 1;
  const info: ClipInfo = {
    ...{ width: 0, height: 0, orientation, codec: CODECS.get(stream.codecpar.codecId)!, frames: 0, seconds: 0 },
    ...{ cut: false, damaged: false },
  };
  const scaler = createScaler(orientation);
  let [first, last, seen] = [Number.NaN, -Infinity, 0];
  const onDamage = () => {
    info.damaged = true;
  };
  try {
    for await (const frame of decoded(file, decoder, stream, onDamage)) {
      signal.throwIfAborted();
      const stamp = frame.bestEffortTimestamp;
      const at = stamp >= NO_TIME ? Number(stamp) * tick : (first || 0) + seen * usual;
      if (seen++ === 0) first = at;
      const seconds = at - first;
      if (seconds >= maxSeconds - usual / 2) {
        info.cut = true;
        break;
      }
      if (seconds < last + leastStepSeconds * 0.9) continue;
      requireSize(frame.width, frame.height);
      const across = Math.max(1, Math.round(frame.width * pixelAspect));
      const [width, height] = isTransposed(orientation) ? [frame.height, across] : [across, frame.height];
      const picture = (maxSide: number): Picture => scaler.picture(frame, width, height, maxSide);
      await onFrame({ seconds, width, height, picture }, Math.min(1, (seconds + usual) / whole));
      last = seconds;
      Object.assign(info, { width, height, frames: info.frames + 1, seconds: seconds + usual });
    }
  } finally {
    scaler.free();
  }
  return info;
}

/** Every frame that can be decoded, in the order they are shown; each is valid until the next is asked for. */
export async function* decoded(
  file: FormatContext,
  decoder: CodecContext,
  stream: Stream,
  onDamage: () => void,
): AsyncGenerator<Frame> {
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();
  try {
    for (let packets = 0; packets < MAX_PACKETS; packets++) {
      const read = file.readFrameSync(packet);
      if (read < 0 && read !== AVERROR_EOF) onDamage();
      if (read >= 0 && packet.streamIndex !== stream.index) {
        packet.unref();
        continue;
      }
      if ((await decoder.sendPacket(read < 0 ? null : packet)) < 0) onDamage();
      for (;;) {
        const code = decoder.receiveFrameSync(frame);
        if (code < 0 && code !== AVERROR_EAGAIN && code !== AVERROR_EOF) onDamage();
        if (code < 0) break;
        yield frame;
        frame.unref();
      }
      if (read < 0) return;
      packet.unref();
    }
  } finally {
    frame.free();
    packet.free();
  }
}

function requireSize(width: number, height: number): void {
  const { maxSide, maxPixels } = CLIP_LIMITS;
  if (width <= maxSide && height <= maxSide && width * height <= maxPixels) return;
  throw new AppError(
    "input_too_large",
    `The driving clip has ${width} × ${height} pixels; at most 4K (${maxSide} a side) is read. 720p is plenty: save a smaller copy.`,
  );
}

async function isMatroska(path: string): Promise<boolean> {
  const head = Buffer.alloc(4);
  const file = await open(path);
  await file.read(head, 0, 4, 0).finally(() => file.close());
  return head.readUInt32BE() === 0x1a45dfa3;
}

function unreadable(why: string, cause?: unknown): AppError {
  const sentence = `The driving clip cannot be read: ${why}. Use a short MP4, MOV or WebM video of a face.`;
  return new AppError("input_unreadable", sentence, { cause });
}
