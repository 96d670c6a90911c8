/** Head, brows, lids and gaze of somebody who speaks to us: they follow the tune of the voice, and differ with the seed. */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { blinksOf } from "./blinks.ts";
import type { Prosody } from "./prosody.ts";
import { clamp, framesOf, RATE, smoothed, step } from "./series.ts";

export const HEAD_MOVES = ["pitch", "yaw", "roll", "browInner", "browOuter", "blink", "gazeX", "gazeY"] as const;
/** Degrees for `pitch`, `yaw`, `roll` and gaze (+ to the right of the picture, + down), 0–1 for the others. */
export type HeadMoves = Record<(typeof HEAD_MOVES)[number], Float32Array>;

/** Degrees, and shares of a raised brow: what looked calm. The head stays close to the camera, as it does in a talk between two. */
const NOD = { least: 1.2, more: 1.8 } as const;
const BROWS = { least: 0.18, more: 0.27, outer: 0.5 } as const;
const SWAY = { yaw: 2.2, roll: 1.4, pitch: 0.8 } as const;
const FINAL_NOD = 1.2;
const QUESTION = { brows: 0.3, pitch: -1 } as const;
/** Before the loudest moment of an accent, seconds. */
const EARLY = 0.06;
/** A pause in which somebody may look away, seconds. */
const LONG_PAUSE = 0.55;

/** `intensity` sizes all but blinks and gaze. */
export function headMoves(prosody: Prosody, frames: number, seed: number, intensity: number): HeadMoves {
  const moves = Object.fromEntries(HEAD_MOVES.map((name) => [name, new Float32Array(frames)])) as HeadMoves;
  const random = randomFrom(seed);
  sway(moves, prosody, random);
  for (const { frame, strength } of prosody.accents) {
    const apex = frame - framesOf(EARLY);
    const size = 0.85 + 0.3 * random();
    add(moves.pitch, apex, 0.18, 0.34, size * (NOD.least + NOD.more * strength));
    if (random() > 0.35 + 0.5 * strength) continue;
    const brows = size * (BROWS.least + BROWS.more * strength);
    add(moves.browInner, apex, 0.16, 0.3, brows);
    add(moves.browOuter, apex, 0.16, 0.3, brows * BROWS.outer);
  }
  for (const { to, rises } of prosody.phrases) {
    const apex = to - framesOf(0.05);
    if (rises) {
      add(moves.browInner, apex, 0.3, 0.4, QUESTION.brows);
      add(moves.browOuter, apex, 0.3, 0.4, QUESTION.brows);
    }
    add(moves.pitch, apex, 0.35, 0.45, rises ? QUESTION.pitch : FINAL_NOD);
  }
  for (const name of ["pitch", "yaw", "roll", "browInner", "browOuter"] as const) {
    const most = name.startsWith("brow") ? 0.6 : 6;
    moves[name] = smoothed(moves[name], 0.03).map((value) => clamp(value * intensity, -most, most));
  }
  gaze(moves, prosody, random);
  moves.blink = blinksOf(prosody.phrases, frames, random);
  return moves;
}

/** A rise to `height` at the frame `apex`, and a fall; seconds. */
function add(values: Float32Array, apex: number, rise: number, fall: number, height: number): void {
  const [first, last] = [apex - framesOf(rise), apex + framesOf(fall)];
  for (let frame = Math.max(0, first); frame < Math.min(values.length, last); frame++) {
    const share = frame < apex ? (frame - first) / (apex - first) : (last - frame) / (last - apex);
    values[frame]! += height * step(share);
  }
}

/** Slow, without a period that one sees, and only while there is speech. */
function sway(moves: HeadMoves, { phrases }: Prosody, random: () => number): void {
  const speaks = new Float32Array(moves.yaw.length);
  for (const { from, to } of phrases) speaks.fill(1, from, to);
  const share = smoothed(speaks, 0.3);
  for (const [name, size] of Object.entries(SWAY) as [keyof typeof SWAY, number][]) {
    const waves = [0.13, 0.23, 0.41].map((hertz) => ({
      hertz: hertz * (0.85 + 0.3 * random()),
      phase: 2 * Math.PI * random(),
    }));
    for (let frame = 0; frame < share.length; frame++) {
      const sum = waves.reduce(
        (all, { hertz, phase }) => all + Math.sin((2 * Math.PI * hertz * frame) / RATE + phase),
        0,
      );
      moves[name][frame]! += (size * share[frame]! * sum) / waves.length;
    }
  }
}

/** The eyes stay on the camera while the head moves; in half of the long pauses they look away for a moment. */
function gaze(moves: HeadMoves, { phrases }: Prosody, random: () => number): void {
  for (const [nth, { to }] of phrases.entries()) {
    const until = phrases[nth + 1]?.from;
    const away = random() < 0.5;
    const [size, side, down] = [2 + random(), random() < 0.5 ? -1 : 1, random()];
    if (until === undefined || !away || until - to < framesOf(LONG_PAUSE)) continue;
    const first = to + framesOf(0.1);
    const last = until - framesOf(0.12);
    for (let frame = first; frame < last; frame++) {
      // a saccade of this size takes 30 to 40 ms
      const share = Math.min(step((frame - first) / 4), step((last - frame) / 4));
      moves.gazeX[frame]! += side * size * share;
      moves.gazeY[frame]! += (down - 0.3) * size * 0.6 * share;
    }
  }
  moves.gazeX = moves.gazeX.map((value, frame) => value - moves.yaw[frame]!);
  moves.gazeY = moves.gazeY.map((value, frame) => value - moves.pitch[frame]!);
}
