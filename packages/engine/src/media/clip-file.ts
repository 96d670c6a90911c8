/** What writes each format of clips: frames of 4:2:0 in, a file out that says what it is. */
import { extname } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { CLIP_FORMATS, type ClipFormat, clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import { shown } from "@smileloop/core/text.ts";
import { type Frame, Rational } from "node-av/lib";
import { frameRate, openEncoder, PICTURE_ENCODERS, type PictureEncoder } from "./encoders.ts";
import { openFilter, yuvSource } from "./filter.ts";
import { openGif } from "./gif.ts";
import { type ClipFile, type ClipFileOptions, openMuxed } from "./muxed.ts";
import { markWebp } from "./webp-marks.ts";

type Opener = (options: ClipFileOptions) => Promise<ClipFile>;

const OPENERS: Record<ClipFormat["name"], Opener> = {
  // moov first: it starts playing before it has arrived whole
  mp4: streamed({
    ...{ container: "mp4", encoder: PICTURE_ENCODERS.h264, soundEncoder: "aac" },
    header: { movflags: "+faststart" },
  }),
  webm: streamed({ container: "webm", encoder: PICTURE_ENCODERS.vp9, soundEncoder: "opus" }),
  webp: openWebp,
  gif: openGif,
};

/** Throws FFmpegError, AppErrors for what no format is, and what the sound throws; what there is of the file is the caller's to remove. */
export function openClipFile(options: ClipFileOptions): Promise<ClipFile> {
  const format = clipFormatOfPath(options.path);
  if (!format) {
    const endings = CLIP_FORMATS.map(({ extension }) => `.${extension}`).join(", ");
    throw new AppError(
      "invalid_request",
      `The name of a video has to end in one of ${endings}, not ${shown(extname(options.path))}.`,
    );
  }
  if (options.sound && !format.sound)
    throw new AppError("not_supported", `Sound cannot be written to ${format.title}.`);
  return OPENERS[format.name](options);
}

/** Of frames at times of their own, in a second: the unit of MPEG. */
const TICKS = 90_000;

type Streamed = {
  container: string;
  encoder: (typeof PICTURE_ENCODERS)["h264" | "vp9"];
  soundEncoder: "aac" | "opus";
  header?: Record<string, string>;
};

function streamed({ encoder, ...container }: Streamed): Opener {
  return async ({ path, width, height, fps, times, marks, sound, copy, x264, soundBitRate }) => {
    const rate = frameRate(fps);
    const timeBase = times ? new Rational(1, TICKS) : rate.inv();
    const { options, uneven = {} }: PictureEncoder = encoder;
    const opened = await openEncoder(
      { ...encoder, options: { ...options, ...x264, ...(times ? uneven : {}) } },
      { width, height, rate, timeBase },
    );
    const { tags } = marks;
    const frameTicks = times ? undefined : 1n;
    const heard = { sound, copy, soundBitRate };
    const muxed = await openMuxed({ ...container, path, tags, encoder: opened, rate, frameTicks, ...heard });
    return { ...muxed, pts: times ? (index) => BigInt(Math.round(times[index]! * TICKS)) : BigInt };
  };
}

/** Repeats for ever. libwebp keeps what changes from frame to frame. */
async function openWebp({ path, width, height, fps, marks }: ClipFileOptions): Promise<ClipFile> {
  const rate = frameRate(fps);
  const timeBase = new Rational(1, 1000);
  const encoder = await openEncoder(PICTURE_ENCODERS.webp, { width, height, rate, timeBase });
  const frameTicks = BigInt(Math.round(1000 / fps));
  const muxed = await openMuxed({ path, container: "webp", header: { loop: "0" }, encoder, rate, frameTicks });
  let frames = 0;
  const filter = openFilter(`${yuvSource("in", width, height, "1/1000")},scale,format=bgra,buffersink@out`);
  return {
    pts: (index) => BigInt(Math.round((index * 1000) / fps)),
    async encode(frame: Frame) {
      frames++;
      filter.add(frame);
      for (const each of filter.out()) await muxed.encode(each);
    },
    async finish() {
      await muxed.finish();
      await markWebp(path, marks, { width, height, milliseconds: Math.round((frames * 1000) / fps) });
    },
    free() {
      filter.free();
      muxed.free();
    },
  };
}
