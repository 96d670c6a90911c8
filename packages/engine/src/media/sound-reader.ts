/**
 * Reads the sound of a file that somebody else made: WAV, MP3, M4A, AAC, Ogg, FLAC, or the sound track of a video. It is handed out
 * piece by piece as the reader asks, so that only what is needed of a long file is ever read.
 */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { AV_LOG_FATAL, AVDISCARD_ALL, AVERROR_EOF, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  InputFormat,
  Log,
  Packet,
  type Stream,
} from "node-av/lib";
import { startOf, tellsEnough } from "./container.ts";
import { must } from "./ffmpeg.ts";
import { placedSamples, type Samples, SOUND_RATE, type TimedFrame } from "./resample.ts";
import { claimOf } from "./sound-claim.ts";
import { SOUND_CODECS, SOUND_FORMATS } from "./sound-formats.ts";

/** Packets that can't be decoded, places where something is missing, and samples of all channels that are not numbers. */
export type Damage = { faults: number; gaps: number; gapSeconds: number; wrong: number };

export type Sound = {
  /** Stereo, unless the file is mono. */
  channels: 1 | 2;
  /** How long the file says that it is, seconds; null where it does not. Headers lie. */
  claimedSeconds: number | null;
  /** Whether that is what its container or its tags say, and not an estimate. */
  told: boolean;
  /** What could not be read up to now. */
  damage(): Readonly<Damage>;
  /**
   * Fills one array for each channel with what comes next, at `SOUND_RATE` (resample.ts) or the rate it was opened with, and answers how much it was: less than asked for only
   * at the end of the sound. The first sample is at the start of the file's clock: what codecs put before it is left out.
   * Throws `input_unreadable` where most of the file turns out to be damaged.
   */
  read(into: Samples): number;
  close(): Promise<void>;
};

/** Samples a second, and channels, that a resampler is set up for: others are mistakes or attacks. */
const RATES = { least: 4000, most: 384_000 } as const;
const MOST_CHANNELS = 16;
/** Faulty packets in a file that is still read: damage is left out and what is whole is heard, unless most of it is damage. */
const FEW_FAULTS = 100;
/**
 * Demuxers of files that can't say what the codec puts before the sound. In AAC it is one frame at least, as each is only whole with
 * the one after it; most encoders put no more.
 */
const UNTOLD: readonly string[] = ["aac"];
/** Below it a time stamp is FFmpeg's "none". */
const NO_TIME = -(2n ** 62n);
const NO_SOUND = "it is cut off, damaged or empty";

type OpenOptions = {
  /** Samples a second that are handed out. */
  rate?: number;
  /** False for a file of ours, whose header tells what its sound is: then nothing is decoded to find that out. */
  probes?: boolean;
};

/** Throws `input_unreadable` or `unsupported_type`: a part of the sound was decoded when it resolves. */
export async function openSound(
  { path, type }: EngineFile,
  { rate = SOUND_RATE, probes = true }: OpenOptions = {},
): Promise<Sound> {
  Log.setLevel(AV_LOG_FATAL);
  const name = Object.hasOwn(SOUND_FORMATS, type) ? SOUND_FORMATS[type] : undefined;
  if (name === undefined) throw new AppError("unsupported_type", `Sound is not read from files of the type ${type}.`);
  const file = new FormatContext();
  const decoder = new CodecContext();
  let frames: Generator<TimedFrame, void> | undefined;
  const close = async (): Promise<void> => {
    frames?.return();
    decoder.freeContext();
    await file.closeInput();
  };
  try {
    const stream = await openStream(file, decoder, { path, name, probes });
    const damage: Damage = { faults: 0, gaps: 0, gapSeconds: 0, wrong: 0 };
    frames = decodedFrames(file, decoder, stream, UNTOLD.includes(name), damage);
    const first = frames.next();
    if (first.done) throw unreadable(NO_SOUND);
    const channels = first.value.frame.channels === 1 ? 1 : 2;
    const onGap = (seconds: number): void => {
      damage.gaps++;
      damage.gapSeconds += seconds;
    };
    const pieces = placedSamples(withFirst(first.value, frames), channels, onGap, rate);
    const start = pieces.next();
    if (start.done) throw unreadable(NO_SOUND);
    const read = filling(start.value, pieces, damage);
    return {
      channels,
      ...(await claimOf(path, name, file, stream)),
      damage: () => damage,
      read: (into) => guarded(() => read(into)),
      close: () => {
        pieces.return();
        return close();
      },
    };
  } catch (error) {
    await close();
    throw asUnreadable(error);
  }
}

type Opening = { path: string; name: string; probes: boolean };

async function openStream(
  file: FormatContext,
  decoder: CodecContext,
  { path, name, probes }: Opening,
): Promise<Stream> {
  const options = Dictionary.fromObject({
    protocol_whitelist: "file",
    format_whitelist: "wav,mp3,aac,ogg,flac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi",
  });
  const opened = await file.openInput(`file:${path}`, InputFormat.findInputFormat(name), options);
  if (opened < 0) throw unreadable(NO_SOUND, new FFmpegError(opened));
  // where the file's clock starts is found here
  const probed = !probes && tellsEnough(file) ? 0 : await file.findStreamInfo(null);
  if (probed < 0) throw unreadable(NO_SOUND, new FFmpegError(probed));
  const stream = file.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
  if (stream === undefined) throw unreadable("it has no sound");
  for (const other of file.streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL;
  const { codecId } = stream.codecpar;
  const codec = SOUND_CODECS.includes(codecId) ? Codec.findDecoder(codecId) : null;
  if (codec === null) throw new AppError("unsupported_type", `This kind of sound is not read. ${ADVICE}`);
  decoder.allocContext3(codec);
  must(stream.codecpar.toContext(decoder), "decoder");
  decoder.threadCount = 1;
  // without it the decoder drops what was put before the sound, but leaves the time stamps as they were
  decoder.pktTimebase = stream.timeBase;
  must(await decoder.open2(codec), "decoder");
  return stream;
}

/** Every frame that can be decoded; each is valid until the next is asked for. `untold`: the first one lies before the sound. */
function* decodedFrames(
  file: FormatContext,
  decoder: CodecContext,
  stream: Stream,
  untold: boolean,
  damage: Damage,
): Generator<TimedFrame, void> {
  const tick = stream.timeBase.toDouble();
  let zero = startOf(file);
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();
  let good = 0;
  try {
    for (;;) {
      const read = file.readFrameSync(packet);
      if (read >= 0 && packet.streamIndex !== stream.index) {
        packet.unref();
        continue;
      }
      if (decoder.sendPacketSync(read < 0 ? null : packet) < 0 && read !== AVERROR_EOF) damage.faults++;
      while (decoder.receiveFrameSync(frame) >= 0) {
        requireUsual(frame);
        if (good++ === 0 && untold) zero += frame.nbSamples / frame.sampleRate;
        yield { frame, seconds: frame.pts > NO_TIME ? Number(frame.pts) * tick - zero : null };
        frame.unref();
      }
      if (damage.faults > FEW_FAULTS && damage.faults > good) throw unreadable("most of it is damaged");
      if (read < 0) return;
      packet.unref();
    }
  } finally {
    frame.free();
    packet.free();
  }
}

function requireUsual({ sampleRate, channels }: Frame): void {
  if (sampleRate >= RATES.least && sampleRate <= RATES.most && channels >= 1 && channels <= MOST_CHANNELS) return;
  throw unreadable(`it has ${channels} channels at ${sampleRate} samples a second`);
}

function* withFirst(first: TimedFrame, rest: Iterable<TimedFrame>): Generator<TimedFrame, void> {
  yield first;
  yield* rest;
}

/** Fills what it is given from pieces of any length. */
function filling(first: Samples, pieces: Iterator<Samples, void>, damage: Damage): (into: Samples) => number {
  let left = first;
  return (into) => {
    const size = into[0]!.length;
    let filled = 0;
    while (filled < size) {
      if (left[0]!.length === 0) {
        const next = pieces.next();
        if (next.done) break;
        left = next.value;
      }
      const count = Math.min(left[0]!.length, size - filled);
      for (const [channel, samples] of left.entries()) {
        damage.wrong += copyWithin(into[channel]!.subarray(filled, filled + count), samples);
      }
      left = left.map((samples) => samples.subarray(count));
      filled += count;
    }
    return filled;
  };
}

/** Files of floats may hold anything; an encoder refuses what is not a number. Answers how many were none. */
function copyWithin(into: Float32Array, samples: Float32Array): number {
  let wrong = 0;
  for (let i = 0; i < into.length; i++) {
    const value = samples[i]!;
    if (value >= -1 && value <= 1) into[i] = value;
    else if (Number.isFinite(value)) into[i] = value < 0 ? -1 : 1;
    else {
      wrong++;
      into[i] = 0;
    }
  }
  return wrong;
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asUnreadable(error);
  }
}

function asUnreadable(error: unknown): unknown {
  return error instanceof FFmpegError ? unreadable("a part of it cannot be decoded", error) : error;
}

const ADVICE = "Use a WAV, MP3, M4A, Ogg (Opus) or FLAC file.";

function unreadable(why: string, cause?: unknown): AppError {
  return new AppError("input_unreadable", `The sound cannot be read: ${why}. ${ADVICE}`, { cause });
}
