/** Brings a sound to one loudness, without peaks that a player would cut off. */
import { PEAK_SPAN, STEP } from "./loudness.ts";

/** What platforms for speech ask for (AES TD1008; EBU R 128 s2). */
const TARGET_LUFS = -16;
/** −1.5 dB, less a tenth for what lies between the samples of a moving gain. */
const CEILING = 10 ** (-1.6 / 20);
/** More would make noise of a sound that is nearly silent, dB. */
const MOST_GAIN = 20;
/** Milliseconds that a peak is seen coming, and is remembered for. */
const REACH = 10;

/** How often the gain is raised by what the limiter took from the loudness. */
const ROUNDS = 4;

/**
 * The factor for each sample. `peaks`: true peak of each millisecond, of the loudest channel. `loudnessBy`: LUFS of the sound times
 * such factors, null for silence.
 */
export function gainsFor(
  loudnessBy: (factor: (step: number) => number) => number | null,
  peaks: Float32Array,
): (sample: number) => number {
  const loudness = loudnessBy(() => 1);
  if (loudness === null) return () => 1;
  let gain = Math.min(MOST_GAIN, TARGET_LUFS - loudness);
  let shares = limitedShares(peaks, gain);
  for (let round = 0; round < ROUNDS && shares !== null; round++) {
    const found = shares;
    const after = loudnessBy((step) => factorOf(gain) * shareOfPower(found, peaks, step)) ?? TARGET_LUFS;
    gain = Math.min(MOST_GAIN, gain + TARGET_LUFS - after);
    shares = limitedShares(peaks, gain);
  }
  const factor = factorOf(gain);
  const limited = shares;
  if (limited === null) return () => factor;
  return (sample) => {
    const position = Math.min(limited.length - 1, Math.max(0, (sample + 0.5) / PEAK_SPAN - 0.5));
    const before = Math.floor(position);
    const after = Math.min(limited.length - 1, before + 1);
    return factor * (limited[before]! + (limited[after]! - limited[before]!) * (position - before));
  };
}

const factorOf = (decibels: number): number => 10 ** (decibels / 20);

/** What the limiter leaves of each millisecond at a gain, 0–1; null where it has nothing to do. */
function limitedShares(peaks: Float32Array, gain: number): Float32Array | null {
  const factor = factorOf(gain);
  const allowed = peaks.map((peak) => Math.min(1, CEILING / Math.max(1e-9, peak * factor)));
  if (allowed.every((share) => share === 1)) return null;
  // the mean of lows that reach farther than it does is nowhere above what is allowed
  return means(lowest(allowed, REACH + 2), REACH);
}

/** Of a step of 100 ms; milliseconds with high peaks have most of its power. */
function shareOfPower(shares: Float32Array, peaks: Float32Array, step: number): number {
  const spans = STEP / PEAK_SPAN;
  let [left, all] = [0, 0];
  for (let i = step * spans; i < Math.min(shares.length, (step + 1) * spans); i++) {
    left += (peaks[i]! * shares[i]!) ** 2;
    all += peaks[i]! ** 2;
  }
  return all > 0 ? Math.sqrt(left / all) : 1;
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
