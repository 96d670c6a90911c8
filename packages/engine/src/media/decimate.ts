/** From 48 kHz to 16 kHz, piece by piece: what networks of speech take. */

const DOWN = 3;
/** Taps to each side: 2 ms of sound, which leave 7 kHz as they are and take 70 dB off what would fold back onto them. */
const HALF = 96;
/** Where the filter has halved a tone, as a part of the rate of 48 kHz. */
const CUTOFF = 7700 / 48_000;

const WEIGHTS = (() => {
  const weights = Float64Array.from({ length: 2 * HALF + 1 }, (_, i) => {
    const x = i - HALF;
    const sinc = x === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * x) / (Math.PI * x);
    const turn = (Math.PI * (x + HALF + 1)) / (HALF + 1);
    // Blackman's window
    return sinc * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
})();

/** Sample k of what comes out is at the time of sample 3 k of what goes in: nothing comes late. */
export function createDecimator(): { add(samples: Float32Array): Float32Array; end(): Float32Array } {
  let line = new Float32Array(HALF);
  /** Where the next sample's filter starts in `line`. */
  let at = 0;
  const take = (samples: Float32Array): Float32Array => {
    const all = new Float32Array(line.length + samples.length);
    all.set(line);
    all.set(samples, line.length);
    const count = Math.max(0, Math.floor((all.length - at - WEIGHTS.length) / DOWN) + 1);
    const out = new Float32Array(count);
    for (let k = 0; k < count; k++) {
      let sum = 0;
      const from = at + k * DOWN;
      for (let tap = 0; tap < WEIGHTS.length; tap++) sum += WEIGHTS[tap]! * all[from + tap]!;
      out[k] = sum;
    }
    line = all.slice(at + count * DOWN);
    at = 0;
    return out;
  };
  return { add: take, end: () => take(new Float32Array(HALF)) };
}
