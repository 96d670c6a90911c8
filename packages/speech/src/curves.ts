/** From shapes to the movements of the mouth, 100 a second. */
import { applyClosures, type Closure, closuresOf, LIP_AND_TEETH, LIPS } from "./closures.ts";
import { breaths, gateOf, speechRuns } from "./pauses.ts";
import { clamp, limitSpeed, type Run } from "./series.ts";
import type { Shares } from "./shapes.ts";
import { MOVES, type Move, type Moves, targetsOf } from "./targets.ts";

export type MouthOptions = {
  shares: Shares;
  /** How far the jaw is open by another measurement, 0–1; it has half of the say. */
  jaw?: Float32Array | undefined;
  /** 0–1 in each frame: loud vowels open more, a whisper still articulates. */
  loudness: Float32Array;
  /** Level of the sound's heights in each frame, dB, where nothing but the sound tells about closures. */
  brightness?: Float32Array | undefined;
  /** How large vowels are; closures are whole at any. */
  intensity: number;
  /** Movements that last under the speech. */
  mood: Partial<Record<Move, number>>;
  /** How much of the mood there is in each frame, 0–1. */
  moodShare?: Float32Array;
};

export type MouthCurves = { moves: Moves; speech: Run[]; closures: Closure[] };

/** The most that a jaw and lips move in a second. */
const SPEED = { jaw: 8, lips: 12 } as const;
const JAW_BY_LOUDNESS = { least: 0.55, more: 0.6 } as const;
/** A round mouth cannot smile as well: of the smile, this is lost at the roundest. */
const ROUND_AGAINST_SMILE = 0.6;

export function mouthCurves(options: MouthOptions): MouthCurves {
  const { shares, jaw, loudness, intensity, mood, moodShare } = options;
  const { frames } = shares;
  const speech = speechRuns(shares);
  const gate = gateOf(speech, frames);
  const breath = breaths(speech, frames);
  const moves = targetsOf(shares, speech);
  if (jaw) moves.jawOpen = moves.jawOpen.map((value, frame) => 0.5 * value + 0.5 * (jaw[frame] ?? value));
  // lips that hardly open need not press
  const pressing = Math.min(1, 2 * intensity);
  for (const move of MOVES) {
    const presses = move === "mouthPress" || move === "mouthRollLower" || move === "mouthRollUpper";
    const size = presses ? pressing : intensity;
    moves[move] = moves[move].map((value, frame) => clamp(value * size * gate[frame]!, 0, 1));
  }
  const open = (frame: number) => JAW_BY_LOUDNESS.least + JAW_BY_LOUDNESS.more * (loudness[frame] ?? 0);
  moves.jawOpen = moves.jawOpen.map((value, frame) => clamp(value * open(frame) + intensity * breath[frame]!, 0, 1));
  addMood(moves, mood, moodShare);
  const lips = closuresOf(shares, "PP", LIPS, options.brightness);
  const teeth = closuresOf(shares, "FF", LIP_AND_TEETH);
  applyClosures(moves, gated(lips.amount, gate, pressing), gated(teeth.amount, gate, pressing));
  for (const move of MOVES) limitSpeed(moves[move], move === "jawOpen" ? SPEED.jaw : SPEED.lips);
  return { moves, speech, closures: [...lips.events, ...teeth.events] };
}

function addMood(moves: Moves, mood: Partial<Record<Move, number>>, share?: Float32Array): void {
  const round = moves.mouthPucker.map((value, frame) => Math.max(value, moves.mouthFunnel[frame]!));
  for (const [move, value] of Object.entries(mood) as [Move, number][]) {
    moves[move] = moves[move].map((spoken, frame) => {
      const kept = move === "mouthSmile" ? 1 - ROUND_AGAINST_SMILE * Math.min(1, round[frame]!) : 1;
      return clamp(spoken + value * kept * (share?.[frame] ?? 1), 0, 1);
    });
  }
}

/** A closure in a pause is a mouth at rest, not pressed lips. */
function gated(amount: Float32Array, gate: Float32Array, size: number): Float32Array {
  return amount.map((value, frame) => value * gate[frame]! * (size > 0 ? 1 : 0));
}

/** How open the mouth looks by its curves: 0 is shut, "aa" about 0.6. */
export function opening(moves: Readonly<Record<"jawOpen" | "mouthLowerDown" | "mouthUpperUp", number>>): number {
  return moves.jawOpen + 0.35 * (moves.mouthLowerDown + moves.mouthUpperUp);
}
