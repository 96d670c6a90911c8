/** The sound of the video that words are put into, from its first frame on. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";

/** Samples that are read at once: few enough that `silencedetect` has one change in them at the most. */
const PIECE = 1024;

/** `begins`: of the first frame, by the clock of the file, s. `rate`: samples a second. Throws what `openSound` throws. */
export async function openBaseSound(video: EngineFile, begins: number, rate = SOUND_RATE): Promise<Sound> {
  const sound = await openSound(video, rate);
  skipSound(sound, Math.round(begins * rate));
  return sound;
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
