/** The sound of a video: AAC-LC at 48 kHz, about 64 kbit/s a channel. */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PROFILE_AAC_LOW,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
} from "node-av/constants";
import { Codec, CodecContext, Frame, Rational } from "node-av/lib";
import { must } from "./ffmpeg.ts";
import { SOUND_RATE } from "./resample.ts";
import type { Sound } from "./sound-reader.ts";

/** Bits a second by channels. */
const BIT_RATES = { 1: 80_000n, 2: 128_000n } as const;

type SoundTrack = {
  encoder: CodecContext;
  audio: AudioSpec;
  /**
   * Reads and encodes the sound up to a time of the video, as far as it goes; `last`: nothing comes after it. `moveOn` takes what
   * the encoder has ready, which has no room for more before.
   */
  encodeTo(seconds: number, last: boolean, moveOn: () => void): void;
};

export async function openSoundTrack(sound: Sound): Promise<SoundTrack> {
  const { channels } = sound;
  const encoder = await openEncoder(channels);
  const step = encoder.frameSize;
  const samples = Array.from({ length: channels }, () => new Float32Array(step));
  let [at, ended] = [0, false];

  return {
    encoder,
    audio: { codec: "aac", channels, sample_rate: SOUND_RATE },
    encodeTo(seconds, last, moveOn) {
      const until = Math.round(seconds * SOUND_RATE);
      while (!ended && (last || until - at >= step)) {
        const wanted = Math.min(step, until - at);
        const count = wanted > 0 ? sound.read(samples.map((channel) => channel.subarray(0, wanted))) : 0;
        if (count > 0) send(encoder, samples, count, at);
        moveOn();
        at += count;
        ended = count < step;
        if (ended) must(encoder.sendFrameSync(null), "encode");
        if (ended) moveOn();
      }
    },
  };
}

function send(encoder: CodecContext, samples: Float32Array[], count: number, at: number): void {
  const planes = samples.map(({ buffer, byteOffset }) => Buffer.from(buffer, byteOffset, count * 4));
  const frame = Frame.fromAudioBuffer(Buffer.concat(planes), {
    ...{ nbSamples: count, format: AV_SAMPLE_FMT_FLTP, sampleRate: SOUND_RATE },
    ...{ channelLayout: encoder.channelLayout, timeBase: encoder.timeBase, pts: BigInt(at) },
  });
  try {
    must(encoder.sendFrameSync(frame), "encode");
  } finally {
    frame.free();
  }
}

async function openEncoder(channels: 1 | 2): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_AAC);
  if (codec === null) throw new Error("FFmpeg was built without an AAC encoder");
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = SOUND_RATE;
  encoder.sampleFormat = AV_SAMPLE_FMT_FLTP;
  encoder.channelLayout = channels === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO;
  encoder.bitRate = BIT_RATES[channels];
  encoder.profile = AV_PROFILE_AAC_LOW;
  encoder.timeBase = new Rational(1, SOUND_RATE);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  must(await encoder.open2(codec), "sound encoder");
  return encoder;
}
