/** The sound of the video that words are put into, from its first frame on. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { startOf } from "../media/container.ts";
import { openPictures } from "../media/film-file.ts";
import { keepRecent } from "../media/recent.ts";
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";

/** Samples that are read at once: few enough that `silencedetect` has one change in them at the most. */
const PIECE = 1024;
/** Samples of a channel that are held, so that the next recipient's file needs no decoding: a minute. */
const HELD = 60 * SOUND_RATE;
/** Of all sounds that are kept, bytes: a minute of two channels, and some. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** `begins`: of the first frame, by the clock of the file, s. `rate`: samples a second. Throws what `openSound` throws. */
export async function openBaseSound(video: EngineFile, begins: number, rate = SOUND_RATE): Promise<Sound> {
  const sound = await openSound(video, { rate });
  skipSound(sound, Math.round(begins * rate));
  return sound;
}

export type BaseSound = Pick<Sound, "channels" | "read" | "close">;

/** `first`: when the first frame is shown, by the time stamps of the file, s. `open`: the sound from there on, as often as it is wanted. */
export type Base = { first: number; open(): Promise<BaseSound> };

type Held = { first: number; samples: Samples | null };
const held = keepRecent<Held>(KEPT_BYTES);

/** A sound of up to a minute is decoded once for all jobs with that video. Throws what `openBaseSound` and `openPictures` throw. */
export async function baseOf(video: EngineFile, begins: number): Promise<Base> {
  const { first, samples } = await held.of(video.path, String(begins), async () => {
    const pictures = await openPictures(video.path);
    const starts = startOf(pictures.file);
    await pictures.close();
    const found = await heldOf(await openBaseSound(video, begins));
    const bytes = found ? found.reduce((sum, side) => sum + side.byteLength, 0) : 0;
    return { value: { first: starts + begins, samples: found }, bytes };
  });
  return { first, open: async () => (samples ? soundOf(samples) : openBaseSound(video, begins)) };
}

/** All of a sound, which is closed then; null of a longer one. */
async function heldOf(sound: Sound): Promise<Samples | null> {
  try {
    const room = Array.from({ length: sound.channels }, () => new Float32Array(HELD));
    const count = sound.read(room);
    return count < HELD ? room.map((side) => side.slice(0, count)) : null;
  } finally {
    await sound.close();
  }
}

function soundOf(samples: Samples): BaseSound {
  let at = 0;
  return {
    channels: samples.length === 1 ? 1 : 2,
    read(into) {
      const count = Math.min(into[0]!.length, samples[0]!.length - at);
      for (const [nth, side] of samples.entries()) into[nth]!.set(side.subarray(at, at + count));
      at += count;
      return count;
    },
    close: async () => {},
  };
}

export function skipSound({ channels, read }: Pick<Sound, "channels" | "read">, samples: number): void {
  const room = Array.from({ length: channels }, () => new Float32Array(Math.min(samples, SOUND_RATE / 4)));
  for (let left = samples; left > 0; ) {
    const wanted = Math.min(room[0]!.length, left);
    if (read(room.map((side) => side.subarray(0, wanted))) < wanted) return;
    left -= wanted;
  }
}

/** Hands out all of it, piece by piece, each valid until the next, and lets others work between them. Closes the sound. */
export async function eachPiece(sound: Sound, signal: AbortSignal, take: (piece: Samples) => void): Promise<void> {
  try {
    const room = Array.from({ length: sound.channels }, () => new Float32Array(PIECE));
    for (let [count, nth] = [PIECE, 0]; count === PIECE; nth++) {
      count = sound.read(room);
      if (count > 0) take(room.map((side) => side.subarray(0, count)));
      if (nth % 100 !== 0) continue;
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await sound.close();
  }
}
