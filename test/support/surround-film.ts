/** A video whose sound has six channels (5.1), as cameras and cinemas write it: somebody speaks in the middle, and a noise is behind. */
import { must } from "@smileloop/engine/media/ffmpeg.ts";
import { openPictures } from "@smileloop/engine/media/film-file.ts";
import { addStream, movePackets } from "@smileloop/engine/media/muxed.ts";
import { AV_CHANNEL_LAYOUT_5POINT1_BACK, AV_CODEC_FLAG_GLOBAL_HEADER, AV_SAMPLE_FMT_FLTP } from "node-av/constants";
import { Codec, CodecContext, Dictionary, FormatContext, Frame, Packet, Rational } from "node-av/lib";

const RATE = 48_000;
/** Front left and right, middle, low, behind left and right. */
const CHANNELS = 6;
const MIDDLE = 2;
const BEHIND = 4;
const NOISE = 0.002;

/** `pictures`: a video without a sound. `voice`: 48 kHz. */
export async function surroundFilm(to: string, pictures: string, voice: Float32Array): Promise<string> {
  const film = await openPictures(pictures);
  const encoder = await openAac();
  const file = new FormatContext();
  must(file.allocOutputContext2(null, "mp4", `file:${to}`), "output");
  const video = file.newStream();
  must(film.stream.codecpar.copy(video.codecpar), "stream");
  video.timeBase = film.stream.timeBase;
  const sound = addStream(file, encoder);
  must(file.openOutputSync(), "open");
  must(file.writeHeaderSync(Dictionary.fromObject({})), "header");
  const packet = new Packet();
  packet.alloc();
  for (; film.file.readFrameSync(packet) >= 0; packet.unref()) {
    packet.streamIndex = video.index;
    packet.rescaleTs(film.stream.timeBase, video.timeBase);
    must(file.interleavedWriteFrameSync(packet), "write");
  }
  for (let at = 0; at < voice.length; at += encoder.frameSize) {
    send(encoder, voice.subarray(at, at + encoder.frameSize), at);
    movePackets(encoder, file, sound);
  }
  must(encoder.sendFrameSync(null), "encode");
  movePackets(encoder, file, sound);
  must(await file.writeTrailer(), "trailer");
  await file.closeOutput();
  packet.free();
  encoder.freeContext();
  await film.close();
  return to;
}

async function openAac(): Promise<CodecContext> {
  const codec = Codec.findEncoderByName("aac" as never)!;
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = RATE;
  encoder.sampleFormat = AV_SAMPLE_FMT_FLTP;
  encoder.channelLayout = AV_CHANNEL_LAYOUT_5POINT1_BACK;
  encoder.bitRate = 384_000n;
  encoder.timeBase = new Rational(1, RATE);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  must(await encoder.open2(codec, Dictionary.fromObject({})), "sound encoder");
  return encoder;
}

function send(encoder: CodecContext, voice: Float32Array, at: number): void {
  const all = new Float32Array(CHANNELS * voice.length);
  all.set(voice, MIDDLE * voice.length);
  for (let i = BEHIND * voice.length; i < all.length; i++) all[i] = NOISE * Math.sin(i * i);
  const frame = Frame.fromAudioBuffer(Buffer.from(all.buffer), {
    ...{ nbSamples: voice.length, format: encoder.sampleFormat, sampleRate: RATE },
    ...{ channelLayout: encoder.channelLayout, timeBase: encoder.timeBase, pts: BigInt(at) },
  });
  must(encoder.sendFrameSync(frame), "encode");
  frame.free();
}
