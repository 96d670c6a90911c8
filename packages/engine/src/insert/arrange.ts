/**
 * Which part of a video's sound is heard when, and when words are, once these have been put in. Pure.
 *
 * As long as the sound: what is replaced goes, and the rest follows after the words and their gap.
 *
 * As long as the picture: what is said in the video stays with its pictures wherever that can be. Words begin where what they replace began;
 * where they last longer, they use the pause behind it, then that before it; then what follows is later, by less with every pause that can be
 * shortened; and only what would be lost at the end makes the words faster.
 */
import { AppError } from "@smileloop/core/errors.ts";
import type { Survey } from "@smileloop/core/speech/survey.ts";
import type { Stretch } from "./silences.ts";

/** From `from` to `to` of the video's sound, heard from `at` on. Seconds. */
export type Piece = Stretch & { at: number };
/** Words that are heard from `from` to `to`, `tempo` times as fast as they came. */
export type Said = Stretch & { tempo: number };
/** In order of time; pieces do not overlap. `later`: the most by which what is said in the video is heard later than it was. */
export type Arranged = { seconds: number; pieces: Piece[]; said: Said[]; later: number };

export type ArrangeOptions = { fits: boolean; gap_seconds: number; as_long_as: "picture" | "sound" };

/** Faster or slower than that, words are hard to follow, however they have to fit. */
const TEMPO = { slowest: 0.75, fastest: 1.5, forced: 1.8, step: 0.04 };
/** What of a pause is left at least where it has to be shortened, s. */
const PAUSE = 0.12;
/** What may be missing at the end, s: less than is heard. */
const SLACK = 0.01;

/** `lengths`: of the words for each place, as they came, s. Throws `words_too_long`. */
export function arrange(survey: Survey, lengths: readonly number[], options: ArrangeOptions): Arranged {
  if (options.as_long_as === "sound") return oneAfterAnother(survey, lengths, options);
  const tempos = survey.places.map(({ from, to }, nth) => {
    if (!options.fits || to <= from) return 1;
    return Math.min(TEMPO.fastest, Math.max(TEMPO.slowest, lengths[nth]! / (to - from)));
  });
  for (let by = 1; ; by += TEMPO.step) {
    const fast = tempos.map((tempo) => Math.max(tempo, Math.min(TEMPO.forced, tempo * by)));
    const { over, ...arranged } = inPlace(survey, lengths, fast, options);
    if (over <= SLACK) return arranged;
    if (fast.every((tempo) => tempo >= TEMPO.forced)) throw tooLong(lengths, over);
  }
}

function tooLong(lengths: readonly number[], over: number): AppError {
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const figures = `they last ${all.toFixed(1)} s, and even if they are said fast, ${over.toFixed(1)} s of sound are left over`;
  return new AppError("words_too_long", `The words are too long for the video: ${figures}. Shorten them.`);
}

function oneAfterAnother(
  { places, sound }: Survey,
  lengths: readonly number[],
  { gap_seconds }: ArrangeOptions,
): Arranged {
  const pieces: Piece[] = [];
  const said: Said[] = [];
  let [at, read] = [0, 0];
  const playTo = (to: number): void => {
    if (to > read) pieces.push({ from: read, to, at });
    at += Math.max(0, to - read);
  };
  for (const [nth, { cut }] of places.entries()) {
    playTo(cut.from);
    if (at > 0) at += gap_seconds;
    said.push({ from: at, to: at + lengths[nth]!, tempo: 1 });
    at += lengths[nth]!;
    read = cut.to;
    if (read < sound.seconds) at += gap_seconds;
  }
  playTo(sound.seconds);
  return { seconds: at, pieces, said, later: 0 };
}

/** What is said in the video between places, or the words of one. `at`: when it is heard. */
type Unit = Stretch & { place: number | null; at: number; lasts: number };

function inPlace(survey: Survey, lengths: readonly number[], tempos: readonly number[], options: ArrangeOptions) {
  const total = survey.film.seconds;
  const units = unitsOf(survey, lengths, tempos);
  let free = 0;
  for (const [n, unit] of units.entries()) {
    const next = units[n + 1]?.from ?? total;
    const pause = Math.max(0, next - unit.to);
    const kept = unit.place === null ? PAUSE : options.gap_seconds;
    const after = unit.place === null || options.fits || n === units.length - 1 ? Math.min(kept, pause) : kept;
    unit.at = Math.max(unit.from, free);
    if (unit.place !== null) unit.at = Math.max(free, Math.min(unit.at, next - after - unit.lasts));
    free = unit.at + unit.lasts + after;
  }
  const last = units.at(-1)!;
  return {
    seconds: total,
    pieces: piecesOf(units, survey, total),
    said: units.flatMap(({ place, at, lasts }) =>
      place === null ? [] : [{ from: at, to: at + lasts, tempo: tempos[place]! }],
    ),
    later: Math.max(0, ...units.filter(({ place }) => place === null).map(({ at, from }) => at - from)),
    over: last.at + last.lasts - Math.max(total, last.to),
  };
}

function unitsOf({ speech, places }: Survey, lengths: readonly number[], tempos: readonly number[]): Unit[] {
  const words = places.map(({ from, to }, place) => ({
    ...{ from, to, place, at: from, lasts: lengths[place]! / tempos[place]! },
  }));
  const rest = places.reduce<Stretch[]>(
    (left, { cut }) =>
      left.flatMap(({ from, to }) => [
        { from, to: Math.min(to, cut.from) },
        { from: Math.max(from, cut.to), to },
      ]),
    [...speech],
  );
  const own = [...new Map(rest.filter(({ from, to }) => to - from > SLACK).map((each) => [each.from, each])).values()];
  const units = own.map(({ from, to }) => ({ from, to, place: null, at: from, lasts: to - from }));
  return [...words, ...units].sort((a, b) => a.from - b.from);
}

/** The video's sound around what is said in it: pauses stay whole where what is beside them moves alike, else their middle goes. */
function piecesOf(units: readonly Unit[], { places, sound }: Survey, total: number): Piece[] {
  const pieces: Piece[] = [];
  let [read, shift] = [0, 0];
  const playTo = (to: number): void => {
    if (to > read) pieces.push({ from: read, to, at: read + shift });
    read = Math.max(read, to);
  };
  for (const [n, unit] of units.entries()) {
    if (unit.place !== null) {
      const { cut } = places[unit.place]!;
      playTo(cut.from);
      read = Math.max(read, cut.to);
      shift = nextShift(units, n);
      continue;
    }
    const before = units[n - 1];
    const moved = unit.at - unit.from;
    if (before?.place === null && Math.abs(moved - shift) > 1e-6) {
      const half = (unit.at - before.at - before.lasts) / 2;
      playTo(before.to + half);
      [read, shift] = [unit.from - half, moved];
    }
  }
  playTo(sound.seconds);
  return withoutOverlap(pieces, total);
}

/** By how much what follows some words is later. */
function nextShift(units: readonly Unit[], n: number): number {
  const next = units[n + 1];
  return next?.place === null ? next.at - next.from : 0;
}

function withoutOverlap(pieces: readonly Piece[], total: number): Piece[] {
  return pieces
    .map(({ from, to, at }, n) => ({
      from,
      at,
      to: Math.min(to, from + (pieces[n + 1]?.at ?? total) - at, from + total - at),
    }))
    .filter(({ from, to }) => to > from);
}
