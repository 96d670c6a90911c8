/**
 * Whether words are heard at a place: how unlike the spectrum there is to that of the words as the voice has said them, moment by moment, at
 * the tempo that they should have. Both come from the same voice, so that what is allowed is only what stretching, another loudness, the room
 * and the codec leave.
 */
import { BANDS, frameCount, HOP, logMel, SAMPLE_RATE } from "@smileloop/speech/features.ts";

/** How far a moment may be off its time, frames of 10 ms. */
const REACH = 5;
/** What is so far below the loudest of the words does not count, nepers: 35 dB. */
const RANGE = 8;
/** What the room has counts only above this, nepers: 6 dB. */
const ABOVE_ROOM = 1.4;
/** By how much words may be louder or fainter than they should be, nepers of power: 6 dB. */
const MOST_GAIN = 1.4;
/** Bands of a moment that count at least, so that one alone is not all of it. */
const LEAST_BANDS = 8;
/** Moments that are judged together, frames: the length of a sound. */
const SPAN = 12;
const DECIBELS_PER_NEPER = 10 / Math.LN10;

type Heard = {
  /** Mono, 16 kHz. */
  heard: Float32Array;
  /** As loud as they should be. */
  words: Float32Array;
  /** Of the words in what is heard, s; and how many times as fast they are there. */
  from: number;
  tempo: number;
  /** What is heard in pauses; null: nothing. */
  room: Float32Array | null;
};

/** Mean and worst difference of the spectrum over the length of a sound, dB. */
export function differenceOf({ heard, words, from, tempo, room }: Heard): { mean: number; worst: number } {
  const lasts = words.length / tempo;
  const start = Math.round(from * SAMPLE_RATE);
  const there = heard.slice(Math.max(0, start), Math.max(0, Math.min(heard.length, start + Math.round(lasts))));
  const whole = new Float32Array(Math.max(HOP, Math.round(lasts)));
  whole.set(there);
  const [is, was] = [logMel(whole), logMel(words)];
  const louder = gainOf(is, was, tempo);
  const floors = floorsOf(was, louder, room);
  const raised = (bands: Float32Array, more: number) =>
    bands.map((value, i) => Math.max(value + more, floors[i % BANDS]!));
  const distances = alongPath(raised(is, 0), raised(was, louder), tempo, floors);
  const spans = Math.max(1, distances.length - SPAN + 1);
  let worst = 0;
  for (let n = 0; n < spans; n++) worst = Math.max(worst, meanOf(distances.subarray(n, n + SPAN)));
  return { mean: DECIBELS_PER_NEPER * meanOf(distances), worst: DECIBELS_PER_NEPER * worst };
}

/** How much louder the words are where they are heard, nepers of power: by what their loud moments have, as far as that may be. */
function gainOf(is: Float32Array, was: Float32Array, tempo: number): number {
  const [now, before] = [levels(is), levels(was)];
  const most = Math.max(...before);
  let [sum, count] = [0, 0];
  for (let frame = 0; frame < now.length; frame++) {
    const level = before[Math.min(before.length - 1, Math.round(frame * tempo))]!;
    if (level < most - 3) continue;
    sum += now[frame]! - level;
    count++;
  }
  return Math.min(MOST_GAIN, Math.max(-MOST_GAIN, count > 0 ? sum / count : 0));
}

function levels(bands: Float32Array): Float32Array {
  return Float32Array.from({ length: bands.length / BANDS }, (_, frame) => {
    let sum = 0;
    for (let band = 0; band < BANDS; band++) sum += Math.exp(bands[frame * BANDS + band]!);
    return Math.log(sum);
  });
}

/** By band: below it is what words and room leave to chance. */
function floorsOf(was: Float32Array, louder: number, room: Float32Array | null): Float32Array {
  const most = was.reduce((high, value) => Math.max(high, value), -100) + louder - RANGE;
  const floors = new Float32Array(BANDS).fill(most);
  if (!room || room.length < HOP) return floors;
  const bands = logMel(room);
  const frames = frameCount(room.length);
  for (let band = 0; band < BANDS; band++) {
    let sum = 0;
    for (let frame = 0; frame < frames; frame++) sum += Math.exp(bands[frame * BANDS + band]!);
    floors[band] = Math.max(most, Math.log(sum / frames) + ABOVE_ROOM);
  }
  return floors;
}

/** Of each frame that is heard, how unlike it is to the frame of the words that it belongs to: these never go back, nor far from their time. */
function alongPath(is: Float32Array, was: Float32Array, tempo: number, floors: Float32Array): Float32Array {
  const [n, m] = [is.length / BANDS, was.length / BANDS];
  const width = 2 * REACH + 1;
  const costs = new Float64Array(n * width).fill(Number.POSITIVE_INFINITY);
  const steps = new Int8Array(n * width);
  const frameOf = (i: number, k: number) => Math.round(i * tempo) + Math.round((k - REACH) * Math.max(1, tempo));
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < width; k++) {
      const j = Math.min(m - 1, Math.max(0, frameOf(i, k)));
      let best = i === 0 ? 0 : Number.POSITIVE_INFINITY;
      for (let by = -1; i > 0 && by <= 1; by++) {
        const before = costs[(i - 1) * width + k + by];
        if (k + by < 0 || k + by >= width || before === undefined || before >= best) continue;
        best = before;
        steps[i * width + k] = by;
      }
      costs[i * width + k] = best + apart(is, i, was, j, floors);
    }
  }
  const last = costs.subarray((n - 1) * width);
  let k = last.indexOf(Math.min(...last));
  const found = new Float32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const by = steps[i * width + k]!;
    found[i] = costs[i * width + k]! - (i > 0 ? costs[(i - 1) * width + k + by]! : 0);
    k += by;
  }
  return found;
}

/** Over the bands in which anything is heard. */
function apart(a: Float32Array, i: number, b: Float32Array, j: number, floors: Float32Array): number {
  let [sum, active] = [0, 0];
  for (let band = 0; band < BANDS; band++) {
    const [one, other] = [a[i * BANDS + band]!, b[j * BANDS + band]!];
    sum += Math.abs(one - other);
    if (Math.max(one, other) > floors[band]!) active++;
  }
  return sum / Math.max(LEAST_BANDS, active);
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
