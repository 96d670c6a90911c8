/** Points of one transform. */
export const FFT_SIZE = 512;
const HALF = FFT_SIZE / 2;
const BITS = Math.log2(HALF);

const COS = Float64Array.from({ length: FFT_SIZE }, (_, k) => Math.cos((2 * Math.PI * k) / FFT_SIZE));
const SIN = Float64Array.from({ length: FFT_SIZE }, (_, k) => Math.sin((2 * Math.PI * k) / FFT_SIZE));
const REVERSED = Uint16Array.from({ length: HALF }, (_, k) => {
  let reversed = 0;
  for (let bit = 0; bit < BITS; bit++) reversed |= ((k >> bit) & 1) << (BITS - 1 - bit);
  return reversed;
});

const real = new Float64Array(HALF);
const imaginary = new Float64Array(HALF);

/** Power |X(k)|² of 512 real samples into `power`, k from 0 to 256. The even and odd samples travel as one complex transform of half the size. */
export function powerSpectrum(samples: Float64Array, power: Float64Array): void {
  for (let k = 0; k < HALF; k++) {
    const at = REVERSED[k]!;
    real[k] = samples[2 * at]!;
    imaginary[k] = samples[2 * at + 1]!;
  }
  transform();
  power[0] = (real[0]! + imaginary[0]!) ** 2;
  power[HALF] = (real[0]! - imaginary[0]!) ** 2;
  for (let k = 1; k < HALF; k++) {
    const m = HALF - k;
    const evenRe = (real[k]! + real[m]!) / 2;
    const evenIm = (imaginary[k]! - imaginary[m]!) / 2;
    const oddRe = (imaginary[k]! + imaginary[m]!) / 2;
    const oddIm = (real[m]! - real[k]!) / 2;
    const re = evenRe + COS[k]! * oddRe + SIN[k]! * oddIm;
    const im = evenIm + COS[k]! * oddIm - SIN[k]! * oddRe;
    power[k] = re * re + im * im;
  }
}

/** Radix 2, in place, from the order of reversed bits. */
function transform(): void {
  for (let size = 2; size <= HALF; size *= 2) {
    const half = size / 2;
    const stride = FFT_SIZE / size;
    for (let start = 0; start < HALF; start += size) {
      for (let k = 0; k < half; k++) {
        const cos = COS[k * stride]!;
        const sin = SIN[k * stride]!;
        const a = start + k;
        const b = a + half;
        const re = real[b]! * cos + imaginary[b]! * sin;
        const im = imaginary[b]! * cos - real[b]! * sin;
        real[b] = real[a]! - re;
        imaginary[b] = imaginary[a]! - im;
        real[a] = real[a]! + re;
        imaginary[a] = imaginary[a]! + im;
      }
    }
  }
}
