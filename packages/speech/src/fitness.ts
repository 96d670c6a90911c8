/** What is wrong with a sound that somebody wants a face to speak, in figures. */
import { HOP, SAMPLE_RATE } from "./loudness.ts";
import { quantile, RATE, type Run } from "./series.ts";
import { indexOf, SHAPES, type Shares } from "./shapes.ts";

export type Fitness = {
  /** Part of the sound in which somebody speaks, 0–1. */
  speechShare: number;
  /** Level of the voice, dB below full scale; −100 where there is none. */
  level: number;
  /** Part of the samples that are at full scale, 0–1. */
  clipped: number;
  /** How much weaker what is between 4 and 7 kHz is than what is between 0.3 and 3.4 kHz, where somebody speaks, dB. */
  dull: number;
  /** How sure the shapes are, 0–1: of a clear voice 0.5 to 0.6. */
  certainty: number;
  /** How much the shapes change within 80 ms, 0–1: of speech 0.3 to 0.4, of a chord or a noise that lasts 0.1. */
  change: number;
};

/** Nobody has said anything in less. Seconds, and the part of the sound. */
const LEAST = { seconds: 0.25, share: 0.1 } as const;

/** Whether what was found is too little to be speech. */
export function isSilent(speech: readonly Run[], frames: number): boolean {
  const spoken = speech.reduce((sum, { from, to }) => sum + to - from, 0);
  return spoken === 0 || (spoken < LEAST.seconds * RATE && spoken < LEAST.share * frames);
}

export function fitnessOf(samples: Float32Array, shares: Shares, speech: readonly Run[], level: Float32Array): Fitness {
  const spoken = speech.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
  const levels = spoken.map((frame) => level[frame] ?? -100);
  return {
    speechShare: Math.min(1, spoken.length / Math.max(1, shares.frames)),
    level: levels.length > 0 ? quantile(levels, 0.8) : -100,
    clipped: clippedShare(samples),
    dull: dullness(samples, spoken),
    certainty: certaintyOf(shares, spoken),
    change: changeOf(shares, speech),
  };
}

/** Samples in runs of three or more at the highest value that occurs. */
function clippedShare(samples: Float32Array): number {
  const top = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * 0.998;
  if (top < 0.05) return 0;
  let [count, run] = [0, 0];
  for (const value of samples) {
    run = Math.abs(value) >= top ? run + 1 : 0;
    if (run === 3) count += 3;
    else if (run > 3) count++;
  }
  return count / samples.length;
}

function certaintyOf({ classes }: Shares, spoken: number[]): number {
  if (spoken.length === 0) return 0;
  const silence = indexOf("sil");
  let sum = 0;
  for (const frame of spoken) {
    const shares = classes.subarray(frame * SHAPES, (frame + 1) * SHAPES);
    let best = 0;
    for (const [nth, share] of shares.entries()) if (nth !== silence) best = Math.max(best, share);
    sum += best;
  }
  return sum / spoken.length;
}

function changeOf({ classes }: Shares, speech: readonly Run[]): number {
  const apart = Math.round(0.08 * RATE);
  let [sum, count] = [0, 0];
  for (const { from, to } of speech) {
    for (let frame = from; frame + apart < to; frame++) {
      let alike = 0;
      for (let k = 0; k < SHAPES; k++) {
        alike += Math.sqrt(classes[frame * SHAPES + k]! * classes[(frame + apart) * SHAPES + k]!);
      }
      sum += 1 - alike;
      count++;
    }
  }
  return count > 0 ? sum / count : 1;
}

/** Bands by resonators (Goertzel) at a few frequencies each; every fifth frame is enough for a mean. */
function dullness(samples: Float32Array, spoken: number[]): number {
  const bands = [
    [500, 900, 1400, 2000, 2800],
    [4300, 4900, 5500, 6100, 6700],
  ].map((frequencies) => {
    let power = 1e-12;
    for (let i = 0; i < spoken.length; i += 5) {
      for (const hertz of frequencies) power += goertzel(samples, spoken[i]! * HOP, hertz);
    }
    return power;
  });
  return 10 * Math.log10(bands[0]! / bands[1]!);
}

function goertzel(samples: Float32Array, from: number, hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE);
  let [one, two] = [0, 0];
  const length = SAMPLE_RATE / RATE;
  for (let i = 0; i < length; i++) {
    // a sine window, so that low tones do not leak upwards
    const next = (samples[from + i] ?? 0) * Math.sin((Math.PI * (i + 0.5)) / length) + turn * one - two;
    two = one;
    one = next;
  }
  return one * one + two * two - turn * one * two;
}
