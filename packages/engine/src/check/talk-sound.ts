/** Listens to the sound of a finished video beside the sound that it was to have. */
import type { AudioSpec, EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { SOUND_RATE } from "../media/resample.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { specOf } from "../media/sound-spec.ts";

/** Samples a second of what is compared: enough for speech, and for a millisecond. */
const RATE = 8000;
const STEP = SOUND_RATE / RATE;
/** Levels are told for so many moments a second. */
const LEVEL_RATE = 100;
const LEVEL_SAMPLES = RATE / LEVEL_RATE;

/** Pieces that are looked for: the loudest of each part of the sound, s, and how far away it is looked for. */
const PIECES = { parts: 5, seconds: 0.4, reach: 0.25 };
/** Root mean square below which a piece tells nothing. */
const FAINT = 0.001;
/** Most that a piece may be away from its place. Encoders that drop their delay are off by 0. */
const MOST_OFF_MS = 5;
/** Least correlation of a piece that is the same sound: AAC and Opus leave 0.95 and more below 4 kHz. */
const SAME = 0.6;
/** Voices repeat themselves from one pitch period to the next: what is not worse at its own place is there. */
const NO_WORSE = 0.02;
/** Seconds by which what is heard may end sooner or later. */
const MOST_LEFT_OUT = 0.1;

export type SoundEvidence = {
  audio: AudioSpec;
  /** Of the sound that was given. */
  seconds: number;
  /** Of that sound, dB of full scale, `LEVEL_RATE` a second. */
  levels: Float32Array;
};

/**
 * `open`: how the sound that was given is read. `video`: path, media type and duration (s) of the finished file. Throws `check_out_of_sync` where its sound is missing, another one,
 * too short, or more than 5 ms away from its place, and `check_unreadable` where it does not decode.
 */
export async function checkSound(
  given: EngineFile,
  video: { path: string; type: string; duration: number },
  signal: AbortSignal,
  open: (file: EngineFile) => Promise<Sound> = openSound,
): Promise<SoundEvidence> {
  const wanted = await lowRate(await open(given), signal);
  const audio = await specOf(video.path);
  if (audio === null) throw new AppError("check_out_of_sync", "The finished video has no sound.");
  const heard = await openSound({ path: video.path, type: video.type }, { probes: false })
    .then((sound) => lowRate(sound, signal))
    .catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new AppError("check_unreadable", "The sound of the finished video does not decode.", { cause });
    });
  const due = Math.min(wanted.length / RATE, video.duration);
  const short = due - heard.length / RATE;
  if (Math.abs(short) > MOST_LEFT_OUT) {
    const lasts = `${(heard.length / RATE).toFixed(2)} s instead of ${due.toFixed(2)} s`;
    throw new AppError("check_out_of_sync", `The sound of the finished video lasts ${lasts}.`);
  }
  requireInPlace(wanted.subarray(0, Math.round(due * RATE)), heard);
  return { audio, seconds: wanted.length / RATE, levels: levelsOf(wanted) };
}

function requireInPlace(wanted: Float32Array, heard: Float32Array): void {
  const offsets = loudPieces(wanted).map((from) => offsetOf(wanted, heard, from));
  const strange = offsets.filter(({ likeness }) => likeness < SAME);
  if (strange.length > 0 && strange.length * 2 >= offsets.length) {
    throw new AppError("check_out_of_sync", "What is heard in the finished video is not the sound that was given.");
  }
  // the surest of them: near an end a piece may be there in part
  const [off] = offsets
    .filter(({ likeness, ms }) => likeness >= SAME && Math.abs(ms) > MOST_OFF_MS)
    .sort((a, b) => b.likeness - a.likeness);
  if (!off) return;
  const how = `${Math.abs(off.ms).toFixed(1)} ms too ${off.ms > 0 ? "late" : "early"} at ${off.at.toFixed(1)} s`;
  throw new AppError("check_out_of_sync", `The sound of the finished video is ${how}.`);
}

/** Where pieces begin that are loud enough to be found again, one for each part of the sound at the most. */
function loudPieces(sound: Float32Array): number[] {
  const length = Math.min(sound.length, Math.round(PIECES.seconds * RATE));
  const part = Math.max(length, Math.floor(sound.length / PIECES.parts));
  const found: number[] = [];
  for (let from = 0; from + length <= sound.length; from += part) {
    const end = Math.min(sound.length - length, from + part - length);
    let [best, most] = [from, 0];
    for (let at = from; at <= end; at += LEVEL_SAMPLES) {
      const energy = energyOf(sound, at, length);
      if (energy > most) [best, most] = [at, energy];
    }
    if (length > 0 && Math.sqrt(most / length) > FAINT) found.push(best);
  }
  return found;
}

type Offset = { at: number; ms: number; likeness: number };

/** How much later than in `wanted` a piece of it is heard. */
function offsetOf(wanted: Float32Array, heard: Float32Array, from: number): Offset {
  const length = Math.min(Math.round(PIECES.seconds * RATE), wanted.length - from);
  const reach = Math.round(PIECES.reach * RATE);
  const own = Math.sqrt(energyOf(wanted, from, length));
  const likenessAt = (lag: number): number => {
    const start = from + lag;
    if (start < 0 || start + length > heard.length) return 0;
    let [product, energy] = [0, 0];
    for (let i = 0; i < length; i++) {
      const value = heard[start + i]!;
      product += wanted[from + i]! * value;
      energy += value * value;
    }
    return product / (own * Math.sqrt(energy) || 1);
  };
  let [best, most] = [0, likenessAt(0)];
  const usual = most;
  // at its place, nearly always: then nothing better is anywhere else
  if (most < 1 - NO_WORSE) {
    for (let lag = -reach; lag <= reach; lag++) {
      const likeness = likenessAt(lag);
      if (likeness > most && likeness > usual + NO_WORSE) [best, most] = [lag, likeness];
    }
  }
  return { at: from / RATE, ms: (1000 * best) / RATE, likeness: most };
}

function energyOf(sound: Float32Array, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += sound[i]! ** 2;
  return sum;
}

function levelsOf(sound: Float32Array): Float32Array {
  const levels = new Float32Array(Math.max(1, Math.ceil(sound.length / LEVEL_SAMPLES)));
  for (let n = 0; n < levels.length; n++) {
    const from = n * LEVEL_SAMPLES;
    const count = Math.min(LEVEL_SAMPLES, sound.length - from);
    const mean = count > 0 ? energyOf(sound, from, count) / count : 0;
    levels[n] = 10 * Math.log10(Math.max(1e-10, mean));
  }
  return levels;
}

/** The loudest of a moment and its neighbours within `reach` seconds, dB. */
export function levelAt(levels: Float32Array, seconds: number, reach: number): number {
  const from = Math.max(0, Math.round((seconds - reach) * LEVEL_RATE));
  const to = Math.min(levels.length - 1, Math.round((seconds + reach) * LEVEL_RATE));
  let most = -100;
  for (let n = from; n <= to; n++) most = Math.max(most, levels[n]!);
  return most;
}

/** The whole of a sound, which is closed then, mono, at `RATE`: 10 MB for five minutes. */
async function lowRate(sound: Sound, signal: AbortSignal): Promise<Float32Array> {
  try {
    const piece = Array.from({ length: sound.channels }, () => new Float32Array(SOUND_RATE / 2));
    const parts: Float32Array[] = [];
    for (;;) {
      signal.throwIfAborted();
      const count = sound.read(piece);
      parts.push(reduced(piece, count));
      if (count < piece[0]!.length) return joined(parts);
    }
  } finally {
    await sound.close();
  }
}

/** The mean of every `STEP` samples of all channels. */
function reduced(piece: Float32Array[], count: number): Float32Array {
  const low = new Float32Array(Math.floor(count / STEP));
  for (const channel of piece) {
    for (let i = 0; i < low.length * STEP; i++) low[Math.floor(i / STEP)]! += channel[i]!;
  }
  return low.map((sum) => sum / (STEP * piece.length));
}

function joined(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
