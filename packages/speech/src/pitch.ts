/** The pitch of a voice over time, by autocorrelation (after Boersma 1993, without its path search). */
import { HOP, SAMPLE_RATE } from "./loudness.ts";

/** Voices of people speak within these, Hz. */
const LOWEST = 60;
const HIGHEST = 450;
/** The sound is taken down to 4 kHz: enough for the pitch, at a sixteenth of the work. */
const DOWN = 4;
const RATE_DOWN = SAMPLE_RATE / DOWN;
/** Samples at that rate that are compared: 35 ms. */
const WINDOW = 140;
/** How alike a period and the next one have to be. */
const LEAST_ALIKE = 0.5;

/** Hz in each frame of 10 ms; 0 where there is no voice. */
export function pitches(samples: Float32Array, frames: number): Float32Array {
  const low = lowered(samples);
  const [shortest, longest] = [Math.floor(RATE_DOWN / HIGHEST), Math.ceil(RATE_DOWN / LOWEST)];
  const found = new Float32Array(frames);
  const alike = new Float32Array(longest + 2);
  for (let frame = 0; frame < frames; frame++) {
    const start = Math.round((frame * HOP + HOP / 2) / DOWN - (WINDOW + longest) / 2);
    if (start < 0 || start + WINDOW + longest + 1 >= low.length) continue;
    found[frame] = pitchAt(low, start, shortest, longest, alike);
  }
  return found;
}

function pitchAt(low: Float32Array, start: number, shortest: number, longest: number, alike: Float32Array): number {
  let own = 0;
  for (let i = 0; i < WINDOW; i++) own += low[start + i]! ** 2;
  if (own / WINDOW < 1e-7) return 0;
  let other = 0;
  for (let i = 0; i < WINDOW; i++) other += low[start + shortest - 1 + i]! ** 2;
  let best = 0;
  for (let lag = shortest - 1; lag <= longest + 1; lag++) {
    let sum = 0;
    for (let i = 0; i < WINDOW; i++) sum += low[start + i]! * low[start + lag + i]!;
    alike[lag] = sum / (Math.sqrt(own * other) + 1e-12);
    other += low[start + lag + WINDOW]! ** 2 - low[start + lag]! ** 2;
    if (lag >= shortest && lag <= longest) best = Math.max(best, alike[lag]!);
  }
  if (best < LEAST_ALIKE) return 0;
  // the first peak that is nearly as good as the best: twice a period is as alike as one
  for (let lag = shortest; lag <= longest; lag++) {
    const [before, here, after] = [alike[lag - 1]!, alike[lag]!, alike[lag + 1]!];
    if (here < 0.87 * best || here < before || here < after) continue;
    const bend = before - 2 * here + after;
    return RATE_DOWN / (lag + (bend < 0 ? (0.5 * (before - after)) / bend : 0));
  }
  return 0;
}

/** Means of four samples, twice: plain, but what it lets through above 2 kHz does not matter for a period. */
function lowered(samples: Float32Array): Float32Array {
  return Float32Array.from({ length: Math.floor(samples.length / DOWN) }, (_, i) => {
    let sum = 0;
    for (let j = -2; j < DOWN + 2; j++) sum += samples[i * DOWN + j] ?? 0;
    return sum / (DOWN + 4);
  });
}
