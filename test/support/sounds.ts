/** Sounds with clicks at known times, in the formats that people have, and what is heard in a file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
  AVMEDIA_TYPE_AUDIO,
} from "node-av/constants";
import { Codec, CodecContext, FFmpegError, FormatContext, Frame, Packet, Rational } from "node-av/lib";
import { openMuxer } from "./muxer.ts";

/** One array for each channel, −1 … 1. */
export type Samples = Float32Array[];

export type ClickTrack = { seconds: number; clicks: number[]; rate: number; channels?: number };

/** Short bursts of 1.5 kHz on faint hiss, whose middles are at `clicks` (seconds). */
export function clickTrack({ seconds, clicks, rate, channels = 1 }: ClickTrack): Samples {
  const samples = new Float32Array(Math.round(seconds * rate));
  let noise = 1;
  for (let i = 0; i < samples.length; i++) {
    noise = (noise * 48271) % 0x7fffffff;
    samples[i] = (noise / 0x7fffffff - 0.5) * 0.002;
  }
  for (const click of clicks) {
    const reach = Math.round(0.006 * rate);
    const middle = Math.round(click * rate);
    for (let i = Math.max(0, middle - reach); i < Math.min(samples.length, middle + reach); i++) {
      const t = i / rate - click;
      samples[i]! += 0.8 * Math.cos(2 * Math.PI * 1500 * t) * Math.exp(-((t / 0.0012) ** 2));
    }
  }
  return Array.from({ length: channels }, () => samples);
}

/** A WAV file of 8 (unsigned) or 16 bits. */
export function wavOf(samples: Samples, rate: number, bits: 8 | 16 = 16): Buffer {
  const [channels, length] = [samples.length, samples[0]!.length];
  const data = Buffer.alloc(length * channels * (bits / 8));
  for (let i = 0; i < length * channels; i++) {
    const value = Math.max(-1, Math.min(1, samples[i % channels]![Math.floor(i / channels)]!));
    if (bits === 8) data.writeUInt8(Math.round(128 + value * 127), i);
    else data.writeInt16LE(Math.round(value * 32767), i * 2);
  }
  const head = Buffer.alloc(44);
  head.write("RIFF").toString();
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE((rate * channels * bits) / 8, 28);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

export type SoundFormat = { codec: "aac" | "libmp3lame" | "libopus" | "libvorbis" | "flac"; container: string };

/** Mono or stereo. `container` is FFmpeg's name, such as `ipod` (M4A). */
export async function encodedSound(samples: Samples, rate: number, { codec, container }: SoundFormat): Promise<Buffer> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-sounds-"));
  try {
    const path = join(dir, "sound");
    await encode(path, samples, rate, { codec, container });
    return readFileSync(path);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function encode(path: string, samples: Samples, rate: number, format: SoundFormat): Promise<void> {
  const encoder = await openEncoder(samples.length, rate, format.codec);
  const muxer = openMuxer(path, format.container, encoder);
  const step = encoder.frameSize || 1024;
  for (let at = 0; at < samples[0]!.length; at += step) {
    await muxer.add(frameOf(samples, at, Math.min(step, samples[0]!.length - at), encoder));
  }
  await muxer.end();
}

async function openEncoder(channels: number, rate: number, name: SoundFormat["codec"]): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (codec === null) throw new Error(`FFmpeg was built without ${name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = rate;
  encoder.channelLayout = channels === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO;
  encoder.sampleFormat = ["flac", "libopus"].includes(name) ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_FLTP;
  encoder.timeBase = new Rational(1, rate);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  must(await encoder.open2(codec));
  return encoder;
}

function frameOf(samples: Samples, from: number, count: number, encoder: CodecContext): Frame {
  const planar = encoder.sampleFormat === AV_SAMPLE_FMT_FLTP;
  const parts = samples.map((channel) => channel.subarray(from, from + count));
  const bytes = planar
    ? Buffer.concat(parts.map((part) => Buffer.from(part.slice().buffer)))
    : wavOf(parts, encoder.sampleRate).subarray(44);
  return Frame.fromAudioBuffer(bytes, {
    ...{ nbSamples: count, format: encoder.sampleFormat, sampleRate: encoder.sampleRate },
    ...{ channelLayout: encoder.channelLayout, timeBase: encoder.timeBase, pts: BigInt(from) },
  });
}

export type Heard = {
  codec: string;
  rate: number;
  channels: number;
  /** Bits a second, as the file says. */
  bitRate: number;
  /** When the sound begins and ends on the file's clock, by what is decoded. */
  from: number;
  to: number;
  samples: Samples;
};

/** Decodes the sound of a file whose sound is decoded to planar floats (AAC). Null where it has none. */
export async function heardIn(path: string): Promise<Heard | null> {
  const file = new FormatContext();
  must(await file.openInput(`file:${path}`));
  const stream = file.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
  if (!stream) {
    await file.closeInput();
    return null;
  }
  const codec = Codec.findDecoder(stream.codecpar.codecId)!;
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  must(stream.codecpar.toContext(decoder));
  decoder.pktTimebase = stream.timeBase;
  must(await decoder.open2(codec));
  const [packet, frame] = [new Packet(), new Frame()];
  packet.alloc();
  frame.alloc();
  const parts: Samples[] = [];
  let from = Number.NaN;
  for (;;) {
    const read = file.readFrameSync(packet);
    if (read >= 0 && packet.streamIndex !== stream.index) continue;
    must(decoder.sendPacketSync(read < 0 ? null : packet));
    while (decoder.receiveFrameSync(frame) >= 0) {
      if (frame.format !== AV_SAMPLE_FMT_FLTP) throw new Error("only planar floats are read");
      if (parts.length === 0) from = Number(frame.pts) * stream.timeBase.toDouble();
      parts.push(frame.data!.map((plane) => new Float32Array(plane.buffer, plane.byteOffset, frame.nbSamples).slice()));
    }
    if (read < 0) break;
    packet.unref();
  }
  const { sampleRate: rate, channels } = decoder;
  const samples = Array.from({ length: channels }, (_, n) => joined(parts.map((part) => part[n]!)));
  const bitRate = Number(stream.codecpar.bitRate);
  packet.free();
  frame.free();
  decoder.freeContext();
  await file.closeInput();
  return { codec: codec.name!, rate, channels, bitRate, from, to: from + samples[0]!.length / rate, samples };
}

/** Seconds on the file's clock of the middles of bursts, as `clickTrack` makes them, in a channel. */
export function clicksIn({ samples, rate, from }: Heard, channel = 0): number[] {
  const sound = samples[channel]!;
  const found: number[] = [];
  for (let i = 0; i < sound.length; i++) {
    if (Math.abs(sound[i]!) < 0.2) continue;
    const [start, end] = [Math.max(0, i - 0.01 * rate), Math.min(sound.length, i + 0.015 * rate)];
    let [sum, moment] = [0, 0];
    for (let j = Math.floor(start); j < end; j++) {
      sum += sound[j]! ** 2;
      moment += j * sound[j]! ** 2;
    }
    found.push(from + moment / sum / rate);
    i = Math.floor(end);
  }
  return found;
}

function joined(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function must(code: number): void {
  FFmpegError.throwIfError(code, "sound");
}
