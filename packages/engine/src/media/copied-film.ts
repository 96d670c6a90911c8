/** A video with another sound: its pictures are copied as they are, packet by packet, into an MP4. */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MPEG4,
  AV_CODEC_ID_VP9,
  AVERROR_EOF,
} from "node-av/constants";
import { Dictionary, FormatContext, Packet, type Stream } from "node-av/lib";
import { NO_TIME } from "./clip-reader.ts";
import { must } from "./ffmpeg.ts";
import { openPictures } from "./film-file.ts";
import type { Marks } from "./marks.ts";
import { addStream, movePackets } from "./muxed.ts";
import type { Sound } from "./sound-reader.ts";
import { openSoundTrack, SOUND_ENCODERS } from "./sound-track.ts";

/** What an MP4 takes as it is. */
const COPIED: readonly number[] = [
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_VP9,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_MPEG4,
];
/** Names of codecs that files have for one of our kind, and that players look at: of others the muxer chooses. */
const KEPT_TAGS: readonly string[] = ["avc1", "hvc1", "hev1"];
/** Packets that are copied before others have their turn. */
const AT_ONCE = 200;

type CopyOptions = {
  /** When the first frame is shown, by the time stamps of the file, s. */
  first: number;
  /** How long the pictures are shown; the sound is cut there. */
  seconds: number;
  sound: Pick<Sound, "channels" | "read">;
  marks: Marks;
  signal: AbortSignal;
};

/** What there is of the file is the caller's to remove. Throws what `openPictures` throws, `unsupported_type`, FFmpegError, `signal.reason`. */
export async function copyFilm(from: string, to: string, options: CopyOptions): Promise<AudioSpec> {
  const { first, seconds, sound, marks, signal } = options;
  const film = await openPictures(from, { probes: false });
  const { file, stream } = film;
  const packet = new Packet();
  packet.alloc();
  let copy: FilmCopy | undefined;
  try {
    copy = await openCopy(to, { stream, sound, marks, seconds });
    const zero = BigInt(Math.round(first / stream.timeBase.toDouble()));
    for (let n = 1; file.readFrameSync(packet) !== AVERROR_EOF; n++) {
      if (packet.streamIndex === stream.index) {
        if (packet.pts > NO_TIME) packet.pts -= zero;
        if (packet.dts > NO_TIME) packet.dts -= zero;
        copy.write(packet);
      }
      packet.unref();
      if (n % AT_ONCE !== 0) continue;
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await copy.finish();
    return copy.audio;
  } finally {
    packet.free();
    copy?.free();
    await film.close();
  }
}

export type FilmCopy = {
  audio: AudioSpec;
  /** Puts a packet into the file, which is the caller's to free, and the sound up to it. Its times are in the unit of `stream`, from 0 on. */
  write(packet: Packet): void;
  finish(): Promise<void>;
  free(): void;
};

type OpenCopyOptions = Pick<CopyOptions, "sound" | "marks" | "seconds"> & {
  stream: Stream;
  /** Instead of what the stream has. */
  extradata?: Buffer;
};

/** An MP4 for packets of a video's pictures and a sound. Throws `unsupported_type` and FFmpegError. */
export async function openCopy(to: string, options: OpenCopyOptions): Promise<FilmCopy> {
  const { stream, extradata, sound, marks, seconds } = options;
  requireCopied(stream);
  const track = await openSoundTrack(sound, SOUND_ENCODERS.quickAac);
  const file = new FormatContext();
  const free = (): void => {
    file.closeOutputSync();
    file.freeContext();
    track.encoder.freeContext();
  };
  try {
    must(file.allocOutputContext2(null, "mp4", `file:${to}`), "output");
    const pictures = copiedStream(file, stream);
    if (extradata) pictures.codecpar.extradata = extradata;
    const sounds = addStream(file, track.encoder);
    file.metadata = Dictionary.fromObject(marks.tags);
    must(file.openOutputSync(), "open");
    must(file.writeHeaderSync(Dictionary.fromObject({ movflags: "+faststart" })), "header");
    const moveSound = () => movePackets(track.encoder, file, sounds);
    const tick = stream.timeBase.toDouble();
    return {
      audio: track.audio,
      write(packet) {
        const reached = Number(packet.dts > NO_TIME ? packet.dts : packet.pts) * tick;
        packet.streamIndex = pictures.index;
        packet.rescaleTs(stream.timeBase, pictures.timeBase);
        must(file.interleavedWriteFrameSync(packet), "write");
        track.encodeTo(Math.min(seconds, Math.max(0, reached)), false, moveSound);
      },
      async finish() {
        track.encodeTo(seconds, true, moveSound);
        must(await file.writeTrailer(), "trailer");
      },
      free,
    };
  } catch (error) {
    free();
    throw error;
  }
}

/** Throws `unsupported_type`. */
export function requireCopied({ codecpar }: Stream): void {
  if (COPIED.includes(codecpar.codecId)) return;
  const help = "Convert it first: job kind `convert` makes an MP4 with H.264 of it";
  throw new AppError("unsupported_type", `The pictures of this video cannot be copied into an MP4. ${help}.`);
}

function copiedStream(file: FormatContext, from: Stream): Stream {
  const stream = file.newStream();
  must(from.codecpar.copy(stream.codecpar), "stream");
  const tag = from.codecpar.codecTagString ?? "";
  stream.codecpar.codecTag = KEPT_TAGS.includes(tag) ? tag : 0;
  stream.timeBase = from.timeBase;
  stream.avgFrameRate = from.avgFrameRate;
  stream.sampleAspectRatio = from.sampleAspectRatio;
  return stream;
}
