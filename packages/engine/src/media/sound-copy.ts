/** The AAC of an MP4 or a MOV, to be put into another MP4 packet by packet: nothing is decoded, so nothing is lost. */
import type { AudioSpec, EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AV_CODEC_ID_AAC, AVDISCARD_ALL, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import { FormatContext, InputFormat, Packet, Rational, type Stream } from "node-av/lib";
import { NO_TIME } from "./clip-reader.ts";
import { must } from "./ffmpeg.ts";

export type SoundCopy = {
  audio: AudioSpec;
  /** Adds the track to a file whose header is not written yet. */
  addTo(file: FormatContext): Stream;
  /** Writes what begins before a time of the result, s; `last`: what comes then is left out, and the end is cut there. */
  copyTo(file: FormatContext, stream: Stream, seconds: number, last: boolean): void;
  close(): Promise<void>;
};

const TYPES: readonly string[] = ["video/mp4", "video/quicktime"];

/** `begins`: when the result begins, seconds of the file's clock. Null for a sound of another kind, in another container, or none. */
export async function openSoundCopy({ path, type }: EngineFile, begins: number): Promise<SoundCopy | null> {
  if (!TYPES.includes(type)) return null;
  const source = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  const close = async (): Promise<void> => {
    packet.free();
    await source.closeInput();
  };
  try {
    must(await source.openInput(`file:${path}`, InputFormat.findInputFormat("mov")), "open");
    must(await source.findStreamInfo(null), "probe");
    const from = source.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
    if (from?.codecpar.codecId !== AV_CODEC_ID_AAC || from.codecpar.extradataSize === 0) {
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
  const shift = BigInt(Math.round(begins / tick));
  let [waiting, ended] = [false, false];
  /** The next packet that is heard in the result; one before it belongs to it, as AAC overlaps. */
  const read = (): boolean => {
    for (;;) {
      if (source.readFrameSync(packet) < 0) return false;
      const isHeard = packet.pts > NO_TIME && packet.pts - shift > -2n * packet.duration;
      if (packet.streamIndex === from.index && isHeard) return true;
      packet.unref();
    }
  };
  return (file, stream, seconds, last) => {
    const until = BigInt(Math.round(seconds / tick));
    while (!ended) {
      if (!waiting && !read()) {
        ended = true;
        return;
      }
      waiting = true;
      const at = packet.pts - shift;
      if (at >= until) {
        ended = last;
        return;
      }
      if (last && at + packet.duration > until) packet.duration = until - at;
      packet.pts = at;
      packet.dts = at;
      packet.streamIndex = stream.index;
      packet.rescaleTs(from.timeBase, stream.timeBase);
      must(file.interleavedWriteFrameSync(packet), "write");
      waiting = false;
    }
  };
}
