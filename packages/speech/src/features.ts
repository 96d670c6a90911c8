/**
 * What the network hears: 32 bands of a log-mel spectrum, 100 times a second, each compared with what the speaker's loud frames have in
 * that band, so that microphone, room and level matter little. `tools/visemes/features.py` makes the same numbers for training.
 */
import { FFT_SIZE, powerSpectrum } from "./fft.ts";

export const SAMPLE_RATE = 16_000;
export const BANDS = 32;
/** Samples from one frame to the next: 10 ms. */
export const HOP = 160;
const WINDOW = 400;
/** The range of a feature; as a pad it means silence. */
export const LOWEST_FEATURE = -4;
const HIGHEST_FEATURE = 3;

const LOWEST_HZ = 60;
const HIGHEST_HZ = 7_600;
/** Added to each power, far below the last bit of 16. */
const POWER_FLOOR = 1e-9;
const NEPERS_PER_DB = Math.LN10 / 10;
/** How far below the loud frames (the 95th percentile) a frame still counts as speech. */
const SPEECH_RANGE = 20 * NEPERS_PER_DB;
/** With so few frames of speech their mean and the usual profile weigh the same. */
const PRIOR_FRAMES = 100;
/** Below this nothing is speech, nepers: keeps silence from being amplified. */
const LEAST_REFERENCE = Math.log(1e-6);
/** The reference follows the recording in steps of 5 s, each from 20 s around it, so that loud music elsewhere leaves speech alone. */
const STEP = 500;
const REACH = 1_000;
/** Loud frames of a stretch this far below those of the whole recording are taken for background. */
const QUIETEST_STRETCH = 30 * NEPERS_PER_DB;
/** Mean of each band above the mean of all in the training voices, nepers. */
const PROFILE = [
  2.84, 3.49, 3.62, 3.26, 3.07, 2.86, 2.24, 1.57, 0.95, 0.46, 0.16, -0.07, -0.19, -0.29, -0.46, -0.63, -0.73, -0.61,
  -0.28, -0.13, -0.3, -0.43, -0.38, -0.55, -0.98, -1.67, -2.24, -2.62, -2.98, -3.08, -2.94, -2.97,
];

/** A triangle over the bins of the spectrum: `weights[i]` is for bin `first + i`. */
type Band = { first: number; weights: Float64Array };

const HANN = Float64Array.from({ length: WINDOW }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (k + 0.5)) / WINDOW));
const MEL_BANK = melBank();

/** Frames of 10 ms that cover `samples` samples at 16 kHz, at least one. */
export function frameCount(samples: number): number {
  return Math.max(1, Math.ceil(samples / HOP));
}

/** Features of mono sound at 16 kHz, −1–1: frames × 32; frame k is centred at k × 10 + 5 ms. */
export function featuresOf(samples: Float32Array): Float32Array {
  const features = logMel(samples);
  normalise(features);
  return features;
}

/** Log of the power in each band, nepers, frames × 32. Samples that are not finite count as silence. */
export function logMel(samples: Float32Array): Float32Array {
  const frames = frameCount(samples.length);
  const bands = new Float32Array(frames * BANDS);
  const windowed = new Float64Array(FFT_SIZE);
  const power = new Float64Array(FFT_SIZE / 2 + 1);
  for (let frame = 0; frame < frames; frame++) {
    const start = frame * HOP + HOP / 2 - WINDOW / 2;
    for (let k = 0; k < WINDOW; k++) {
      const sample = samples[start + k] ?? 0;
      windowed[k] = Number.isFinite(sample) ? sample * HANN[k]! : 0;
    }
    powerSpectrum(windowed, power);
    for (let band = 0; band < BANDS; band++) {
      const { first, weights } = MEL_BANK[band]!;
      let sum = POWER_FLOOR;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * power[first + i]!;
      bands[frame * BANDS + band] = Math.log(sum);
    }
  }
  return bands;
}

function melBank(): Band[] {
  const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
  const step = (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / (BANDS + 1);
  const edge = (k: number) => 700 * (10 ** ((mel(LOWEST_HZ) + k * step) / 2595) - 1);
  const binHz = SAMPLE_RATE / FFT_SIZE;
  return Array.from({ length: BANDS }, (_, band) => {
    const [low, middle, high] = [edge(band), edge(band + 1), edge(band + 2)];
    const first = Math.ceil(low / binHz);
    const weights = Float64Array.from({ length: Math.floor(high / binHz) - first + 1 }, (_, i) => {
      const hz = (first + i) * binHz;
      return Math.min((hz - low) / (middle - low), (high - hz) / (high - middle));
    });
    return { first, weights };
  });
}

/** Turns log powers into features, in place. */
function normalise(bands: Float32Array): void {
  const frames = bands.length / BANDS;
  const levels = levelsOf(bands);
  const loudest = loudOf(levels);
  const whole = referenceOf(bands, levels, 0, frames, loudest) ?? new Float64Array(BANDS).fill(LEAST_REFERENCE);
  const steps = frames <= 2 * REACH ? 1 : Math.ceil(frames / STEP);
  const references = Array.from({ length: steps }, (_, step) => {
    if (steps === 1) return whole;
    const from = Math.max(0, Math.round((step + 0.5) * STEP) - REACH);
    const to = Math.min(frames, from + 2 * REACH);
    const loud = Math.max(loudOf(levels.subarray(from, to)), loudest - QUIETEST_STRETCH);
    return referenceOf(bands, levels, from, to, loud) ?? whole;
  });
  for (let frame = 0; frame < frames; frame++) {
    const place = Math.min(Math.max(frame / STEP - 0.5, 0), steps - 1);
    const before = references[Math.floor(place)]!;
    const after = references[Math.ceil(place)]!;
    const share = place - Math.floor(place);
    for (let band = 0; band < BANDS; band++) {
      const reference = before[band]! + share * (after[band]! - before[band]!);
      const feature = (bands[frame * BANDS + band]! - reference) / 2;
      bands[frame * BANDS + band] = Math.min(Math.max(feature, LOWEST_FEATURE), HIGHEST_FEATURE);
    }
  }
}

/** Log of each frame's power in all bands. */
function levelsOf(bands: Float32Array): Float32Array {
  return Float32Array.from({ length: bands.length / BANDS }, (_, frame) => {
    let sum = 0;
    for (let band = 0; band < BANDS; band++) sum += Math.exp(bands[frame * BANDS + band]!);
    return Math.log(sum);
  });
}

function loudOf(levels: Float32Array): number {
  return levels.toSorted()[Math.floor(0.95 * (levels.length - 1))]!;
}

/** The mean of each band over the frames that are near `loud`, drawn to the usual profile where they are few; null where none is. */
function referenceOf(
  bands: Float32Array,
  levels: Float32Array,
  from: number,
  to: number,
  loud: number,
): Float64Array | null {
  const mean = new Float64Array(BANDS);
  let count = 0;
  for (let frame = from; frame < to; frame++) {
    if (levels[frame]! <= loud - SPEECH_RANGE) continue;
    count++;
    for (let band = 0; band < BANDS; band++) mean[band]! += bands[frame * BANDS + band]!;
  }
  if (count === 0) return null;
  const share = count / (count + PRIOR_FRAMES);
  const all = mean.reduce((sum, value) => sum + value, 0) / count / BANDS;
  return mean.map((sum, band) =>
    Math.max((share * sum) / count + (1 - share) * (all + PROFILE[band]!), LEAST_REFERENCE),
  );
}
