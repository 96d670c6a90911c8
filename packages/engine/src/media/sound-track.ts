/** The sound of a video at 48 kHz: AAC-LC, about 64 kbit/s a channel, or Opus. */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PROFILE_AAC_LOW,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBMP3LAME,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, Frame, Rational } from "node-av/lib";
import { must } from "./ffmpeg.ts";
import { SOUND_RATE } from "./resample.ts";
import type { Sound } from "./sound-reader.ts";

type SoundEncoder = {
  /** As FFmpeg calls it, and as its files do. */
  name: string;
  codec: string;
  /** Whether it takes one row of samples for each channel, or one row for all of them by turns. */
  planar: boolean;
  profile?: typeof AV_PROFILE_AAC_LOW;
  /** As FFmpeg calls them. */
  options?: Record<string, string>;
  /** Bits a second by channels. */
  bitRates: { 1: bigint; 2: bigint };
};

export const SOUND_ENCODERS = {
  aac: {
    ...{ name: FF_ENCODER_AAC, codec: "aac", planar: true, profile: AV_PROFILE_AAC_LOW },
    bitRates: { 1: 80_000n, 2: 128_000n },
  },
  /** Two to three times as fast; in speech and in noise nearer to the sound than `aac`, by the bits that it has more. */
  quickAac: {
    ...{ name: FF_ENCODER_AAC, codec: "aac", planar: true, profile: AV_PROFILE_AAC_LOW },
    options: { aac_coder: "fast" },
    bitRates: { 1: 112_000n, 2: 160_000n },
  },
  mp3: { name: FF_ENCODER_LIBMP3LAME, codec: "mp3", planar: true, bitRates: { 1: 80_000n, 2: 128_000n } },
  opus: { name: "libopus", codec: "opus", planar: false, bitRates: { 1: 64_000n, 2: 96_000n } },
} as const satisfies Record<string, SoundEncoder>;

type SoundTrack = {
  encoder: CodecContext;
  audio: AudioSpec;
  /**
   * Reads and encodes the sound up to a time of the video, as far as it goes; `last`: nothing comes after it. `moveOn` takes what
   * the encoder has ready, which has no room for more before.
   */
  encodeTo(seconds: number, last: boolean, moveOn: () => void): void;
};

/** `bitRate`: bits a second. */
export async function openSoundTrack(
  sound: Pick<Sound, "channels" | "read">,
  kind: SoundEncoder = SOUND_ENCODERS.aac,
  bitRate = Number(kind.bitRates[sound.channels]),
): Promise<SoundTrack> {
  const { channels } = sound;
  const encoder = await openEncoder(channels, kind, bitRate);
  const step = encoder.frameSize;
  const samples = Array.from({ length: channels }, () => new Float32Array(step));
  const rows = kind.planar ? inPlanes : byTurns;
  let [at, ended] = [0, false];

  return {
    encoder,
    audio: { codec: kind.codec, channels, sample_rate: SOUND_RATE },
    encodeTo(seconds, last, moveOn) {
      const until = Math.round(seconds * SOUND_RATE);
      while (!ended && (last || until - at >= step)) {
        const wanted = Math.min(step, until - at);
        const count = wanted > 0 ? sound.read(samples.map((channel) => channel.subarray(0, wanted))) : 0;
        if (count > 0) send(encoder, rows(samples, count), count, at);
        moveOn();
        at += count;
        ended = count < step;
        if (ended) must(encoder.sendFrameSync(null), "encode");
        if (ended) moveOn();
      }
    },
  };
}

function inPlanes(samples: Float32Array[], count: number): Buffer {
  return Buffer.concat(samples.map(({ buffer, byteOffset }) => Buffer.from(buffer, byteOffset, count * 4)));
}

function byTurns(samples: Float32Array[], count: number): Buffer {
  const all = new Float32Array(count * samples.length);
  for (let i = 0; i < all.length; i++) all[i] = samples[i % samples.length]![Math.floor(i / samples.length)]!;
  return Buffer.from(all.buffer);
}

function send(encoder: CodecContext, samples: Buffer, count: number, at: number): void {
  const frame = Frame.fromAudioBuffer(samples, {
    ...{ nbSamples: count, format: encoder.sampleFormat, sampleRate: SOUND_RATE },
    ...{ channelLayout: encoder.channelLayout, timeBase: encoder.timeBase, pts: BigInt(at) },
  });
  try {
    must(encoder.sendFrameSync(frame), "encode");
  } finally {
    frame.free();
  }
}

async function openEncoder(
  channels: 1 | 2,
  { name, planar, profile, options = {} }: SoundEncoder,
  bitRate: number,
): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(name as never);
  if (codec === null) throw new Error(`FFmpeg was built without ${name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = SOUND_RATE;
  encoder.sampleFormat = planar ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT;
  encoder.channelLayout = channels === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO;
  encoder.bitRate = BigInt(bitRate);
  if (profile !== undefined) encoder.profile = profile;
  encoder.timeBase = new Rational(1, SOUND_RATE);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  must(await encoder.open2(codec, Dictionary.fromObject(options)), "sound encoder");
  return encoder;
}
