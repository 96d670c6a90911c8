/** The tune of speech: phrases, what is stressed in them, and whether they end like a question. */
import { clamp, framesOf, movingMean, quantile, type Run, smoothed } from "./series.ts";

/** Frames. `rises`: the voice goes up at the end. */
export type Phrase = Run & { rises: boolean };
/** `strength`: 0–1. */
export type Accent = { frame: number; strength: number };
export type Prosody = { phrases: Phrase[]; accents: Accent[] };

/** A shorter pause lies within a phrase. Seconds. */
const PHRASE_PAUSE = 0.18;
/** What is louder than this mean around it is stressed. Seconds. */
const AROUND = 0.45;
const LEAST_ACCENT = 0.06;
/** Between two accents, seconds. */
const APART = 0.32;
/** Semitones that a question rises by, towards its end. */
const QUESTION_RISE = 2.5;

/** `loudness`: 0–1; `pitch`: Hz, 0 without voice; both in frames of 10 ms. */
export function prosodyOf(speech: readonly Run[], loudness: Float32Array, pitch: Float32Array): Prosody {
  const tune = tuneOf(pitch);
  return {
    phrases: phrasesOf(speech).map((run) => ({ ...run, rises: risesIn(run, pitch) })),
    accents: accentsOf(speech, loudness, tune),
  };
}

function phrasesOf(speech: readonly Run[]): Run[] {
  const phrases: Run[] = [];
  for (const { from, to } of speech) {
    const last = phrases.at(-1);
    if (last && from - last.to < framesOf(PHRASE_PAUSE)) last.to = to;
    else phrases.push({ from, to });
  }
  return phrases;
}

function accentsOf(speech: readonly Run[], loudness: Float32Array, tune: Float32Array): Accent[] {
  const loud = smoothed(loudness, 0.04);
  const around = movingMean(loud, AROUND);
  const high = movingMean(tune, 2);
  // six semitones count like a rise in loudness of 9 dB
  const score = loud.map((value, i) => value - around[i]! + 0.05 * clamp(tune[i]! - high[i]!, 0, 6));
  const peaks: Accent[] = [];
  for (const { from, to } of speech) {
    for (let i = Math.max(from, 1); i < Math.min(to, score.length - 1); i++) {
      const here = score[i]!;
      if (here >= LEAST_ACCENT && here >= score[i - 1]! && here > score[i + 1]!)
        peaks.push({ frame: i, strength: here });
    }
  }
  const most = quantile(
    peaks.map(({ strength }) => strength),
    0.9,
  );
  const kept: Accent[] = [];
  for (const peak of peaks.toSorted((a, b) => b.strength - a.strength)) {
    if (kept.some(({ frame }) => Math.abs(frame - peak.frame) < framesOf(APART))) continue;
    kept.push({ frame: peak.frame, strength: clamp(peak.strength / most, 0, 1) });
  }
  return kept.toSorted((a, b) => a.frame - b.frame);
}

/** Semitones over the voice's middle pitch; where there is no voice, what was last. */
function tuneOf(pitch: Float32Array): Float32Array {
  const voiced = pitch.filter((hertz) => hertz > 0);
  const middle = voiced.length > 0 ? quantile(voiced, 0.5) : 1;
  let last = 0;
  return pitch.map((hertz) => {
    if (hertz > 0) last = clamp(12 * Math.log2(hertz / middle), -12, 12);
    return last;
  });
}

/** Compares the end of a phrase with what comes just before; jumps by an octave are faults of the measurement. */
function risesIn({ from, to }: Run, pitch: Float32Array): boolean {
  const voiced = Array.from(pitch.subarray(from, to)).filter((hertz) => hertz > 0);
  if (voiced.length < 20) return false;
  const before = quantile(voiced.slice(-45, -18), 0.5);
  const end = quantile(voiced.slice(-8), 0.5);
  const rise = 12 * Math.log2(end / before);
  return rise > QUESTION_RISE && rise < 11;
}
