/**
 * Lips that touch (m, b, p), and a lip that touches the teeth (f, v). A jaw that is smooth enough to look alive never shuts for a "b" of
 * 60 ms, so closures are put over the finished curves, and onto the frames of the clip.
 */

import { clamp, dilated, RATE, type Run, runsOf, smoothed } from "./series.ts";
import { type Shares, shareOf } from "./shapes.ts";
import type { Moves } from "./targets.ts";
import type { Viseme } from "./visemes.ts";

/** A closure and the middle of it, seconds. */
export type Closure = { start: number; end: number; middle: number };

export type Closures = {
  /** How far the lips are closed in each frame, 0–1. */
  amount: Float32Array;
  events: Closure[];
};

type Rule = {
  /** A share that is reached somewhere in a closure, and one that is kept throughout. */
  peak: number;
  kept: number;
  /** Frames that a closure has at least, and by how many its ends go out beyond what is certain. */
  least: number;
  margin: number;
};
/** The network is never quite certain of short closures: of what it takes for one, nearly all are (docs/speech.md). */
export const LIPS: Rule = { peak: 0.45, kept: 0.45, least: 4, margin: 0 };
export const LIP_AND_TEETH: Rule = { peak: 0.25, kept: 0.2, least: 5, margin: 0 };
/** The edges of a closure, seconds: quick, as lips are. */
const EDGE = 0.016;
/** What is less than certain closes the mouth in part. */
const DOUBT = { floor: 0.2, gain: 1, most: 0.4 } as const;

/**
 * `brightness`: level of what is high in the sound in each frame, dB. With it, closures of lips that the shares leave open are judged by
 * what is heard as well.
 */
export function closuresOf(shares: Shares, viseme: "PP" | "FF", rule: Rule, brightness?: Float32Array): Closures {
  const share = shareOf(shares, viseme);
  const runs = runsOf(shares.frames, (frame) => share[frame]! >= (brightness ? JUDGED.kept : rule.kept)).filter(
    (run) => (brightness ? isClosure(run, shares, share, brightness) : mostOf(share, run) >= rule.peak),
  );
  const events = runs.map((run) => eventOf(run, share));
  const sure = new Float32Array(shares.frames);
  for (const { from, to } of runs) {
    const short = Math.max(0, rule.least - (to - from)) / 2;
    const [first, last] = [
      from - Math.max(rule.margin, Math.ceil(short)),
      to + Math.max(rule.margin, Math.floor(short)),
    ];
    sure.fill(1, Math.max(0, first), Math.min(shares.frames, last));
  }
  const hard = smoothed(sure, EDGE);
  const soft = smoothed(dilated(share, 1), EDGE);
  const amount = hard.map((value, frame) => {
    const doubtful = clamp((soft[frame]! - DOUBT.floor) * DOUBT.gain, 0, DOUBT.most);
    return clamp(Math.max(value * 1.25, doubtful), 0, 1);
  });
  return { amount, events };
}

/**
 * Logistic regression on closures that were offered, right and wrong ones (of one speaker, who is not in the figures of docs/speech.md): how sure the network is, how
 * long it is (seconds), by how much the sound loses its heights beside the louder neighbour (dB), and what else it may be.
 */
const JUDGED = { kept: 0.25, always: 0.9, base: -1.85, peak: 0.66, length: -1.5, fall: 0.039, least: -1.65 } as const;
const ELSE: Partial<Record<Viseme, number>> = { sil: 1.64, FF: -2.09, nn: -1.14, U: -0.5 };
/** Where its neighbours are, seconds. */
const BESIDE = 0.12;

function isClosure(run: Run, shares: Shares, share: Float32Array, brightness: Float32Array): boolean {
  const peak = Math.min(0.999, mostOf(share, run));
  if (peak >= JUDGED.always) return true;
  const around = { from: run.from - Math.round(BESIDE * RATE), to: run.to + Math.round(BESIDE * RATE) };
  const fall = mostOf(brightness, around) - Math.min(...brightness.subarray(run.from, run.to));
  const length = (run.to - run.from) / RATE;
  let score = JUDGED.base + JUDGED.peak * Math.log(peak / (1 - peak));
  score += JUDGED.length * length + JUDGED.fall * Math.min(40, fall);
  for (const [viseme, weight] of Object.entries(ELSE) as [Viseme, number][]) {
    const values = shareOf(shares, viseme).subarray(run.from, run.to);
    score += (weight * values.reduce((sum, value) => sum + value, 0)) / values.length;
  }
  return score >= JUDGED.least;
}

function mostOf(values: Float32Array, { from, to }: Run): number {
  return values.subarray(Math.max(0, from), to).reduce((most, value) => Math.max(most, value), -Infinity);
}

function eventOf({ from, to }: Run, share: Float32Array): Closure {
  let [sum, moment] = [0, 0];
  for (let frame = from; frame < to; frame++) {
    sum += share[frame]!;
    moment += share[frame]! * (frame + 0.5);
  }
  return { start: from / RATE, end: to / RATE, middle: moment / sum / RATE };
}

/** Shuts the mouth: `intensity` has no say in it, a weak "b" is as shut as a strong one. */
export function applyClosures(moves: Moves, lips: Float32Array, teeth: Float32Array): void {
  for (let frame = 0; frame < lips.length; frame++) {
    const [open, f] = [1 - lips[frame]!, teeth[frame]!];
    moves.jawOpen[frame]! *= open * (1 - 0.8 * f);
    moves.mouthFunnel[frame]! *= open * (1 - 0.5 * f);
    moves.mouthLowerDown[frame]! *= open * (1 - f);
    moves.mouthUpperUp[frame]! = open * Math.max(moves.mouthUpperUp[frame]!, 0.55 * f);
    moves.mouthRollLower[frame]! = Math.max(moves.mouthRollLower[frame]! * open, 0.7 * f * open, 0.25 * lips[frame]!);
    moves.mouthRollUpper[frame]! = Math.max(moves.mouthRollUpper[frame]!, 0.15 * lips[frame]!);
    moves.mouthPress[frame]! = Math.max(moves.mouthPress[frame]!, 0.45 * lips[frame]!);
    moves.tongueOut[frame]! *= open * (1 - f);
  }
}
