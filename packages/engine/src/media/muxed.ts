/** A file that encoded pictures, and a sound, are put into as they come. */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import {
  type CodecContext,
  Dictionary,
  FormatContext,
  type Frame,
  Packet,
  type Rational,
  type Stream,
} from "node-av/lib";
import { must } from "./ffmpeg.ts";
import type { Marks } from "./marks.ts";
import type { SoundCopy } from "./sound-copy.ts";
import type { Sound } from "./sound-reader.ts";
import { openSoundTrack, SOUND_ENCODERS } from "./sound-track.ts";

export type Muxed = {
  audio?: AudioSpec;
  /** Encodes a frame, which is the caller's to free. */
  encode(frame: Frame): Promise<void>;
  /** Encodes what is left and finishes the file. */
  finish(): Promise<void>;
  free(): void;
};

export type ClipFileOptions = {
  /** Its ending says the format. */
  path: string;
  width: number;
  height: number;
  fps: number;
  times?: readonly number[] | undefined;
  marks: Marks;
  /** How H.264 is encoded, where not as usual. `g`: the most frames from one that begins a group to the next. */
  x264?: { crf?: number; preset?: string; g?: number } | undefined;
  /** Of AAC, bits a second, where not as usual. */
  soundBitRate?: number | undefined;
  sound?: Sound | undefined;
  /** Instead of `sound`, only in MP4: a track that is put in as it is. */
  copy?: SoundCopy | undefined;
  /** Whether the file is not wanted any more: long work may end early then. */
  stopped: () => boolean;
};

export type ClipFile = Omit<Muxed, "free"> & {
  /** Time stamp of the n-th frame, as `encode` wants it. */
  pts(index: number): bigint;
  free(): void | Promise<void>;
};

type MuxedOptions = {
  path: string;
  /** As FFmpeg calls the container, and its options. */
  container: string;
  header?: Record<string, string>;
  tags?: Record<string, string>;
  /** Opened; it is freed with the file. */
  encoder: CodecContext;
  rate: Rational;
  /** How long a frame lasts, in the encoder's unit; where that varies, frames say it. */
  frameTicks?: bigint | undefined;
  sound?: Sound | undefined;
  soundBitRate?: number | undefined;
  soundEncoder?: keyof typeof SOUND_ENCODERS;
  copy?: SoundCopy | undefined;
};

/** Throws FFmpegError; what there is of the file is the caller's to remove. */
export async function openMuxed(options: MuxedOptions): Promise<Muxed> {
  const { path, container, header = {}, tags = {}, encoder, rate, frameTicks } = options;
  const track = await trackOf(options);
  const file = new FormatContext();
  const free = (): void => {
    file.closeOutputSync();
    file.freeContext();
    encoder.freeContext();
    track?.free();
  };
  try {
    must(file.allocOutputContext2(null, container, `file:${path}`), "output");
    const pictures = addStream(file, encoder);
    pictures.avgFrameRate = rate;
    const sounds = track?.addTo(file);
    file.metadata = Dictionary.fromObject(tags);
    must(file.openOutputSync(), "open");
    must(file.writeHeaderSync(Dictionary.fromObject(header)), "header");

    let ticks = 0n;
    const durations = new Map<bigint, bigint>();
    const lasts = (pts: bigint): bigint | undefined => {
      const own = frameTicks ?? durations.get(pts);
      durations.delete(pts);
      return own;
    };
    const drain = (last = false): void => {
      movePackets(encoder, file, pictures, lasts);
      if (!track || !sounds) return;
      const seconds = Number(ticks) * encoder.timeBase.toDouble();
      track.writeTo(file, sounds, seconds, last);
    };
    return {
      ...(track && { audio: track.audio }),
      async encode(frame) {
        if (frameTicks === undefined) durations.set(frame.pts, frame.duration);
        ticks = frame.pts + (frameTicks ?? frame.duration);
        must(await encoder.sendFrame(frame), "encode");
        drain();
      },
      async finish() {
        must(await encoder.sendFrame(null), "encode");
        drain(true);
        must(await file.writeTrailer(), "trailer");
        await file.closeOutput();
      },
      free,
    };
  } catch (error) {
    free();
    throw error;
  }
}

/** What is heard: written up to a time of the video, s, as far as it goes; `last`: nothing comes after it. */
type Track = {
  audio: AudioSpec;
  addTo(file: FormatContext): Stream;
  writeTo(file: FormatContext, stream: Stream, seconds: number, last: boolean): void;
  free(): void;
};

async function trackOf({ sound, soundEncoder = "aac", soundBitRate, copy }: MuxedOptions): Promise<Track | null> {
  if (copy) return { audio: copy.audio, addTo: copy.addTo, writeTo: copy.copyTo, free() {} };
  if (!sound) return null;
  const { encoder, audio, encodeTo } = await openSoundTrack(sound, SOUND_ENCODERS[soundEncoder], soundBitRate);
  return {
    audio,
    addTo: (file) => addStream(file, encoder),
    writeTo: (file, stream, seconds, last) => encodeTo(seconds, last, () => movePackets(encoder, file, stream)),
    free: () => encoder.freeContext(),
  };
}

/** A stream of what an encoder makes. */
export function addStream(file: FormatContext, encoder: CodecContext): Stream {
  const stream = file.newStream();
  must(stream.codecpar.fromContext(encoder), "stream");
  stream.timeBase = encoder.timeBase;
  return stream;
}

/**
 * Moves what is finished into the file. Cheap, so done here: the work is in `sendFrame`, and the file is buffered. `lasts`: for how long a
 * packet is shown, by its time stamp; undefined: as it says itself.
 */
export function movePackets(
  encoder: CodecContext,
  file: FormatContext,
  stream: Stream,
  lasts?: (pts: bigint) => bigint | undefined,
): void {
  const packet = new Packet();
  packet.alloc();
  try {
    for (;;) {
      const code = encoder.receivePacketSync(packet);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      must(code, "encode");
      packet.streamIndex = stream.index;
      const duration = lasts?.(packet.pts);
      if (duration !== undefined) packet.duration = duration;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      must(file.interleavedWriteFrameSync(packet), "write");
    }
  } finally {
    packet.free();
  }
}
