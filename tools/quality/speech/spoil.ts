/** The same clips as a telephone, a hall, a noisy street or a radio would give them; the same seed gives the same noise. */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { SAMPLE_RATE } from "@smileloop/speech/features.ts";

type Spoil = (samples: Float32Array, seed: number) => Float32Array;

export const SPOILS: Record<string, Spoil> = {
  "pink 20 dB": (samples, seed) => mixed(samples, pink(samples.length, seed), 20),
  "pink 10 dB": (samples, seed) => mixed(samples, pink(samples.length, seed), 10),
  "chords 15 dB": (samples) => mixed(samples, chords(samples.length), 15),
  telephone: (samples) => telephone(samples),
  reverb: (samples, seed) => hall(samples, seed),
  "-30 dB": (samples) => samples.map((value) => Math.round(value * 0.0316 * 32768) / 32768),
};

const power = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0) / samples.length;

function mixed(samples: Float32Array, noise: Float32Array, db: number): Float32Array {
  const gain = Math.sqrt(power(samples) / power(noise) / 10 ** (db / 10));
  return samples.map((value, i) => value + gain * noise[i]!);
}

/** Paul Kellet's filter of white noise. */
function pink(count: number, seed: number): Float32Array {
  const random = randomFrom(seed);
  let [a, b, c] = [0, 0, 0];
  return Float32Array.from({ length: count }, () => {
    const white = 2 * random() - 1;
    a = 0.99765 * a + white * 0.099046;
    b = 0.963 * b + white * 0.2965164;
    c = 0.57 * c + white * 1.0526913;
    return a + b + c + white * 0.1848;
  });
}

function chords(count: number): Float32Array {
  const roots = [220, 174.6, 261.6, 196];
  return Float32Array.from({ length: count }, (_, i) => {
    const t = i / SAMPLE_RATE;
    const root = roots[Math.floor(t / 0.6) % roots.length]!;
    const tones = [1, 1.26, 1.5].flatMap((step) =>
      [1, 2, 3, 4].map((h) => Math.sin(2 * Math.PI * root * step * h * t) / h),
    );
    return tones.reduce((sum, tone) => sum + tone, 0) * Math.exp(-2 * (t % 0.6));
  });
}

/** 300–3,400 Hz, each edge twice through a filter of second order, forwards and backwards so that nothing comes later. */
function telephone(samples: Float32Array): Float32Array {
  const once = (input: Float32Array) => biquad(biquad(input, 300, true), 3_400, false);
  return once(once(samples).reverse()).reverse();
}

/** Butterworth, from the Audio EQ Cookbook. */
function biquad(samples: Float32Array, hz: number, high: boolean): Float32Array {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE;
  const alpha = Math.sin(w) / Math.SQRT2;
  const cos = Math.cos(w);
  const middle = high ? -(1 + cos) : 1 - cos;
  const [b0, b1, a0, a1, a2] = [Math.abs(middle) / 2, middle, 1 + alpha, -2 * cos, 1 - alpha];
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  return samples.map((x) => {
    const y = (b0 * (x + x2) + b1 * x1 - a1 * y1 - a2 * y2) / a0;
    [x1, x2, y1, y2] = [x, x1, y, y1];
    return y;
  });
}

/** A tail that fades by 60 dB in 0.4 s, 6 dB below the direct sound. */
function hall(samples: Float32Array, seed: number): Float32Array {
  const random = randomFrom(seed);
  const taps = Array.from({ length: 300 }, () => {
    const delay = 32 + Math.floor(random() * 0.35 * SAMPLE_RATE);
    return { delay, gain: (2 * random() - 1) * 10 ** ((-3 * delay) / (0.4 * SAMPLE_RATE)) };
  });
  const energy = taps.reduce((sum, { gain }) => sum + gain * gain, 0);
  const scale = Math.sqrt(10 ** -0.6 / energy);
  return samples.map((value, i) =>
    taps.reduce((sum, { delay, gain }) => sum + scale * gain * (samples[i - delay] ?? 0), value),
  );
}
