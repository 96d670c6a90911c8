/** Values at 100 a second, smoothed and limited without delay: the whole sound is there, so every filter looks both ways. */

/** Frames a second of everything that is measured of a sound; frame k is centred at k × 10 + 5 ms. */
export const RATE = 100;

export const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** Minimum-jerk step: from 0 to 1 as x goes from 0 to 1. */
export function step(x: number): number {
  const at = clamp(x, 0, 1);
  return at * at * at * (10 - 15 * at + 6 * at * at);
}

/** Number of frames of so many seconds. */
export function framesOf(seconds: number): number {
  return Math.round(seconds * RATE);
}

/** The mean around each value, by a Gaussian of `sigma` seconds; what lies beyond the ends is as the ends are. */
export function smoothed(values: ArrayLike<number>, sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(3 * sigma * RATE));
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / (sigma * RATE)) ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    let sum = 0;
    for (let j = -reach; j <= reach; j++) sum += weights[j + reach]! * values[clamp(i + j, 0, values.length - 1)]!;
    out[i] = sum / total;
  }
  return out;
}

/** The most of what is within `reach` frames of each value. */
export function dilated(values: ArrayLike<number>, reach: number): Float32Array {
  return Float32Array.from({ length: values.length }, (_, i) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let j = Math.max(0, i - reach); j <= Math.min(values.length - 1, i + reach); j++) {
      most = Math.max(most, values[j]!);
    }
    return most;
  });
}

/** The mean of each value and those within `seconds` around it. */
export function movingMean(values: ArrayLike<number>, seconds: number): Float32Array {
  const reach = Math.max(0, Math.round((seconds * RATE) / 2));
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  return Float32Array.from({ length: values.length }, (_, i) => {
    const [from, to] = [Math.max(0, i - reach), Math.min(values.length, i + reach + 1)];
    return (sums[to]! - sums[from]!) / (to - from);
  });
}

/** Takes peaks down where they rise or fall faster than `speed` a second, and leaves every low as it is: a closed mouth stays closed. */
export function limitSpeed(values: Float32Array, speed: number): Float32Array {
  const most = speed / RATE;
  for (let i = 1; i < values.length; i++) values[i] = Math.min(values[i]!, values[i - 1]! + most);
  for (let i = values.length - 2; i >= 0; i--) values[i] = Math.min(values[i]!, values[i + 1]! + most);
  return values;
}

/** The value `seconds` from the start, between the middles of frames. */
export function valueAt(values: ArrayLike<number>, seconds: number): number {
  const position = clamp(seconds * RATE - 0.5, 0, values.length - 1);
  const before = Math.floor(position);
  const after = Math.min(values.length - 1, before + 1);
  return values[before]! + (values[after]! - values[before]!) * (position - before);
}

/** Stretches of frames, `from` inclusive, `to` exclusive. */
export type Run = { from: number; to: number };

/** Every stretch in which `is` holds. */
export function runsOf(frames: number, is: (frame: number) => boolean): Run[] {
  const runs: Run[] = [];
  for (let frame = 0; frame < frames; frame++) {
    if (!is(frame)) continue;
    const last = runs.at(-1);
    if (last?.to === frame) last.to++;
    else runs.push({ from: frame, to: frame + 1 });
  }
  return runs;
}

/** The value that a share of all is below. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[clamp(Math.round(share * (sorted.length - 1)), 0, sorted.length - 1)] ?? 0;
}
