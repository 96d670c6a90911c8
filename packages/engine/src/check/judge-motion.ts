/** Whether a face moves as it was asked to, and strongly enough: what is certainly wrong is refused, a weakness is a warning. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Agreement } from "./agreement.ts";
import type { Demand } from "./demands.ts";
import type { Evidence } from "./evidence.ts";
import type { Frozen } from "./frozen.ts";
import type { Moved } from "./measure.ts";
import { type Strength, usualGain } from "./strength.ts";

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
 * A motion is weak below this share of what was asked, where that can be told: it is known to `spread`, and so many of these less than
 * asked. A single movement below `each`, though the whole is strong: faces that smile already let single smiles go before they smile anew.
 */
const WEAK = { share: 0.7, each: 0.5, spreads: 2 };
/** Engines show a driving clip by tracks of their own (`native`), each in its way. */
const LEAST_NATIVE = { share: 0.15, likeness: 0.2 };
const WEAK_NATIVE = { ...WEAK, share: 0.4, each: 0.4 };

/** Throws `check_still`. */
export function requireUnfrozen({ frozen }: Pick<Evidence, "frozen">, fps: number, which: string): void {
  if (isTooFar(frozen)) throw new AppError("check_still", standsStill(frozen, fps, which));
}

function isTooFar(frozen: Frozen | undefined): frozen is Frozen {
  return frozen !== undefined && frozen.due > frozen.most;
}

function standsStill({ first, last }: Frozen, fps: number, which: string): string {
  const [from, to] = [first, last].map((frame) => (frame / fps).toFixed(1));
  return `The finished video stands still from ${from} to ${to} s, where it should move${which}.`;
}

/** Throws `check_other_motion`. */
export function requireMotion(
  { agreements: { all, each, whole }, strengths }: Pick<Evidence, "agreements" | "strengths">,
  native: boolean,
  which: string,
): void {
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
    const name = NAMES[kind];
    if (!name || agreement.asked < LEAST.each.asked) continue;
    // landmarks lose the turns of single painted faces, which can be followed there
    const followed = kind === "lips" ? undefined : strengths.each.get(kind);
    if (Math.max(agreement.share, followed?.share ?? 0) < LEAST.each.share) refuse(name, agreement);
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

/** What came out weaker than asked, with its figures. */
export function warnOfWeak(
  {
    demands,
    followed,
    perhapsFrozen,
    strengths: { whole, each },
  }: Pick<Evidence, "demands" | "followed" | "perhapsFrozen" | "strengths">,
  { fps, native }: Pick<MotionFrames, "fps" | "native">,
  which: string,
): Warning[] {
  const { share, each: least } = native ? WEAK_NATIVE : WEAK;
  const isAllWeak = isWeak(whole, share);
  const weak = demands.filter(({ kind }) => isWeak(each.get(kind), isAllWeak ? share : least));
  if (weak.length > 0) {
    return weak.map((demand) => ({ code: "motion_weak", detail: figuresOf(demand, followed, fps, which) }));
  }
  if (isTooFar(perhapsFrozen)) return [{ code: "motion_weak", detail: standsStill(perhapsFrozen, fps, which) }];
  if (!isAllWeak) return [];
  const detail = `The motion is weaker than asked${which}: about ${Math.max(0, Math.round(100 * whole.share))} % of it is seen.`;
  return [{ code: "motion_weak", detail }];
}

function isWeak(strength: Strength | undefined, least: number): boolean {
  return strength !== undefined && strength.share < least && 1 - strength.share >= WEAK.spreads * strength.spread;
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
