/** Whether lips are seen to move as they were asked to: what is measured in some frames against the curve of the jaw. Pure. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { levelAt } from "./talk-sound.ts";

/** Parts of a clip in each of which the widest and the narrowest mouth are looked at. */
const PARTS = 6;
/** Seconds at both ends in which a mouth may still be that of the picture, and of clips that are too short to leave them out. */
const ENDS = { seconds: 0.5, short: 2 };
/** How much wider the lips are parted, in E, where the jaw is open by 1. */
const USUAL_GAIN = 0.14;

/** Standard deviation of what is asked in the frames that are looked at: below it nothing can be told. */
const LEAST_ASKED = 0.08;
const LEAST_FRAMES = 6;
/** Below both, or below `least`, another motion is shown, or none. */
const OTHER = { likeness: 0.35, share: 0.2, least: 0.15 };
/** Below one of them the speech is weak. */
const WEAK = { likeness: 0.6, share: 0.4 };
/** Lips that fit so much better at another time are out of time, s. */
const LATE = { seconds: 0.1, better: 0.3, likeness: 0.6, reach: 0.4 };

/** A moment is silent that is so much below the loud ones, and short of it by `reach` s on both sides. */
const SILENT = { below: 40, floor: -55, reach: 0.12 };
/** The jaw is not asked to open. */
const SHUT = 0.05;
/** How much wider than in the picture the lips are parted, E. */
const OPEN = { weak: 0.06, wrong: 0.16, frames: 3 };

/** What is seen: by frame, how much wider the lips are parted than in the first one, E. */
export type Lips = Map<number, number>;
type Curve = readonly number[];

/** Frames to be looked at, in order: at most two for each part of the clip, or of what of it may be changed, by frame. */
export function framesOfLips(jaw: Curve, fps: number, free?: readonly boolean[]): number[] {
  const inside = jaw.flatMap((_, frame) => (free?.[frame] === false ? [] : [frame]));
  const whole = inside.length === jaw.length;
  // where lips come and go the mouth is still partly the one that was there
  const edge = whole ? (isShort(jaw, fps) ? 0 : Math.round(ENDS.seconds * fps)) : 0;
  const left = Math.max(whole ? 1 : 0, edge);
  const frames = whole ? inside.slice(left, inside.length - edge) : inside.filter((frame) => isInner(free!, frame));
  const part = frames.length / PARTS;
  const found = new Set<number>();
  for (let nth = 0; nth < PARTS; nth++) {
    const own = frames.slice(Math.floor(nth * part), Math.floor((nth + 1) * part));
    if (own.length === 0) continue;
    found.add(own.reduce((widest, frame) => (jaw[frame]! > jaw[widest]! ? frame : widest)));
    found.add(own.reduce((narrowest, frame) => (jaw[frame]! < jaw[narrowest]! ? frame : narrowest)));
  }
  return [...found].sort((a, b) => a - b);
}

/** Frames over which a new mouth comes and goes. */
const COMING = 4;

function isInner(free: readonly boolean[], frame: number): boolean {
  return free[frame - COMING] !== false && free[frame + COMING] !== false;
}

/** Whether a clip has hardly a moment in which the mouth of its picture has no part. */
export function isShort(jaw: Curve, fps: number): boolean {
  return jaw.length < ENDS.short * fps;
}

export function jawOf(motion: MotionFrames, nth: number): number[] {
  const { jawOpen } = motion.faces[nth]?.channels ?? {};
  return Array.from({ length: motion.frames }, (_, frame) => jawOpen?.[frame] ?? 0);
}

/**
 * Throws `check_out_of_sync` where the lips follow the curve at another time, and `check_other_motion` where they do not follow it.
 * `which` names the face.
 */
export function judgeLips(jaw: Curve, fps: number, lips: Lips, which: string): Warning[] {
  const frames = [...lips.keys()];
  const seen = frames.map((frame) => lips.get(frame)!);
  const askedAt = (lag: number) => frames.map((frame) => jaw[Math.min(jaw.length - 1, Math.max(0, frame - lag))]!);
  const now = fit(askedAt(0), seen);
  if (frames.length < LEAST_FRAMES || now.asked < LEAST_ASKED) return [];
  const { lag, likeness } = bestLag((by) => fit(askedAt(by), seen).likeness, Math.round(LATE.reach * fps));
  const apart = lag / fps;
  if (Math.abs(apart) >= LATE.seconds && likeness >= LATE.likeness && likeness > now.likeness + LATE.better) {
    const how = `${Math.round(Math.abs(apart) * 1000)} ms too ${apart > 0 ? "late" : "early"}`;
    throw new AppError("check_out_of_sync", `The lips in the finished video move ${how}${which}.`);
  }
  const figures = `about ${Math.round(100 * Math.max(0, now.share))} % of it is seen, at a correlation of ${now.likeness.toFixed(2)}`;
  if (now.likeness < OTHER.least || (now.likeness < OTHER.likeness && now.share < OTHER.share)) {
    throw new AppError(
      "check_other_motion",
      `The lips in the finished video do not follow the speech${which}: ${figures}.`,
    );
  }
  if (now.likeness >= WEAK.likeness && now.share >= WEAK.share) return [];
  return [{ code: "lips_weak", detail: `The lips follow the speech only weakly${which}: ${figures}.` }];
}

/** Throws `check_other_motion` where lips are wide open in silence although they were to be shut. `at`: when a frame is shown, s. */
export function judgeSilence(
  jaw: Curve,
  at: (frame: number) => number,
  lips: Lips,
  levels: Float32Array,
  which: string,
): Warning[] {
  const loud = [...levels].sort((a, b) => a - b)[Math.floor(levels.length * 0.95)] ?? 0;
  const silent = Math.max(SILENT.floor, loud - SILENT.below);
  const open = [...lips].flatMap(([frame, gap]) => {
    const quiet = levelAt(levels, at(frame), SILENT.reach) < silent;
    return quiet && jaw[frame]! < SHUT ? [gap] : [];
  });
  const wrong = open.filter((gap) => gap > OPEN.wrong).length;
  if (wrong >= OPEN.frames && wrong * 2 > open.length) {
    throw new AppError("check_other_motion", `The mouth in the finished video is open where nothing is said${which}.`);
  }
  const most = Math.max(0, ...open);
  if (most <= OPEN.weak) return [];
  const detail = `The lips do not quite meet where nothing is said${which}: ${most.toFixed(2)} of the distance of the eyes.`;
  return [{ code: "lips_open_in_silence", detail }];
}

type Fit = { asked: number; likeness: number; share: number };

/** Spread of what is asked, correlation, and slope by the usual gain. */
function fit(asked: number[], seen: number[]): Fit {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [a, s] = [mean(asked), mean(seen)];
  let [aa, ss, as] = [0, 0, 0];
  for (const [i, value] of asked.entries()) {
    aa += (value - a) ** 2;
    ss += (seen[i]! - s) ** 2;
    as += (value - a) * (seen[i]! - s);
  }
  return {
    asked: Math.sqrt(aa / Math.max(1, asked.length)),
    likeness: as / (Math.sqrt(aa * ss) || 1),
    share: as / (aa || 1) / USUAL_GAIN,
  };
}

function bestLag(likenessAt: (lag: number) => number, reach: number): { lag: number; likeness: number } {
  let best = { lag: 0, likeness: likenessAt(0) };
  for (let lag = -reach; lag <= reach; lag++) {
    const likeness = likenessAt(lag);
    if (likeness > best.likeness) best = { lag, likeness };
  }
  return best;
}
