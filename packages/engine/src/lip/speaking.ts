/** How much a mouth that is seen moves with a sound that is heard. Pure. */

/** `gap`: between the lips, E; null where the face is not seen. */
export type MouthOverTime = { seconds: number; gap: number | null }[];

/** Seconds by which a sound may come before or after its mouth, as in films that were dubbed or cut. */
const MOST_LAG = 0.36;
const LAG_STEP = 0.04;
/** A likeness counts less the further its sound is away, as among many lags one fits by chance: by this much not at all, s. */
const FAR = 0.9;
/** What changes more slowly than this is a face that turns, or a smile, s. */
const SLOW_SECONDS = 0.8;
/** A mouth whose lips move less than this does not speak: landmarks tremble, E. */
const LEAST_MOVED = 0.012;
const LEAST_LOOKS = 15;

/**
 * What a mouth does that says a sound: how open it is by its phones (`openings`, `rate` a second), and how loud it is, which tells as
 * much in languages and voices that are hard to read. `samples`: `sampleRate` a second.
 */
export function speechCurve(
  openings: readonly number[],
  rate: number,
  samples: Float32Array,
  sampleRate: number,
): number[] {
  const step = sampleRate / rate;
  const loudness = openings.map((_, n) => {
    const part = samples.subarray(Math.round(Math.max(0, n - 0.5) * step), Math.round((n + 1.5) * step));
    return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / Math.max(1, part.length));
  });
  const [open, loud] = [standardised(openings), standardised(loudness)];
  return open.map((value, n) => value + loud[n]!);
}

function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (value - mean) / (spread || 1));
}

/** `curve`: of the speech, `rate` a second. 1: exactly so; 0 and less: not at all. */
export function likenessOf(mouth: MouthOverTime, curve: readonly number[], rate: number): number {
  const seen = mouth.filter((look): look is { seconds: number; gap: number } => look.gap !== null);
  if (seen.length < LEAST_LOOKS) return 0;
  const times = seen.map(({ seconds }) => seconds);
  const gaps = quick(
    times,
    seen.map(({ gap }) => gap),
  );
  const moved = Math.sqrt(gaps.reduce((sum, gap) => sum + gap * gap, 0) / gaps.length);
  let best = Number.NEGATIVE_INFINITY;
  for (let lag = -MOST_LAG; lag <= MOST_LAG + 1e-9; lag += LAG_STEP) {
    const said = times.map((at) => curve[Math.round((at + lag) * rate)] ?? curve[0]!);
    best = Math.max(best, correlation(gaps, quick(times, said)) * (1 - Math.abs(lag) / FAR));
  }
  return best * Math.min(1, moved / LEAST_MOVED);
}

/** What of a curve is not slow. */
function quick(times: readonly number[], values: readonly number[]): number[] {
  let [from, to, sum] = [0, 0, 0];
  return values.map((value, n) => {
    while (to < times.length && times[to]! <= times[n]! + SLOW_SECONDS / 2) sum += values[to++]!;
    while (times[from]! < times[n]! - SLOW_SECONDS / 2) sum -= values[from++]!;
    return value - sum / (to - from);
  });
}

function correlation(a: readonly number[], b: readonly number[]): number {
  let [aa, bb, ab] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    aa += value * value;
    bb += b[i]! * b[i]!;
    ab += value * b[i]!;
  }
  return ab / (Math.sqrt(aa * bb) || 1);
}
