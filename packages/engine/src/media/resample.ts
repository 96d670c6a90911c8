/** Decoded sound, in any format, as one unbroken line of samples at one rate. */
import { AV_CHANNEL_LAYOUT_MONO, AV_CHANNEL_LAYOUT_STEREO, AV_SAMPLE_FMT_FLTP } from "node-av/constants";
import { FFmpegError, type Frame, SoftwareResampleContext } from "node-av/lib";

/** Samples a second. */
export const SOUND_RATE = 48_000;

/** `seconds`: when the frame starts, where that is known. */
export type TimedFrame = { frame: Frame; seconds: number | null };
/** One array of the same length for each channel, −1 … 1. */
export type Samples = Float32Array[];

/** The mean of both channels; of one, itself. */
export function monoOf([left, right]: Samples): Float32Array {
  return right ? left!.map((value, i) => (value + right[i]!) / 2) : left!;
}

/** Seconds by which time stamps may differ from what the samples before add up to: some containers only count milliseconds. */
const SLACK = 0.05;
const SILENCE = new Float32Array(4096);

/**
 * The samples from second 0 on, piece by piece. Where time stamps leave a gap there is silence, which `onGap` is told of, s; what lies
 * before 0, or where there is sound already, is left out. `rate`: samples a second of what comes out.
 */
export function* placedSamples(
  frames: Iterable<TimedFrame>,
  channels: 1 | 2,
  onGap: (seconds: number) => void = () => {},
  rate: number = SOUND_RATE,
): Generator<Samples, void> {
  const resampler = createResampler(channels, rate);
  let [at, next] = [0, 0];
  let due: number | null = null;
  const placed = function* (samples: Samples): Generator<Samples, void> {
    // before the first sound nothing is missing
    if (at > 0 && at < next) onGap((next - at) / rate);
    for (; at < next; at += Math.min(SILENCE.length, next - at)) {
      yield samples.map(() => SILENCE.subarray(0, next - at));
    }
    const late = at - next;
    const length = samples[0]!.length;
    next += length;
    if (late >= length) return;
    at = next;
    yield samples.map((channel) => channel.subarray(late));
  };
  try {
    for (const { frame, seconds } of frames) {
      const starts: number = seconds ?? due ?? 0;
      const jumps: boolean = due === null || Math.abs(starts - due) > SLACK;
      if (jumps || !resampler.takes(frame)) {
        yield* placed(resampler.drain());
        resampler.setUp(frame);
      }
      if (jumps) next = Math.round(starts * rate);
      due = (jumps ? starts : due!) + frame.nbSamples / frame.sampleRate;
      yield* placed(resampler.convert(frame));
    }
    yield* placed(resampler.drain());
  } finally {
    resampler.free();
  }
}

function createResampler(channels: 1 | 2, rate: number) {
  const layout = channels === 1 ? AV_CHANNEL_LAYOUT_MONO : AV_CHANNEL_LAYOUT_STEREO;
  let context: SoftwareResampleContext | null = null;
  let set = "";
  /** By planes, not by frames: WAV files often do not say which channel is where, which the conversion of frames refuses. */
  const convert = (planes: Buffer[] | null, count: number): Samples => {
    if (context === null) return Array.from({ length: channels }, () => new Float32Array(0));
    const room = context.getOutSamples(count);
    const samples = Array.from({ length: channels }, () => new Float32Array(room));
    const out = samples.map(({ buffer }) => Buffer.from(buffer));
    const made = context.convertSync(out, room, planes, count);
    FFmpegError.throwIfError(made, "resample");
    return samples.map((channel) => channel.subarray(0, made));
  };
  const free = (): void => {
    context?.free();
    context = null;
  };
  return {
    takes: (frame: Frame): boolean => set === settingOf(frame),
    setUp({ format, sampleRate, channelLayout }: Frame): void {
      free();
      context = new SoftwareResampleContext();
      const from = [channelLayout, format as typeof AV_SAMPLE_FMT_FLTP, sampleRate] as const;
      FFmpegError.throwIfError(context.allocSetOpts2(layout, AV_SAMPLE_FMT_FLTP, rate, ...from), "resampler");
      // so that many channels in two are no louder than one
      context.setOption("rematrix_maxval", "1");
      FFmpegError.throwIfError(context.init(), "resampler");
      set = settingOf({ format, sampleRate, channelLayout });
    },
    convert: (frame: Frame): Samples => convert(frame.extendedData ?? frame.data, frame.nbSamples),
    /** What is still in the filter. */
    drain: (): Samples => convert(null, 0),
    free,
  };
}

function settingOf({
  format,
  sampleRate,
  channelLayout,
}: Pick<Frame, "format" | "sampleRate" | "channelLayout">): string {
  const { nbChannels, order, mask } = channelLayout;
  return [format, sampleRate, nbChannels, order, mask].join();
}
