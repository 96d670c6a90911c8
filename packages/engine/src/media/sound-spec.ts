/** What a file says of its sound. */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import { avGetCodecName, FormatContext } from "node-av/lib";
import { tellsEnough } from "./container.ts";
import { must } from "./ffmpeg.ts";

/** Null where it has none. Throws FFmpegError. */
export async function specOf(path: string): Promise<AudioSpec | null> {
  const file = new FormatContext();
  try {
    must(await file.openInput(`file:${path}`), "open");
    if (!tellsEnough(file)) must(await file.findStreamInfo(null), "probe");
    const stream = file.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
    if (!stream) return null;
    const { codecId, channels, sampleRate } = stream.codecpar;
    return { codec: avGetCodecName(codecId) ?? "unknown", channels, sample_rate: sampleRate };
  } finally {
    await file.closeInput();
  }
}
