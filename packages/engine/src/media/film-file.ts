/** Opens a video whose every frame is wanted as it is: MP4, MOV, WebM or AVI as phones, cameras and editors write them. */
import { open } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { CLIP_LIMITS } from "@smileloop/core/media/limits.ts";
import {
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_MPEG4,
  AV_LOG_FATAL,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_SMPTE2084,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  InputFormat,
  Log,
  type Stream,
} from "node-av/lib";
import { CODECS, STILL_TRACKS } from "./clip-reader.ts";
import { tellsEnough } from "./container.ts";
import { must } from "./ffmpeg.ts";
import { isTransposed, type Orientation, orientationOf } from "./upright.ts";

/** A video whose pictures are read as they lie in the file. */
export type FilmPictures = {
  file: FormatContext;
  stream: Stream;
  orientation: Orientation;
  /** As shown: turned, with square pixels, even. */
  width: number;
  height: number;
  /** Whether there is a sound track. */
  sound: boolean;
  /** Whether places in it are found by time. */
  seeks: boolean;
  close(): Promise<void>;
};

export type FilmFile = FilmPictures & { decoder: CodecContext };

const MORE_CODECS: readonly number[] = [AV_CODEC_ID_MPEG4, AV_CODEC_ID_MJPEG];
const HDR: readonly number[] = [AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67];
const ADVICE = "Use an MP4, MOV, WebM or AVI video of one person who faces the camera.";

/** Throws `input_unreadable`, `unsupported_type` (also of HDR) or `input_too_large`. */
export async function openFilm(path: string): Promise<FilmFile> {
  const pictures = await openPictures(path);
  const decoder = new CodecContext();
  const close = async (): Promise<void> => {
    decoder.freeContext();
    await pictures.close();
  };
  try {
    await openDecoder(decoder, pictures.stream);
    return { ...pictures, decoder, close };
  } catch (error) {
    await close();
    throw asUnreadable(error);
  }
}

/**
 * The same without a decoder. `probes: false`: where the header tells enough to copy the pictures, nothing is decoded. Throws
 * `input_unreadable` and `unsupported_type`.
 */
export async function openPictures(path: string, { probes = true } = {}): Promise<FilmPictures> {
  Log.setLevel(AV_LOG_FATAL);
  const file = new FormatContext();
  const close = () => file.closeInput();
  try {
    const format = await formatOf(path);
    const options = Dictionary.fromObject({
      protocol_whitelist: "file",
      format_whitelist: "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi",
    });
    const opened = await file.openInput(`file:${path}`, InputFormat.findInputFormat(format), options);
    if (opened < 0) throw unreadable("it is cut off or damaged", new FFmpegError(opened));
    const probed = !probes && tellsEnough(file) ? 0 : await file.findStreamInfo(null);
    if (probed < 0) throw unreadable("it is cut off or damaged", new FFmpegError(probed));
    const stream = picturesOf(file);
    const sound = file.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
    return { file, stream, ...shapeOf(stream), sound, seeks: format !== "avi", close };
  } catch (error) {
    await close();
    throw asUnreadable(error);
  }
}

function picturesOf({ streams }: FormatContext): Stream {
  const videos = streams.filter(
    ({ codecpar, disposition }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO && (disposition & STILL_TRACKS) === 0,
  );
  const isRead = ({ codecpar }: Stream) => CODECS.has(codecpar.codecId) || MORE_CODECS.includes(codecpar.codecId);
  const stream = videos.find(isRead);
  if (stream) return stream;
  if (videos.length === 0) throw unreadable("it has no moving picture");
  throw new AppError("unsupported_type", "This kind of video is not read. Save it as H.264, HEVC, VP8, VP9 or AV1.");
}

async function openDecoder(decoder: CodecContext, { codecpar }: Stream): Promise<void> {
  const { width, height, codecId, colorTrc } = codecpar;
  if (HDR.includes(colorTrc)) {
    const help = "On an iPhone, switch off HDR Video in the settings of the camera, or save a copy without HDR.";
    throw new AppError("unsupported_type", `The video is HDR, whose light would be lost. ${help}`);
  }
  requireFilmSize(width, height);
  const codec = Codec.findDecoder(codecId);
  if (codec === null) throw new AppError("unsupported_type", `This kind of video is not read. ${ADVICE}`);
  decoder.allocContext3(codec);
  must(codecpar.toContext(decoder), "decoder");
  decoder.threadCount = 2;
  must(await decoder.open2(codec), "decoder");
}

/** Of the shorter side, pixels. */
const MIN_SIDE = 16;

/** Throws `input_too_large`, and `unsupported_type` for one that is too small. */
export function requireFilmSize(width: number, height: number): void {
  const { maxSide, maxPixels } = CLIP_LIMITS;
  const has = `The video has ${width} × ${height} pixels`;
  if (Math.min(width, height) < MIN_SIDE) {
    throw new AppError("unsupported_type", `${has}; at least ${MIN_SIDE} × ${MIN_SIDE} are needed.`);
  }
  if (Math.max(width, height) <= maxSide && width * height <= maxPixels) return;
  throw new AppError("input_too_large", `${has}; at most ${maxPixels} in all, and ${maxSide} on a side, are decoded.`);
}

function shapeOf(stream: Stream): Pick<FilmFile, "orientation" | "width" | "height"> {
  const { width, height, sampleAspectRatio } = stream.codecpar;
  const orientation = orientationOf(stream);
  const across = even(Math.round(width * (sampleAspectRatio.toDouble() || 1)));
  const down = even(height);
  return {
    orientation,
    ...(isTransposed(orientation) ? { width: down, height: across } : { width: across, height: down }),
  };
}

function even(side: number): number {
  return Math.max(2, side - (side % 2));
}

async function formatOf(path: string): Promise<"matroska" | "avi" | "mov"> {
  const head = Buffer.alloc(12);
  const file = await open(path);
  await file.read(head, 0, 12, 0).finally(() => file.close());
  if (head.readUInt32BE(0) === 0x1a45dfa3) return "matroska";
  return head.toString("latin1", 0, 4) === "RIFF" ? "avi" : "mov";
}

export function unreadable(why: string, cause?: unknown): AppError {
  return new AppError("input_unreadable", `The video cannot be read: ${why}. ${ADVICE}`, { cause });
}

export function asUnreadable(error: unknown): unknown {
  return error instanceof FFmpegError ? unreadable("a part of it cannot be decoded", error) : error;
}
