/** Brings a sound to one loudness, without peaks that a player would cut off. */
import { PEAK_SPAN } from "./loudness.ts";

/** What platforms for speech ask for (AES TD1008; EBU R 128 s2). */
const TARGET_LUFS = -16;
/** −1.5 dB, less a tenth for what lies between the samples of a moving gain. */
const CEILING = 10 ** (-1.6 / 20);
/** More would make noise of a sound that is nearly silent, dB. */
const MOST_GAIN = 20;
/** Milliseconds that a peak is seen coming, and is remembered for. */
const REACH = 10;

/** The factor for each sample. `peaks`: true peak of each millisecond, of the loudest channel. `loudness`: LUFS, null for silence. */
export function gainsFor(loudness: number | null, peaks: Float32Array): (sample: number) => number {
  const gain = loudness === null ? 1 : 10 ** (Math.min(MOST_GAIN, TARGET_LUFS - loudness) / 20);
  const allowed = peaks.map((peak) => Math.min(1, CEILING / Math.max(1e-9, peak * gain)));
  if (allowed.every((share) => share === 1)) return () => gain;
  // the mean of lows that reach farther than it does is nowhere above what is allowed
  const lows = lowest(allowed, REACH + 2);
  const shares = means(lows, REACH);
  return (sample) => {
    const position = Math.min(shares.length - 1, Math.max(0, (sample + 0.5) / PEAK_SPAN - 0.5));
    const before = Math.floor(position);
    const after = Math.min(shares.length - 1, before + 1);
    return gain * (shares[before]! + (shares[after]! - shares[before]!) * (position - before));
  };
}

function lowest(values: Float32Array, reach: number): Float32Array {
  return values.map((_, i) => {
    let low = 1;
    for (let j = Math.max(0, i - reach); j <= Math.min(values.length - 1, i + reach); j++)
      low = Math.min(low, values[j]!);
    return low;
  });
}

function means(values: Float32Array, reach: number): Float32Array {
  const at = (i: number): number => values[Math.min(values.length - 1, Math.max(0, i))]!;
  let sum = 0;
  for (let j = -reach; j <= reach; j++) sum += at(j);
  return values.map((_, i) => {
    if (i > 0) sum += at(i + reach) - at(i - 1 - reach);
    return sum / (2 * reach + 1);
  });
}
