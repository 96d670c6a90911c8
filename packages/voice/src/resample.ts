/** Sound at another rate: a windowed sinc, so that nothing folds back and nothing is late. */

/** Zero crossings of the sinc on each side. */
const CROSSINGS = 16;

/** `round(length × to / from)` samples; the first is at the same time as before. */
export function resampled(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const result = new Float32Array(Math.round((samples.length * to) / from));
  const step = from / to;
  // what the lower of the two rates can hold, less a little for the slope of the filter
  const cut = Math.min(1, to / from) * 0.95;
  const reach = Math.ceil(CROSSINGS / cut);
  const phases = gcdPhases(from, to);
  const kernels = Array.from({ length: phases }, (_, phase) => kernel(phase / phases, cut, reach));
  for (let n = 0; n < result.length; n++) {
    const centre = Math.floor((n * from) / to);
    const weights = kernels[phases > 1 ? (n * from - centre * to) / (to / phases) : 0]!;
    let sum = 0;
    const first = Math.max(0, reach - centre);
    const last = Math.min(weights.length, samples.length - centre + reach);
    for (let k = first; k < last; k++) sum += weights[k]! * samples[centre - reach + k]!;
    result[n] = sum;
  }
  return step === 1 ? samples : result;
}

/** How many places between two samples there are. */
function gcdPhases(from: number, to: number): number {
  let [a, b] = [from, to];
  while (b > 0) [a, b] = [b, a % b];
  return to / a;
}

/** Weights of the samples from `−reach` to `+reach` around a place `phase` (0–1) behind a sample. */
function kernel(phase: number, cut: number, reach: number): Float64Array {
  const weights = new Float64Array(2 * reach + 1);
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    const x = k - reach - phase;
    const window = Math.abs(x) >= reach ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * x) / reach);
    const angle = Math.PI * x * cut;
    weights[k] = window * (x === 0 ? 1 : Math.sin(angle) / angle);
    sum += weights[k]!;
  }
  return weights.map((weight) => weight / sum);
}
