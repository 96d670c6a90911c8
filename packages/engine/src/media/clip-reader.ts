/**
 * Reads video that somebody else made: MP4, MOV or WebM as phones, cameras and browsers write them, at any rate (also a varying one),
 * turned by a display matrix, in any pixel format. Only its pictures matter here; sound is never decoded.
 */
import { open } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { CLIP_LIMITS } from "@smileloop/core/kinds.ts";
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_LOG_FATAL,
  AV_PIX_FMT_RGB24,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  SWS_AREA,
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
  SoftwareScaleContext,
  type Stream,
} from "node-av/lib";
import type { Picture } from "./picture.ts";

export type ClipInfo = {
  /** As it is shown: turned, with square pixels. */
  width: number;
  height: number;
  /** Quarter turns clockwise that were applied. */
  turns: 0 | 1 | 2 | 3;
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
export type ClipFrame = {
  /** Seconds from the first frame. */
  seconds: number;
  /** Size as shown. */
  width: number;
  height: number;
  /** The frame upright, its longer side at most `maxSide`. */
  picture(maxSide: number): Picture;
};

export type ReadClipOptions = {
  /** What lies beyond is not decoded. */
  maxSeconds: number;
  /** Frames that follow sooner than this after one that was handed out are left out. */
  leastStepSeconds: number;
  signal: AbortSignal;
  /** `share`: how far this is in what will be read, 0–1. */
  onFrame: (frame: ClipFrame, share: number) => Promise<void> | void;
};

const CODECS = new Map<number, string>([
  [AV_CODEC_ID_H264, "h264"],
  [AV_CODEC_ID_HEVC, "hevc"],
  [AV_CODEC_ID_VP8, "vp8"],
  [AV_CODEC_ID_VP9, "vp9"],
  [AV_CODEC_ID_AV1, "av1"],
]);
/** Packets that yield no frame within `maxSeconds`; a file of these is no clip but an attack. */
const MAX_PACKETS = 20_000;

/** Throws `driving_unreadable`, `driving_too_large`, `unsupported_type`, or the signal's reason. */
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
  const stream = file.streams.find((candidate) => candidate.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  if (stream === undefined) {
    const sounds = file.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
    throw unreadable(sounds ? "it has sound but no picture" : "it is cut off or damaged");
  }
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

async function decodeClip(
  file: FormatContext,
  decoder: CodecContext,
  stream: Stream,
  { maxSeconds, leastStepSeconds, signal, onFrame }: ReadClipOptions,
): Promise<ClipInfo> {
  const tick = stream.timeBase.toDouble();
  const rate = stream.avgFrameRate.toDouble();
  const usual = rate > 1 && rate < 1000 ? 1 / rate : 1 / 25;
  const whole = Math.min(maxSeconds, Number(stream.duration) * tick || Number(file.duration) / 1e6 || maxSeconds);
  const turns = quarterTurns(stream);
  const pixelAspect = stream.codecpar.sampleAspectRatio.toDouble() || 1;
  const info: ClipInfo = {
    ...{ width: 0, height: 0, turns, codec: CODECS.get(stream.codecpar.codecId)!, frames: 0, seconds: 0 },
    ...{ cut: false, damaged: false },
  };
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();
  const scaler = createScaler(turns);
  let first: number | undefined;
  let last = -Infinity;
  let seen = 0;

  /** False when enough was seen. */
  const receive = async (): Promise<boolean> => {
    for (;;) {
      const code = decoder.receiveFrameSync(frame);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return true;
      if (code < 0) {
        info.damaged = true;
        return true;
      }
      try {
        signal.throwIfAborted();
        const stamp = frame.bestEffortTimestamp;
        const at = stamp >= -(2n ** 62n) ? Number(stamp) * tick : (first ?? 0) + seen * usual;
        seen++;
        first ??= at;
        const seconds = at - first;
        if (seconds >= maxSeconds - usual / 2) {
          info.cut = true;
          return false;
        }
        if (seconds < last + leastStepSeconds * 0.9) continue;
        requireSize(frame.width, frame.height);
        const shown = { width: Math.max(1, Math.round(frame.width * pixelAspect)), height: frame.height };
        if (turns % 2 === 1) [shown.width, shown.height] = [shown.height, shown.width];
        Object.assign(info, shown);
        const picture = (maxSide: number): Picture => scaler.picture(frame, shown.width, shown.height, maxSide);
        await onFrame({ seconds, ...shown, picture }, Math.min(1, (seconds + usual) / whole));
        last = seconds;
        info.frames++;
        info.seconds = seconds + usual;
      } finally {
        frame.unref();
      }
    }
  };

  try {
    for (let packets = 0; packets < MAX_PACKETS; packets++) {
      signal.throwIfAborted();
      const code = file.readFrameSync(packet);
      if (code < 0) {
        if (code !== AVERROR_EOF) info.damaged = true;
        if ((await decoder.sendPacket(null)) >= 0) await receive();
        break;
      }
      if (packet.streamIndex === stream.index) {
        if ((await decoder.sendPacket(packet)) < 0) info.damaged = true;
        if (!(await receive())) break;
      }
      packet.unref();
    }
  } finally {
    frame.free();
    packet.free();
    scaler.free();
  }
  return info;
}

/** Frames as upright RGB pictures. */
function createScaler(turns: ClipInfo["turns"]) {
  const scaled = new Frame();
  let context: SoftwareScaleContext | undefined;
  let made = "";
  const free = (): void => {
    context?.freeContext();
    if (context) scaled.free();
    context = undefined;
  };
  return {
    free,
    /** `width` and `height` as shown. */
    picture(frame: Frame, width: number, height: number, maxSide: number): Picture {
      const scale = Math.min(1, maxSide / Math.max(width, height));
      const upright = {
        width: Math.max(2, Math.round(width * scale)),
        height: Math.max(2, Math.round(height * scale)),
      };
      const [across, down] = turns % 2 === 1 ? [upright.height, upright.width] : [upright.width, upright.height];
      const key = [frame.width, frame.height, frame.format, across, down].join();
      if (key !== made) {
        free();
        made = key;
        context = new SoftwareScaleContext();
        const { width: from, height: rows, format } = frame;
        context.getContext(from, rows, format as never, across, down, AV_PIX_FMT_RGB24, SWS_AREA);
        scaled.alloc();
        scaled.width = across;
        scaled.height = down;
        scaled.format = AV_PIX_FMT_RGB24;
        must(scaled.getBuffer(), "picture");
      }
      must(context!.scaleFrameSync(scaled, frame), "picture");
      const data = turned(scaled.toBuffer(), across, down, turns);
      const region = { x: 0, y: 0, ...upright };
      return { ...upright, data, fullWidth: upright.width, fullHeight: upright.height, region, orientation: 1 };
    },
  };
}

/** RGB pixels turned clockwise by quarters. */
export function turned(rgb: Uint8Array, width: number, height: number, turns: ClipInfo["turns"]): Uint8Array {
  if (turns === 0) return rgb;
  const out = new Uint8Array(width * height * 3);
  let from = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += 3) {
      const to =
        turns === 1
          ? x * height + (height - 1 - y)
          : turns === 2
            ? (height - 1 - y) * width + (width - 1 - x)
            : (width - 1 - x) * height + y;
      out[to * 3] = rgb[from]!;
      out[to * 3 + 1] = rgb[from + 1]!;
      out[to * 3 + 2] = rgb[from + 2]!;
    }
  }
  return out;
}

/** Of the display matrix (ISO/IEC 14496-12, 8.3.2: 16.16 fixed point, row by row), to the nearest quarter, clockwise. */
function quarterTurns(stream: Stream): ClipInfo["turns"] {
  const matrix = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX);
  if (matrix === null || matrix.length < 20) return 0;
  const [a, b] = [matrix.readInt32LE(0), matrix.readInt32LE(4)];
  if (a === 0 && b === 0) return 0;
  return ((Math.round(Math.atan2(b, a) / (Math.PI / 2)) + 4) % 4) as ClipInfo["turns"];
}

function requireSize(width: number, height: number): void {
  const { maxSide, maxPixels } = CLIP_LIMITS;
  if (width <= maxSide && height <= maxSide && width * height <= maxPixels) return;
  throw new AppError(
    "driving_too_large",
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
  return new AppError("driving_unreadable", sentence, { cause });
}

function must(code: number, doing: string): void {
  FFmpegError.throwIfError(code, doing);
}
