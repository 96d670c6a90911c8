/** FFmpeg's filters for sound at 48 kHz: samples in, frames out. */
import { AV_CHANNEL_LAYOUT_MONO, AV_CHANNEL_LAYOUT_STEREO, AV_SAMPLE_FMT_FLTP } from "node-av/constants";
import { Frame, Rational } from "node-av/lib";
import { type FilterRun, openFilter } from "./filter.ts";
import { type Samples, SOUND_RATE } from "./resample.ts";

export type SoundFilter = Pick<FilterRun, "out" | "free"> & {
  /** Takes what comes next; null: there is no more. */
  add(piece: Samples | null): void;
};

/** `chain`: filters as FFmpeg writes them. */
export function openSoundFilter(channels: 1 | 2, chain: string): SoundFilter {
  const layout = channels === 1 ? "mono" : "stereo";
  const from = `sample_rate=${SOUND_RATE}:sample_fmt=fltp:channel_layout=${layout}:time_base=1/${SOUND_RATE}`;
  const filter = openFilter(`abuffer@in=${from},${chain},abuffersink@out`, "a");
  let at = 0;
  return {
    add(piece) {
      if (piece === null) return filter.add(null);
      const frame = frameOf(piece, at);
      at += frame.nbSamples;
      filter.add(frame);
      frame.free();
    },
    out: filter.out,
    free: filter.free,
  };
}

/** The samples of a frame of one channel. They are copied. */
export function samplesOf({ data, nbSamples }: Frame): Float32Array {
  const plane = data![0]!;
  return new Float32Array(plane.buffer.slice(plane.byteOffset, plane.byteOffset + 4 * nbSamples) as ArrayBuffer);
}

function frameOf(piece: Samples, at: number): Frame {
  const planes = piece.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return Frame.fromAudioBuffer(Buffer.concat(planes), {
    ...{ nbSamples: piece[0]!.length, format: AV_SAMPLE_FMT_FLTP, sampleRate: SOUND_RATE, pts: BigInt(at) },
    ...{ channelLayout: piece.length === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO },
    timeBase: new Rational(1, SOUND_RATE),
  });
}
