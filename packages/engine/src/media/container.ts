/** What the header of a file tells, before anything in it is decoded. */
import { AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import type { FormatContext } from "node-av/lib";
import { NO_TIME } from "./clip-reader.ts";

/** Whether packets can be copied, and sound be decoded, without looking into them first, which takes as long as decoding some frames. */
export function tellsEnough({ streams }: FormatContext): boolean {
  return streams.every(({ codecpar, startTime, avgFrameRate }) => {
    const { codecType, extradataSize, width, height, sampleRate } = codecpar;
    if (codecType === AVMEDIA_TYPE_AUDIO) return startTime > NO_TIME && extradataSize > 0 && sampleRate > 0;
    if (codecType !== AVMEDIA_TYPE_VIDEO) return true;
    return startTime > NO_TIME && extradataSize > 0 && width > 0 && height > 0 && avgFrameRate.num > 0;
  });
}

/** When the clock of a file starts: when the first of its pictures and sounds is due, s. */
export function startOf({ startTime, streams }: FormatContext): number {
  if (startTime > NO_TIME) return Number(startTime) / 1e6;
  const starts = streams.flatMap(({ codecpar, startTime: own, timeBase }) => {
    const isHeardOrSeen = codecpar.codecType === AVMEDIA_TYPE_AUDIO || codecpar.codecType === AVMEDIA_TYPE_VIDEO;
    return isHeardOrSeen && own > NO_TIME ? [Number(own) * timeBase.toDouble()] : [];
  });
  return starts.length > 0 ? Math.min(...starts) : 0;
}
