/** Sound files that are compressed: MP3 and M4A (AAC). */
import { extname } from "node:path";
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { Dictionary, FormatContext } from "node-av/lib";
import { must } from "./ffmpeg.ts";
import type { Marks } from "./marks.ts";
import { addStream, movePackets } from "./muxed.ts";
import { SOUND_RATE } from "./resample.ts";
import type { Sound } from "./sound-reader.ts";
import { openSoundTrack, SOUND_ENCODERS } from "./sound-track.ts";

/** By ending: the container as FFmpeg calls it, and what is in it. */
const FILES = {
  ".mp3": { container: "mp3", encoder: SOUND_ENCODERS.mp3, header: { id3v2_version: "3" } },
  ".m4a": { container: "ipod", encoder: SOUND_ENCODERS.aac, header: { movflags: "+faststart" } },
} as const;

export const SOUND_ENDINGS: readonly string[] = Object.keys(FILES);

/** Seconds that are encoded before the signal is looked at again. */
const STEP_SECONDS = 10;

type Options = {
  /** Stays the caller's to close. */
  sound: Pick<Sound, "channels" | "read">;
  to: string;
  marks: Marks;
  seconds: number;
  signal: AbortSignal;
};

/** What there is of the file is the caller's to remove. Throws FFmpegError, `signal.reason`. */
export async function encodeSound({ sound, to, marks, seconds, signal }: Options): Promise<AudioSpec> {
  const { container, encoder, header } = FILES[extname(to) as keyof typeof FILES];
  const track = await openSoundTrack(sound, encoder);
  const file = new FormatContext();
  try {
    must(file.allocOutputContext2(null, container, `file:${to}`), "output");
    const stream = addStream(file, track.encoder);
    file.metadata = Dictionary.fromObject(marks.tags);
    must(file.openOutputSync(), "open");
    must(file.writeHeaderSync(Dictionary.fromObject(header)), "header");
    const move = () => movePackets(track.encoder, file, stream);
    for (let until = STEP_SECONDS; until < seconds; until += STEP_SECONDS) {
      signal.throwIfAborted();
      track.encodeTo(until, false, move);
    }
    // a little more than there is: its end is found while it is read
    track.encodeTo(seconds + 1 / SOUND_RATE, true, move);
    must(await file.writeTrailer(), "trailer");
    return track.audio;
  } finally {
    file.closeOutputSync();
    file.freeContext();
    track.encoder.freeContext();
  }
}
