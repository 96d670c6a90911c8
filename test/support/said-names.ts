/** Whether a sound begins with a name: by its wave, beside what a voice says by itself. */
import { openSound } from "@smileloop/engine/media/sound-reader.ts";

/** Of what is compared: an eighth of what films have, in which voices have nearly all of their loudness. */
const RATE = 6000;
const STEP = 48_000 / RATE;
const MOST_SECONDS = 20;
/** How far apart both may begin, s: codecs and margins. */
const LAG = 0.04;

/** Mono, 6 kHz, from where it begins to be loud. */
export async function heard(path: string, type: string): Promise<Float32Array> {
  const sound = await openSound({ path, type });
  try {
    const sides = Array.from({ length: sound.channels }, () => new Float32Array(48_000 * MOST_SECONDS));
    const count = Math.floor(sound.read(sides) / STEP);
    const at = (i: number) => sides.reduce((sum, side) => sum + side[i]!, 0);
    const samples = Float32Array.from({ length: count }, (_, n) => {
      let sum = 0;
      for (let i = 0; i < STEP; i++) sum += at(STEP * n + i);
      return sum;
    });
    const loud = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 10;
    const begins = samples.findIndex((value) => Math.abs(value) > loud);
    return samples.subarray(Math.max(0, begins - LAG * RATE));
  } finally {
    await sound.close();
  }
}

/** Highest correlation of the first with the beginning of the second, -1 to 1, whatever their loudness. */
export function likeness(name: Float32Array, sound: Float32Array): number {
  const most = Math.round(LAG * RATE);
  let [best, at] = [-1, 0];
  const look = (lag: number) => {
    const found = correlation(name, sound, lag);
    if (found > best) [best, at] = [found, lag];
  };
  // vowels, which are loudest, are much the same a sample away
  for (let lag = -most; lag <= most; lag += 2) look(lag);
  const near = at;
  for (const lag of [near - 1, near + 1]) look(lag);
  return best;
}

function correlation(a: Float32Array, b: Float32Array, lag: number): number {
  let [ab, aa, bb] = [0, 0, 0];
  let n = Math.max(0, -lag);
  for (const end = Math.min(a.length, b.length - lag); n < end; n++) {
    const x = a[n]!;
    const y = b[n + lag]!;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  // where the second has ended it is silent
  for (; n < a.length; n++) aa += a[n]! ** 2;
  return ab / Math.sqrt(aa * bb || 1);
}
