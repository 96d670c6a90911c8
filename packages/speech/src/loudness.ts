/** How loud a voice is over time, relative to itself. */
import { clamp, quantile, RATE } from "./series.ts";

/** Samples a second of all sound in this package. */
export const SAMPLE_RATE = 16_000;
export const HOP = SAMPLE_RATE / RATE;
/** Window of a measurement, samples: 30 ms hold at least two periods of a low voice. */
const WINDOW = 480;
export const SILENCE_DB = -100;

/** Number of frames of 10 ms that a sound has. */
export function frameCount(samples: Float32Array): number {
  return Math.max(1, Math.floor(samples.length / HOP));
}

/** Level of each frame in dB below full scale, of what lies around its middle. */
export function levels(samples: Float32Array, frames = frameCount(samples)): Float32Array {
  const sums = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i++) sums[i + 1] = sums[i]! + samples[i]! ** 2;
  return Float32Array.from({ length: frames }, (_, frame) => {
    const middle = frame * HOP + HOP / 2;
    const from = clamp(middle - WINDOW / 2, 0, samples.length);
    const to = clamp(middle + WINDOW / 2, 0, samples.length);
    const power = to > from ? (sums[to]! - sums[from]!) / (to - from) : 0;
    return power > 1e-10 ? 10 * Math.log10(power) : SILENCE_DB;
  });
}

/** The levels of what is high in a sound: lips that close take that first, even of an m. */
export function brightnessOf(samples: Float32Array, frames: number): Float32Array {
  const steep = samples.map((value, i) => value - 0.95 * (samples[i - 1] ?? 0));
  return levels(steep, frames);
}

/** 0–1: 1 is as loud as this voice gets (95 % of its frames are below), 0 is 30 dB less. `spoken`: frames that count for that. */
export function relativeLoudness(level: Float32Array, spoken: (frame: number) => boolean): Float32Array {
  const counted = level.filter((_, frame) => spoken(frame));
  const top = quantile(counted.length > 0 ? counted : level, 0.95);
  return level.map((value) => clamp((value - top + 30) / 30, 0, 1));
}
