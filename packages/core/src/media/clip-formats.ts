/** The formats that a clip can be written in: the one list for params, types, names of files, engines and the command line. */
import { extname } from "node:path";
import { endingOf } from "./types.ts";

export type ClipFormat = {
  name: "mp4" | "gif" | "webp" | "webm";
  /** As sentences have it, with its article. */
  title: string;
  contentType: string;
  /** Of its files, without the dot. */
  extension: string;
  /** Whether it can carry sound. */
  sound: boolean;
  /** Longest side, pixels; null: whatever an engine makes. */
  maxSide: number | null;
  /** Larger files are warned of, bytes: many places that take this format refuse them. Null: never. */
  largeBytes: number | null;
  /** Frames a second that its time stamps can keep evenly, nearest to what was asked for. */
  rateFor: (fps: number) => number;
  /** Seconds to encode a frame of 512 × 512, beyond what H.264 takes beside the rendering. */
  encodeSeconds: number;
};

/** A GIF's frames last whole hundredths of a second. Browsers slow down those that are shorter than two; more than 25 a second only make it larger. */
const MIN_GIF_DELAY = 4;

function clipFormat(format: Omit<ClipFormat, "extension" | "rateFor"> & Partial<ClipFormat>): ClipFormat {
  return { extension: endingOf(format.contentType), rateFor: (fps) => fps, ...format };
}

/** The first one is the default. */
export const CLIP_FORMATS: readonly ClipFormat[] = [
  clipFormat({
    ...{ name: "mp4", title: "an MP4", contentType: "video/mp4", sound: true },
    ...{ maxSide: null, largeBytes: null, encodeSeconds: 0 },
  }),
  clipFormat({
    ...{ name: "gif", title: "a GIF", contentType: "image/gif", sound: false },
    // a GIF is a hundred times as large as an MP4: 3 s of this size have some 8 MB
    ...{ maxSide: 640, largeBytes: 10_000_000, encodeSeconds: 0.02 },
    rateFor: (fps) => 100 / Math.max(MIN_GIF_DELAY, Math.round(100 / fps)),
  }),
  clipFormat({
    ...{ name: "webp", title: "an animated WebP", contentType: "image/webp", sound: false },
    ...{ maxSide: null, largeBytes: 10_000_000, encodeSeconds: 0.04 },
  }),
  clipFormat({
    ...{ name: "webm", title: "a WebM", contentType: "video/webm", sound: true },
    ...{ maxSide: null, largeBytes: null, encodeSeconds: 0.01 },
  }),
];

export const CLIP_FORMAT_NAMES = CLIP_FORMATS.map(({ name }) => name) as [ClipFormat["name"], ...ClipFormat["name"][]];

/** Throws a RangeError for a name that is not in the list. */
export function clipFormatOf(name: string): ClipFormat {
  const format = CLIP_FORMATS.find((each) => each.name === name);
  if (!format) throw new RangeError(`There is no format ${name}.`);
  return format;
}

/** By the ending of a file's name, in any case; null where that is of another kind. */
export function clipFormatOfPath(path: string): ClipFormat | null {
  const ending = extname(path).slice(1).toLowerCase();
  return CLIP_FORMATS.find(({ extension }) => extension === ending) ?? null;
}
