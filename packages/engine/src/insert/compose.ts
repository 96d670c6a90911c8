/**
 * The sound of a video with words in it, piece by piece as it is asked for, so that a long one is never held: pieces of the video's sound,
 * the room where neither is heard, and the words. What begins and ends within a sound is faded over some milliseconds.
 */
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import type { Sound } from "../media/sound-reader.ts";
import type { Arranged, Piece } from "./arrange.ts";

/** Samples. */
const FADE = Math.round(0.008 * SOUND_RATE);
const WORD_FADE = Math.round(0.004 * SOUND_RATE);
/** Over how much the end of the room's sound goes over into its beginning, at the most. */
const SEAM = Math.round(0.03 * SOUND_RATE);

export type Composed = Pick<Sound, "channels" | "read">;

/** `base`: read in order of time, once. `room`: what is heard in pauses, of the same channels; null: nothing. `words`: mono, in order of time. */
export function composeSound(
  base: Pick<Sound, "channels" | "read">,
  { seconds, pieces, said }: Arranged,
  { room, words }: { room: Samples | null; words: readonly Float32Array[] },
): Composed {
  const total = samplesIn(seconds);
  const line = lineOf(base);
  const played = pieces.map((piece) => playedFrom(line, piece, total));
  const tone = room?.map(looped) ?? null;
  const starts = said.map(({ from }) => samplesIn(from));
  let at = 0;
  return {
    channels: base.channels,
    read(into) {
      const count = Math.min(into[0]!.length, total - at);
      const out = into.map((side) => side.subarray(0, count).fill(0));
      const heard = new Float32Array(count);
      for (const play of played) play(out, at, heard);
      if (tone) addTone(out, tone, at, heard);
      for (const [nth, samples] of words.entries()) addWords(out, samples, starts[nth]! - at);
      for (const side of out) limit(side);
      at += count;
      return count;
    },
  };
}

/** Puts what of a piece is heard there, and how much of it into `heard`. The sound is one line: pieces before it have to be played first. */
function playedFrom(line: ReturnType<typeof lineOf>, { from, to, at: starts }: Piece, total: number) {
  const [first, start] = [samplesIn(from), samplesIn(starts)];
  const length = samplesIn(to) - first;
  const end = Math.min(total, start + length);
  // the sound's own beginning and end are no seams
  const [fadesIn, fadesOut] = [start > 0, end < total];
  return (out: Samples, at: number, heard: Float32Array): void => {
    const [low, high] = [Math.max(start, at), Math.min(end, at + heard.length)];
    if (low >= high) return;
    line.goTo(first + low - start);
    const piece = out.map((side) => side.subarray(low - at, high - at));
    const came = line.read(piece);
    heard.fill(1, low - at, low - at + came);
    for (const side of piece) side.fill(0, came);
    const fade = (i: number, share: number): void => {
      heard[low - at + i]! *= share;
      for (const side of piece) side[i]! *= share;
    };
    for (let n = low; fadesIn && n < Math.min(high, start + FADE); n++) fade(n - low, (n - start) / FADE);
    for (let n = Math.max(low, end - FADE); fadesOut && n < high; n++) fade(n - low, (end - 1 - n) / FADE);
  };
}

function limit(side: Float32Array): void {
  for (let i = 0; i < side.length; i++) {
    if (side[i]! > 1) side[i] = 1;
    else if (side[i]! < -1) side[i] = -1;
  }
}

/** A sound that is read on to a place. */
function lineOf({ channels, read }: Pick<Sound, "channels" | "read">) {
  let position = 0;
  return {
    read(into: Samples): number {
      const count = read(into);
      position += count;
      return count;
    },
    goTo(wanted: number): void {
      const room = Array.from({ length: channels }, () => new Float32Array(SOUND_RATE / 4));
      while (position < wanted) {
        const some = Math.min(room[0]!.length, wanted - position);
        const count = read(room.map((side) => side.subarray(0, some)));
        position += count;
        if (count < some) return;
      }
    },
  };
}

/** The same sound again and again without a seam: noise that is not alike adds up by power. */
function looped(samples: Float32Array): Float32Array {
  const seam = Math.min(SEAM, Math.floor(samples.length / 3));
  const loop = samples.slice(0, samples.length - seam);
  for (let i = 0; i < seam; i++) {
    const share = (i + 0.5) / seam;
    loop[i] = Math.sqrt(share) * samples[i]! + Math.sqrt(1 - share) * samples[loop.length + i]!;
  }
  return loop;
}

function addTone(out: Samples, tone: Samples, at: number, heard: Float32Array): void {
  const period = tone[0]!.length;
  for (let i = 0; i < heard.length; i++) {
    if (heard[i]! >= 1) continue;
    const share = Math.sqrt(1 - heard[i]! ** 2);
    for (const [nth, side] of out.entries()) side[i]! += share * tone[nth]![(at + i) % period]!;
  }
}

function addWords(out: Samples, samples: Float32Array, start: number): void {
  const [low, high] = [Math.max(0, start), Math.min(out[0]!.length, start + samples.length)];
  for (let i = low; i < high; i++) {
    const n = i - start;
    const share = Math.min(1, n / WORD_FADE, (samples.length - 1 - n) / WORD_FADE);
    for (const side of out) side[i]! += share * samples[n]!;
  }
}

function samplesIn(seconds: number): number {
  return Math.round(seconds * SOUND_RATE);
}
