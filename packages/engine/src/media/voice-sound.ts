/**
 * A file's sound as a voice: the sound of the clip at one loudness, written as a WAV, and the voice at 16 kHz as it came. The file is
 * read twice, because how loud it is shows only at its end; of a long one, only the voice at 16 kHz is ever held.
 */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { createDecimator } from "./decimate.ts";
import { gainsFor } from "./levelling.ts";
import { type ChannelMeter, createMeter, growing, integratedLoudness } from "./loudness.ts";
import { type Samples, SOUND_RATE } from "./resample.ts";
import { warningsOfDamage } from "./sound-damage.ts";
import { openSound, type Sound } from "./sound-reader.ts";
import { openWav } from "./wav-file.ts";

export type VoiceSound = {
  /** The voice, mono, 16 kHz. */
  voice: Float32Array;
  /** Of the sound, as written. */
  seconds: number;
  /** LUFS, as it came; null where it is silent. */
  loudness: number | null;
  warnings: Warning[];
};

export type VoiceSoundOptions = {
  file: EngineFile;
  /** Where the WAV goes; absent where only the voice is wanted. */
  to?: string;
  maxSeconds: number;
  signal: AbortSignal;
  progress(share: number): void;
};

/** Samples that are read at once: half a second. */
const PIECE = SOUND_RATE / 2;
/** A container may count a little more than there is; it is cut off. Seconds. */
const SLACK = 0.1;
/** A mono sum that is this much weaker than the louder side has lost the voice: sides of opposite phase, or one that is silent. dB */
const MOST_LOST = 6;
/** Values of a mono sum, and of each side, beside which the loss is rounding. */
const ROUNDING = 0.01;

/** Throws what `openSound` does, `input_too_large` beyond `maxSeconds`, and the signal's reason. */
export async function readVoice(options: VoiceSoundOptions): Promise<VoiceSound> {
  const heard = await measured(options);
  const { samples, gains, sides } = heard;
  const decimator = createDecimator();
  const voice = growing();
  const wav = options.to === undefined ? null : await openWav(options.to, sides === "both" ? 2 : 1, SOUND_RATE);
  try {
    let at = 0;
    await eachPiece(options, async (piece) => {
      const whole = piece.map((side) => side.subarray(0, Math.max(0, Math.min(side.length, samples - at))));
      const mono = mixOf(whole, sides);
      voice.append(decimator.add(mono));
      await wav?.write(levelled(sides === "both" ? whole : [mono], gains, at));
      at += mono.length;
      options.progress(0.5 + (0.5 * at) / samples);
    });
    voice.append(decimator.end());
    await wav?.finish();
    return { voice: voice.values(), seconds: samples / SOUND_RATE, loudness: heard.loudness, warnings: heard.warnings };
  } finally {
    await wav?.abort();
  }
}

/** What is heard as the voice: the one channel there is, a side, or the mean of both, which then stay as they are in the clip. */
type Sides = 0 | 1 | "both" | "mono";
type Measured = {
  samples: number;
  loudness: number | null;
  gains: (sample: number) => number;
  sides: Sides;
  warnings: Warning[];
};

async function measured(options: VoiceSoundOptions): Promise<Measured> {
  const meters: ChannelMeter[] = [];
  let [samples, powers, cross] = [0, [0, 0], 0];
  const sound = await eachPiece(options, (piece, claimed) => {
    if (meters.length === 0) meters.push(...piece.map(() => createMeter()));
    for (const [nth, side] of piece.entries()) {
      meters[nth]!.add(side);
      for (const value of side) powers[nth]! += value * value;
    }
    const [left, right] = piece;
    if (right) for (let i = 0; i < left!.length; i++) cross += left![i]! * right[i]!;
    samples += piece[0]!.length;
    const expected = Math.min(options.maxSeconds, claimed ?? options.maxSeconds) * SOUND_RATE;
    options.progress(0.5 * Math.min(1, samples / expected));
  });
  const warnings = warningsOfDamage(sound, samples, meters.length);
  const most = Math.round(options.maxSeconds * SOUND_RATE);
  const sides = sidesOf(meters.length, powers, cross);
  const kept = sides === 0 || sides === 1 ? [meters[sides]!] : meters;
  const loudness = integratedLoudness(kept);
  const peaks = kept.map((meter) => meter.peaks());
  const highest = peaks[0]!.map((peak, i) => Math.max(peak, peaks[1]?.[i] ?? 0));
  return {
    samples: Math.min(samples, most),
    loudness,
    gains: gainsFor((factor) => integratedLoudness(kept, factor), highest),
    sides,
    warnings,
  };
}

function sidesOf(channels: number, [left, right]: number[], cross: number): Sides {
  if (channels === 1) return "mono";
  const sum = (left! + right! + 2 * cross) / 4;
  const louder = Math.max(left!, right!);
  if (louder === 0 || sum > louder * 10 ** (-MOST_LOST / 10) * (1 + ROUNDING)) return "both";
  return left! >= right! ? 0 : 1;
}

function mixOf(piece: Samples, sides: Sides): Float32Array {
  const [left, right] = piece;
  if (sides === 0 || sides === "mono" || right === undefined) return left!;
  if (sides === 1) return right;
  return left!.map((value, i) => (value + right[i]!) / 2);
}

function levelled(samples: Samples, gains: (sample: number) => number, from: number): Samples {
  return samples.map((channel) => channel.map((value, i) => value * gains(from + i)));
}

/** Hands out the sound piece by piece, each valid until the next, and lets others work between them; answers what was read. */
async function eachPiece(
  { file, maxSeconds, signal }: VoiceSoundOptions,
  take: (piece: Samples, claimedSeconds: number | null) => void | Promise<void>,
): Promise<Sound> {
  const sound = await openSound(file);
  try {
    const room = Array.from({ length: sound.channels }, () => new Float32Array(PIECE));
    let read = 0;
    for (let count = PIECE; count === PIECE; ) {
      signal.throwIfAborted();
      count = sound.read(room);
      read += count;
      if (read > (maxSeconds + SLACK) * SOUND_RATE) throw tooLong(sound.claimedSeconds, maxSeconds);
      if (count > 0)
        await take(
          room.map((side) => side.subarray(0, count)),
          sound.claimedSeconds,
        );
      await new Promise((resolve) => setImmediate(resolve));
    }
    return sound;
  } finally {
    await sound.close();
  }
}

function tooLong(claimed: number | null, most: number): AppError {
  const has = claimed !== null && claimed > most ? `${claimed.toFixed(1)} s long` : `longer than ${most} s`;
  return new AppError("input_too_large", `The sound is ${has}; at most ${most} s are allowed. Cut it, or split it.`);
}
