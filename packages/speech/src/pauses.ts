/** When somebody speaks: pauses are silences that last, and the mouth opens before the sound and closes after it. */
import { clamp, framesOf, type Run, runsOf, smoothed, step } from "./series.ts";
import { type Shares, shareOf } from "./shapes.ts";

/** A shorter silence is part of a stop (t, k) or of a slow transition, in which the mouth goes on. Seconds. */
const LEAST_PAUSE = 0.12;
/** How the mouth leaves its rest before a sound, and eases back after one. Seconds, before and after the edge. */
const ONSET = { before: 0.08, after: 0.02 };
const OFFSET = { before: 0.02, after: 0.13 };
/** Speech that is shorter is a click or a breath. */
const LEAST_SPEECH = 0.04;

/** Stretches of speech, in frames. `silent`: the share of silence in each frame. */
export function speechRuns(shares: Shares): Run[] {
  const silent = smoothed(shareOf(shares, "sil"), 0.015);
  const pauses = runsOf(shares.frames, (frame) => silent[frame]! > 0.5).filter(
    ({ from, to }) => to - from >= framesOf(LEAST_PAUSE) || from === 0 || to === shares.frames,
  );
  const inPause = new Uint8Array(shares.frames);
  for (const { from, to } of pauses) inPause.fill(1, from, to);
  return runsOf(shares.frames, (frame) => inPause[frame] === 0).filter(
    ({ from, to }) => to - from >= framesOf(LEAST_SPEECH),
  );
}

/** How much of a movement is made in each frame, 0–1: all of it in speech, none at rest. */
export function gateOf(speech: readonly Run[], frames: number): Float32Array {
  const gate = new Float32Array(frames);
  for (const { from, to } of speech) {
    const first = Math.max(0, from - framesOf(ONSET.before));
    const last = Math.min(frames, to + framesOf(OFFSET.after));
    for (let frame = first; frame < last; frame++) {
      const opens = step((frame - (from - framesOf(ONSET.before))) / framesOf(ONSET.before + ONSET.after));
      const closes = step((to + framesOf(OFFSET.after) - frame) / framesOf(OFFSET.before + OFFSET.after));
      gate[frame] = Math.max(gate[frame]!, Math.min(opens, closes));
    }
  }
  return gate;
}

/** A breath before a phrase that follows a long pause: how far the jaw opens for it. */
export function breaths(speech: readonly Run[], frames: number): Float32Array {
  const jaw = new Float32Array(frames);
  const [depth, length, lead] = [0.05, framesOf(0.15), framesOf(0.09)];
  for (const [nth, { from }] of speech.entries()) {
    const silent = from - (speech[nth - 1]?.to ?? 0);
    if (silent < framesOf(0.4)) continue;
    for (let frame = Math.max(0, from - lead - length); frame < from - lead; frame++) {
      const x = clamp((frame - (from - lead - length)) / length, 0, 1);
      jaw[frame] = depth * Math.sin(Math.PI * x) ** 2;
    }
  }
  return jaw;
}
