/** How loud a sound is from moment to moment, and what that tells of its pauses: where only the room is heard, and where a word has faded. */
import { growing } from "../media/loudness.ts";
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import type { Stretch } from "./silences.ts";

/** Moments a second. */
const RATE = 100;
const MOMENT = SOUND_RATE / RATE;
/** dB of full scale of every moment, of the louder channel. */
export type Levels = Float32Array;

/** How far a sound that fades may reach into a pause, and how far one that rises may begin before it is loud, s; of the pause, at the most. */
const FADING = { after: 0.2, before: 0.1, share: 0.5 };
/** What is so much louder than the room is not the room, dB. */
const ABOVE_ROOM = 6;
/** The room is looked for so far from speech, s. */
const AWAY = { after: 0.15, before: 0.05 };
const ROOM = { least: 0.08, most: 1 };

export function levelMeter() {
  const levels = growing();
  let [count, sums] = [0, [0, 0]];
  const push = (): void => {
    levels.push(10 * Math.log10(Math.max(1e-10, Math.max(...sums) / count)));
    [count, sums] = [0, [0, 0]];
  };
  return {
    add(piece: Samples): void {
      for (let i = 0; i < piece[0]!.length; i++) {
        for (const [nth, side] of piece.entries()) sums[nth]! += side[i]! ** 2;
        if (++count === MOMENT) push();
      }
    },
    levels(): Levels {
      if (count > 0) push();
      return Float32Array.from(levels.values());
    },
  };
}

type Heard = { seconds: number; speech: readonly Stretch[]; levels: Levels };

/** The quietest of the pauses, or a part of it; null where none is long enough. */
export function roomOf({ seconds, speech, levels }: Heard): Stretch | null {
  const ends = [0, ...speech.map(({ to }) => to + AWAY.after)];
  const starts = [...speech.map(({ from }) => from - AWAY.before), seconds];
  const rooms = ends
    .map((from, n) => ({ from, to: Math.min(starts[n]!, from + ROOM.most) }))
    .filter(({ from, to }) => to - from >= ROOM.least);
  return rooms.toSorted((a, b) => loudest(levels, a) - loudest(levels, b))[0] ?? null;
}

/** A place with what of its words is still heard around it, down to what the room has. */
export function cutOf({ from, to }: Stretch, { seconds, speech, levels }: Heard): Stretch {
  if (from === to) return { from, to };
  const pauseBefore = from - (speech.findLast((span) => span.to <= from)?.to ?? 0);
  const pauseAfter = (speech.find((span) => span.from >= to)?.from ?? seconds) - to;
  // within a sentence what is beside it is the next word
  const [isFirst, isLast] = [speech.some((span) => near(span.from, from)), speech.some((span) => near(span.to, to))];
  const room = roomOf({ seconds, speech, levels });
  const floor = (room ? loudest(levels, room) : -70) + ABOVE_ROOM;
  const reach = (most: number, pause: number) => Math.floor(RATE * Math.min(most, FADING.share * pause));
  let [start, end] = [Math.floor(from * RATE), Math.ceil(to * RATE)];
  for (let n = isFirst ? reach(FADING.before, pauseBefore) : 0; n > 0 && (levels[start - 1] ?? -100) > floor; n--)
    start--;
  for (let n = isLast ? reach(FADING.after, pauseAfter) : 0; n > 0 && (levels[end] ?? -100) > floor; n--) end++;
  return { from: Math.max(0, Math.min(from, start / RATE)), to: Math.min(seconds, Math.max(to, end / RATE)) };
}

/** Places that are no farther apart are one, s. */
const SAME = 0.06;
const near = (one: number, other: number): boolean => Math.abs(one - other) <= SAME;

/** The quietest moment around a time: where one word goes over into another, a cut is heard least. Seconds. */
export function quietestNear(levels: Levels, seconds: number): number {
  const middle = Math.round(seconds * RATE);
  let best = Math.min(levels.length, Math.max(0, middle));
  for (let d = 1; d <= SAME * RATE; d++) {
    for (const at of [middle - d, middle + d]) if ((levels[at] ?? 0) < (levels[best] ?? 0)) best = at;
  }
  return best / RATE;
}

/** The mean of the louder half. */
function loudest(levels: Levels, { from, to }: Stretch): number {
  const own = levels.subarray(Math.floor(from * RATE), Math.max(Math.floor(from * RATE) + 1, Math.floor(to * RATE)));
  const half = own.toSorted().subarray(Math.floor(own.length / 2));
  return half.reduce((sum, level) => sum + level, 0) / Math.max(1, half.length);
}
