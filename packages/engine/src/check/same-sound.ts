/** Whether the rest of a sound is that of a video, at the times where it should be. */
import { AppError } from "@smileloop/core/errors.ts";
import { SAMPLE_RATE } from "@smileloop/speech/features.ts";

/** Of what is compared, s; and how far it may be off its time. */
const SPAN = 0.3;
const REACH = 0.005;
/** Root mean square below which a moment tells nothing: codecs leave of faint noise what they like. */
const FAINT = 0.005;
/** Least correlation of a moment that is the same: AAC and MP3 leave 0.9 and more of speech. */
const SAME = 0.6;
/** Part of all moments that may be unlike. */
const FEW = 0.05;

type Stretch = { from: number; to: number };
/** Seconds. `pieces`: of the video's sound, and from when on each is heard. `said`: when words are heard. */
type Wanted = { pieces: readonly (Stretch & { at: number })[]; said: readonly Stretch[] };

/** `base`, `heard`: mono, 16 kHz. Throws `check_out_of_sync`. */
export function requireSame(base: Float32Array, heard: Float32Array, { pieces, said }: Wanted): void {
  // words may be heard in a pause of the video's sound
  const isUnder = (from: number, to: number) => said.some((words) => words.from < to && words.to > from);
  let [moments, unlike, first] = [0, 0, Number.NaN];
  for (const { from, to, at } of pieces) {
    for (let since = 0; since + SPAN <= to - from; since += SPAN) {
      const [was, is] = [samplesIn(from + since), samplesIn(at + since)];
      const length = samplesIn(SPAN);
      if (isUnder(at + since, at + since + SPAN)) continue;
      if (was + length > base.length || Math.sqrt(energyOf(base, was, length) / length) < FAINT) continue;
      moments++;
      if (likeness(base, was, heard, is, length) >= SAME) continue;
      if (unlike++ === 0) first = at + since;
    }
  }
  if (unlike === 0 || unlike <= FEW * moments) return;
  const figures = `${unlike} of ${moments} moments differ, the first at ${first.toFixed(1)} s`;
  throw new AppError("check_out_of_sync", `Beside the words, the sound is not that of the video: ${figures}.`);
}

/** The best within reach. */
function likeness(base: Float32Array, was: number, heard: Float32Array, is: number, length: number): number {
  const own = energyOf(base, was, length);
  const reach = samplesIn(REACH);
  let best = 0;
  for (let n = 0; n <= 2 * reach; n++) {
    // from the middle outwards: its place is nearly always where it should be
    const lag = n % 2 === 0 ? n / 2 : -(n + 1) / 2;
    if (is + lag < 0 || is + lag + length > heard.length) continue;
    let [product, energy] = [0, 0];
    for (let i = 0; i < length; i++) {
      const value = heard[is + lag + i]!;
      product += base[was + i]! * value;
      energy += value * value;
    }
    best = Math.max(best, product / (Math.sqrt(own * energy) || 1));
    if (best >= SAME) break;
  }
  return best;
}

/** The loudest stretch of 50 ms in which only the room should be heard, dB of full scale; null where there is none. */
export function loudestOf(sound: Float32Array, stretches: readonly Stretch[]): number | null {
  const span = samplesIn(0.05);
  let most: number | null = null;
  for (const { from, to } of stretches) {
    for (let at = samplesIn(from); at + span <= Math.min(sound.length, samplesIn(to)); at += span) {
      const level = 10 * Math.log10(Math.max(1e-10, energyOf(sound, at, span) / span));
      most = Math.max(most ?? -100, level);
    }
  }
  return most;
}

function energyOf(sound: Float32Array, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += sound[i]! ** 2;
  return sum;
}

function samplesIn(seconds: number): number {
  return Math.round(seconds * SAMPLE_RATE);
}
