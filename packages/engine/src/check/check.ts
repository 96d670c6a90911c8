/** Judges a finished video by what was asked for: the curves, the cast and the picture; never by what an engine says of it. */
import type { AnimateCheck, AnimateCheckResult } from "@smileloop/core/engine/tasks/animate.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { TaskContext } from "../task.ts";
import type { Agreement, Agreements } from "./agreement.ts";
import type { Demand } from "./demands.ts";
import { type Evidence, examine } from "./evidence.ts";
import type { Frozen } from "./frozen.ts";
import type { Moved } from "./measure.ts";
import { type Strength, usualGain } from "./strength.ts";

/** Below it a motion is too small to be told from none. */
const LEAST_INTENSITY = 0.1;
/** Every motion that is as strong as this changes the picture by more than `LEAST_CHANGE`. */
const LEAST_STRENGTH = 0.2;
/**
 * How much has to be asked for before anything can be told, and below which part of it, or at which correlation, another motion is
 * shown. Of the presets on nine portraits at 256² and 512², each as it should be, the least was 0.77 of all measures together at a
 * correlation of 0.52 (a face turned by 35°; else 0.66). `tools/quality/refusals.ts` makes further clips: of 235 none was refused.
 */
const LEAST = {
  all: { asked: 60, share: 0.4, likeness: 0.4 },
  each: { asked: 30, share: 0.15 },
  whole: { asked: 300, share: 0.35 },
};
/**
 * A movement that was asked for strongly, or the motion as a whole, is weak below this share, where that can be told: it is known to
 * `spread`, and so many of these less than asked.
 */
const WEAK = { share: 0.7, spreads: 2 };
/** Engines show a driving clip by tracks of their own (`native`), each in its way. */
const LEAST_NATIVE = { share: 0.15, likeness: 0.2 };
const MIN_MESH_SCORE = 0.6;
/**
 * Seen on nine portraits (photos and paintings), four presets, 256² and 512², intensities 0.1 to 1.5: the same face has a look
 * ≥ 0.99, a colour ≤ 0.015 and a shape ≤ 0.008; of two faces the most alike have 0.89, 0.11 and 0.02.
 */
const LEAST_LOOK = 0.95;
const MOST_COLOUR = 0.06;
const MOST_SHAPE = 0.05;
/** A still clip reaches 0.33, the weakest motion (intensity 0.1) 1.5. */
const LEAST_CHANGE = 0.7;

/**
 * Throws one of the `check_…` codes where the video is certainly not what was asked for, or what reading the picture and the cast throws.
 * Single movements that come out weaker than asked are warnings.
 */
export async function check(
  { inputs, files, cast, motion: packed, params }: AnimateCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<AnimateCheckResult> {
  const motion = await unpackFrames(packed);
  const { faces, info, poster, timings } = await examine(
    { picture: inputs.image[0]!.path, ...files, poster: files.poster, cast, motion },
    signal,
  );
  const warnings: Warning[] = [];
  for (const face of faces) {
    const which = faces.length > 1 ? ` (face ${face.index})` : "";
    requireFace(face, which);
    if (params.intensity < LEAST_INTENSITY) continue;
    requireMoving(face, which);
    requireMotion(face.agreements, motion.native !== undefined, which);
    requireUnfrozen(face, motion.fps, which);
    warnings.push(...warnOfWeak(face, motion.fps, which));
  }
  const { width, height, fps, frames, duration, bytes } = info;
  return { video: { width, height, fps, frames, duration, bytes }, ...(poster && { poster }), warnings, timings };
}

/** Throws `check_no_face` or `check_other_face`. */
export function requireFace({ likeness, meshScore }: Pick<Evidence, "likeness" | "meshScore">, which: string): void {
  if (meshScore < MIN_MESH_SCORE) throw new AppError("check_no_face", `The finished video shows no face${which}.`);
  if (likeness.look < LEAST_LOOK || likeness.colour > MOST_COLOUR || likeness.shape > MOST_SHAPE) {
    throw new AppError("check_other_face", `The finished video does not begin with the face of the picture${which}.`);
  }
}

function requireMoving({ change, strength }: Evidence, which: string): void {
  if (strength >= LEAST_STRENGTH && change < LEAST_CHANGE) {
    throw new AppError("check_still", `Nothing moves in the finished video${which}.`);
  }
}

function requireUnfrozen({ frozen }: Evidence, fps: number, which: string): void {
  if (isTooFar(frozen)) throw new AppError("check_still", standsStill(frozen, fps, which));
}

function isTooFar(frozen: Frozen | undefined): frozen is Frozen {
  return frozen !== undefined && frozen.due > frozen.most;
}

function standsStill({ first, last }: Frozen, fps: number, which: string): string {
  const [from, to] = [first, last].map((frame) => (frame / fps).toFixed(1));
  return `The finished video stands still from ${from} to ${to} s, where it should move${which}.`;
}

function requireMotion({ all, each, whole }: Agreements, native: boolean, which: string): void {
  const refuse = (what: string, { share, likeness }: Agreement): never => {
    const seen = `${Math.max(0, Math.round(100 * share))} % of it is seen, at a correlation of ${likeness.toFixed(2)}`;
    throw new AppError("check_other_motion", `The finished video does not move as asked${which}: of ${what}, ${seen}.`);
  };
  const least = native ? LEAST_NATIVE : LEAST.all;
  if (all.asked >= LEAST.all.asked && (all.share < least.share || all.likeness < least.likeness)) {
    refuse("the motion", all);
  }
  if (native) return;
  if (whole.asked >= LEAST.whole.asked && whole.share < LEAST.whole.share) refuse("the motion", whole);
  for (const [kind, agreement] of each) {
    if (NAMES[kind] && agreement.asked >= LEAST.each.asked && agreement.share < LEAST.each.share) {
      refuse(NAMES[kind], agreement);
    }
  }
}

/** What is refused for one of them that is missing; heads may be held back by the edge of the picture, and lower lips by smiles. */
const NAMES: Partial<Record<keyof Moved, string>> = {
  smile: "the smile",
  lips: "the parting of the lips",
  lids: "the closing of the eyes",
  wink: "the wink",
  pitch: "the nod",
  pucker: "the pursing of the lips",
  yaw: "the turn of the head",
  roll: "the tilt of the head",
};

function warnOfWeak(
  { demands, followed, perhapsFrozen, strengths: { whole, each } }: Evidence,
  fps: number,
  which: string,
): Warning[] {
  const weak = demands.filter(({ kind }) => isWeak(each.get(kind)));
  if (weak.length > 0) {
    return weak.map((demand) => ({ code: "motion_weak", detail: figuresOf(demand, followed, fps, which) }));
  }
  if (isTooFar(perhapsFrozen)) return [{ code: "motion_weak", detail: standsStill(perhapsFrozen, fps, which) }];
  if (!isWeak(whole)) return [];
  const detail = `The motion is weaker than asked${which}: about ${Math.max(0, Math.round(100 * whole.share))} % of it is seen.`;
  return [{ code: "motion_weak", detail }];
}

function isWeak(strength: Strength | undefined): boolean {
  return strength !== undefined && strength.share < WEAK.share && 1 - strength.share >= WEAK.spreads * strength.spread;
}

/** In the unit of the channels, where it is missed by most. */
function figuresOf(
  { kind, frames, asked }: Demand,
  followed: Evidence["followed"],
  fps: number,
  which: string,
): string {
  const looks = frames.map((frame, i) => {
    const seen = (followed.get(frame)?.[kind] ?? 0) / usualGain(kind);
    return { frame, asked: Math.abs(asked[i]!), seen: Math.max(0, seen * Math.sign(asked[i]!)) };
  });
  const { frame, ...worst } = looks.sort((a, b) => a.seen / a.asked - b.seen / b.asked)[0]!;
  const degrees = ["pitch", "yaw", "roll"].includes(kind);
  const shown = (value: number) => (degrees ? `${Math.round(value)}°` : value.toFixed(2));
  return `${LESS[kind]} less than asked${which}: ${shown(worst.seen)} of ${shown(worst.asked)} at ${(frame / fps).toFixed(1)} s.`;
}

const LESS: Record<Demand["kind"], string> = {
  smile: "The mouth smiles",
  lids: "The eyes close",
  wink: "The eye winks",
  pitch: "The head nods",
  pucker: "The lips purse",
  yaw: "The head turns",
  roll: "The head tilts",
  x: "The head moves to the side",
  y: "The head moves up or down",
  growth: "The head grows",
  jaw: "The mouth opens",
};
