/** The AAC of an MP4, MOV or Matroska file, to be put into another MP4 packet by packet: nothing is decoded, so nothing is lost. */
import type { AudioSpec, EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AV_CODEC_ID_AAC, AVDISCARD_ALL, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import { Dictionary, FormatContext, InputFormat, Packet, Rational, type Stream } from "node-av/lib";
import { NO_TIME } from "./clip-reader.ts";
import { must } from "./ffmpeg.ts";
import { SOUND_FORMATS } from "./sound-formats.ts";

export type SoundCopy = {
  audio: AudioSpec;
  /** Adds the track to a file whose header is not written yet. */
  addTo(file: FormatContext): Stream;
  /** Writes what begins before a time of the result, s; `last`: what comes then is left out, and the end is cut there. */
  copyTo(file: FormatContext, stream: Stream, seconds: number, last: boolean): void;
  close(): Promise<void>;
};

/** Demuxers that know when each packet is heard. */
const DEMUXERS: readonly string[] = ["mov", "matroska"];
/** Matroska rounds times to its unit, a millisecond: packets that are as near to where the one before ends follow it without a gap. */
const ROUNDED = 1.5;

/** `begins`: when the result begins, seconds of the file's clock. Null for a sound of another kind, in another container, or none. */
export async function openSoundCopy({ path, type }: EngineFile, begins: number): Promise<SoundCopy | null> {
  const demuxer = SOUND_FORMATS[type] ?? "";
  if (!DEMUXERS.includes(demuxer)) return null;
  const source = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  const close = async (): Promise<void> => {
    packet.free();
    await source.closeInput();
  };
  try {
    const options = Dictionary.fromObject({ protocol_whitelist: "file" });
    must(await source.openInput(`file:${path}`, InputFormat.findInputFormat(demuxer), options), "open");
    must(await source.findStreamInfo(null), "probe");
    const from = source.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
    if (
      from?.codecpar.codecId !== AV_CODEC_ID_AAC ||
      from.codecpar.extradataSize === 0 ||
      from.codecpar.frameSize <= 0
    ) {
      await close();
      return null;
    }
    for (const other of source.streams) if (other.index !== from.index) other.discard = AVDISCARD_ALL;
    const { channels, sampleRate } = from.codecpar;
    return {
      audio: { codec: "aac", channels, sample_rate: sampleRate },
      addTo(file) {
        const stream = file.newStream();
        must(from.codecpar.copy(stream.codecpar), "stream");
        // the tag of one container is not that of another
        stream.codecpar.codecTag = 0;
        stream.timeBase = new Rational(1, sampleRate);
        return stream;
      },
      copyTo: copying({ source, from, packet, begins }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Copying = { source: FormatContext; from: Stream; packet: Packet; begins: number };

function copying({ source, from, packet, begins }: Copying): SoundCopy["copyTo"] {
  const tick = from.timeBase.toDouble();
  const { frameSize, sampleRate } = from.codecpar;
  const whole = frameSize / sampleRate;
  let [waiting, ended] = [false, false];
  /** When the packet is heard, for how long, and where the one before it ended, s of the result. */
  let [at, lasting, follows] = [0, whole, Number.NaN];
  /** The next packet that is heard in the result; one before it belongs to it, as AAC overlaps. */
  const read = (): boolean => {
    for (;;) {
      if (source.readFrameSync(packet) < 0) return false;
      at = Number(packet.pts) * tick - begins;
      const told = Number(packet.duration) * tick;
      lasting = told > 0 && Math.abs(told - whole) > ROUNDED * tick ? told : whole;
      if (packet.streamIndex === from.index && packet.pts > NO_TIME && at > -2 * lasting) break;
      packet.unref();
    }
    if (Math.abs(at - follows) < ROUNDED * tick) at = follows;
    follows = at + lasting;
    return true;
  };
  return (file, stream, seconds, last) => {
    const ticks = (time: number): bigint => BigInt(Math.round(time / stream.timeBase.toDouble()));
    while (!ended) {
      if (!waiting && !read()) {
        ended = true;
        return;
      }
      waiting = true;
      if (at >= seconds) {
        ended = last;
        return;
      }
      packet.pts = ticks(at);
      packet.dts = packet.pts;
      packet.duration = ticks(last ? Math.min(lasting, seconds - at) : lasting);
      packet.timeBase = stream.timeBase;
      packet.streamIndex = stream.index;
      must(file.interleavedWriteFrameSync(packet), "write");
      waiting = false;
    }
  };
}
