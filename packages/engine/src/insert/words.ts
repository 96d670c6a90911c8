/** What a voice has said, made ready to be put into another sound. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { createMeter, growing, integratedLoudness } from "../media/loudness.ts";
import { monoOf, SOUND_RATE } from "../media/resample.ts";
import { openSoundFilter, samplesOf } from "../media/sound-filter.ts";
import { openSound } from "../media/sound-reader.ts";

/** Longest words, s: 500 characters said slowly. */
const MOST_SECONDS = 120;
/** What is so far below the loudest moment is not said any more, dB; and what is kept around the rest, s. */
const FAINT = -45;
const MARGIN = 0.015;
const MOMENT = SOUND_RATE / 100;
/** Peak of words that are made louder: below where codecs overshoot. */
const CEILING = 0.89;
/** Samples that are stretched at once, and silence after them, which pushes the last out of the filter. */
const PIECE = 4096;
const FLUSH = SOUND_RATE / 4;

/** `skipped`: samples that were left out before them. */
export type Words = { samples: Float32Array; skipped: number };

/** Mono, 48 kHz, without the silence around them. Throws what `openSound` throws, and `invalid_request` for silence. */
export async function readWords(file: EngineFile): Promise<Words> {
  const sound = await openSound(file);
  const samples = growing();
  try {
    const room = Array.from({ length: sound.channels }, () => new Float32Array(SOUND_RATE));
    for (let [count, left] = [SOUND_RATE, MOST_SECONDS]; count === SOUND_RATE && left > 0; left--) {
      count = sound.read(room);
      samples.append(monoOf(room.map((side) => side.subarray(0, count))));
    }
  } finally {
    await sound.close();
  }
  return trimmed(samples.values());
}

/** Throws `invalid_request` for silence. */
export function trimmed(samples: Float32Array): Words {
  const powers = Array.from({ length: Math.ceil(samples.length / MOMENT) }, (_, n) => powerOf(samples, n));
  const least = Math.max(1e-9, Math.max(0, ...powers) * 10 ** (FAINT / 10));
  const first = powers.findIndex((power) => power > least);
  if (first < 0) throw new AppError("invalid_request", "What the voice said is silent.");
  const last = powers.findLastIndex((power) => power > least);
  const margin = Math.round(MARGIN * SOUND_RATE);
  const skipped = Math.max(0, first * MOMENT - margin);
  return { samples: samples.slice(skipped, Math.min(samples.length, (last + 1) * MOMENT + margin)), skipped };
}

function powerOf(samples: Float32Array, n: number): number {
  let sum = 0;
  for (let i = n * MOMENT; i < Math.min(samples.length, (n + 1) * MOMENT); i++) sum += samples[i]! ** 2;
  return sum / MOMENT;
}

/** `tempo` times as fast, at the same pitch (FFmpeg's `atempo`): exactly `round(length / tempo)` samples. */
export function atTempo(samples: Float32Array, tempo: number): Float32Array {
  if (Math.abs(tempo - 1) < 0.005) return samples;
  const made = new Float32Array(Math.round(samples.length / tempo));
  const filter = openSoundFilter(1, `atempo=${tempo.toFixed(4)}`);
  let filled = 0;
  const take = (): void => {
    for (const frame of filter.out()) {
      const came = samplesOf(frame).subarray(0, made.length - filled);
      made.set(came, filled);
      filled += came.length;
    }
  };
  try {
    for (let at = 0; at < samples.length; at += PIECE) {
      filter.add([samples.subarray(at, at + PIECE)]);
      take();
    }
    filter.add([new Float32Array(FLUSH)]);
    filter.add(null);
    take();
    return made;
  } finally {
    filter.free();
  }
}

/** As loud as what they replace, LUFS, as far as peaks allow; as they are where that is not known. */
export function asLoudAs(samples: Float32Array, loudness: number | null, channels: 1 | 2): Float32Array {
  const meter = createMeter({ peaks: false });
  meter.add(samples);
  // what both channels of a sound have counts twice
  const own = integratedLoudness(Array.from({ length: channels }, () => meter));
  const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const wanted = own === null || loudness === null ? 1 : 10 ** ((loudness - own) / 20);
  const gain = Math.min(wanted, CEILING / peak);
  return samples.map((value) => value * gain);
}
