/** Where a sound is silent, as FFmpeg's filter `silencedetect` has it: by that filter. */
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import { openSoundFilter } from "../media/sound-filter.ts";

/** Seconds. */
export type Stretch = { from: number; to: number };

type SilenceOptions = {
  channels: 1 | 2;
  /** What is below it in all channels is silent, dB of full scale. */
  decibels: number;
  /** A shorter silence is none, s. */
  seconds: number;
};

/** Takes pieces of at most `seconds` each, and answers at the end. `free` may be called at any time. */
export function silenceFinder({ channels, decibels, seconds }: SilenceOptions) {
  const filter = openSoundFilter(channels, `silencedetect=noise=${decibels}dB:d=${seconds}`);
  const silences: Stretch[] = [];
  let [at, open] = [0, null as number | null];
  const take = (): void => {
    for (const frame of filter.out()) {
      const told = frame.getMetadata();
      const [start, end] = [told?.get("lavfi.silence_start"), told?.get("lavfi.silence_end")];
      if (end != null && open !== null) silences.push({ from: open, to: Number(end) });
      if (end != null) open = null;
      if (start != null) open = Math.max(0, Number(start));
    }
  };
  return {
    add(piece: Samples): void {
      filter.add(piece);
      at += piece[0]!.length;
      take();
    },
    end(): Stretch[] {
      filter.add(null);
      take();
      const total = at / SOUND_RATE;
      if (open !== null) silences.push({ from: open, to: total });
      return silences.map(({ from, to }) => ({ from, to: Math.min(to, total) }));
    },
    free: filter.free,
  };
}

/** What lies between silences. */
export function between(silences: readonly Stretch[], seconds: number): Stretch[] {
  const starts = [0, ...silences.map(({ to }) => to)];
  const ends = [...silences.map(({ from }) => from), seconds];
  return starts.map((from, n) => ({ from, to: ends[n]! })).filter(({ from, to }) => to > from);
}
