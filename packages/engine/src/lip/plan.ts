/** What is done to each frame of the result: which frame of the video it shows, whose mouth it borrows, and how much of it. Pure. */
import { AppError } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type AskedMouth, askedMouths, type MouthRange, rangeOf } from "./asked.ts";
import { candidatesOf, chooseMouths } from "./choose.ts";
import type { Followed } from "./follow.ts";
import { type Look, percentile } from "./look.ts";
import { type Place, type Point, steadied, unitOf } from "./place.ts";
import { shownFrames, type Timing } from "./shown.ts";

/** Numbers of frames of the video whose mouths are lent, and how they are changed (`Lent`). */
export type Borrowed = { source: number; share: number; more: number; wider: number };

export type PlannedFrame = {
  /** Frame of the video that is shown. */
  shown: number;
  /** 0: it stays as it is. */
  strength: number;
  borrowed: Borrowed[];
};

export type LipPlan = {
  frames: PlannedFrame[];
  /** By frame of the video. */
  places: (Place | null)[];
  /** Middle of the mouth on the face. */
  mouth: Point;
  range: MouthRange;
  asked: AskedMouth[];
  /** Frames in which somebody speaks whose face could not be changed. */
  left: boolean[];
};

/** Degrees, and E in pixels: beyond them a face stays as it is. */
const MOST_TURNED = 35;
const LEAST_UNIT = 40;
/** Least of how far the lips are ever parted beyond their shut state, E, and frames that show it. */
const LEAST_RANGE = 0.03;
const LEAST_OPEN_FRAMES = 6;
/** A mouth of the frame itself that is as shut as this needs no other in a pause, E beyond the shut one. */
const SHUT_ENOUGH = 0.02;
/** Frames in which the frame's own mouth goes over into a borrowed one. */
const RAMP = 4;
/** Most that a borrowed mouth is changed, E. */
const MOST_MORE = 0.045;
const MOST_WIDER = 0.05;
/** Part of the mouth before in the first frame after a jump, and the other way round. */
const LINGERS = 0.3;

/** Throws `no_face`, `face_too_small`, `face_turned_away` and `mouth_not_seen`. */
export function planLips(followed: Followed, motion: MotionFrames, timing: Timing): LipPlan {
  const { looks, stamps } = followed;
  const usable = (look: Look) => Math.abs(look.yaw) <= MOST_TURNED && unitOf(look.place) >= LEAST_UNIT;
  const good = looks.filter((look): look is Look => look !== null && usable(look));
  requireUsable(looks, good);
  const range = rangeOf(good);
  requireMouth(good, range);
  const mouth = {
    x: percentile(
      good.map((look) => look.mouth.x),
      0.5,
    ),
    y: percentile(
      good.map((look) => look.mouth.y),
      0.5,
    ),
  };
  const asked = askedMouths(motion, range);
  const shown = shownFrames(stamps, motion, timing);
  const wanted = asked.map((each, n) => ({ asked: each, look: usableAt(looks[shown[n]!], usable) }));
  const way = chooseMouths(wanted, looks, candidatesOf(looks, usable), range);
  const can = wanted.map(({ look }, n) => look !== null && way[n] !== null);
  const needs = wanted.map(
    ({ asked: { rest }, look }) => !rest || (look !== null && look.gap > range.shut + SHUT_ENOUGH),
  );
  const strengths = strengthsOf(can, needs);
  const frames = shown.map((source, n) => ({
    shown: source,
    strength: strengths[n]!,
    borrowed: strengths[n]! > 0 ? borrowedBy(n, way, looks, asked) : [],
  }));
  const left = asked.map(({ rest }, n) => !rest && strengths[n]! < 0.5);
  return {
    frames,
    places: steadied(
      looks.map((look) => look?.place ?? null),
      mouth,
    ),
    mouth,
    range,
    asked,
    left,
  };
}

function usableAt(look: Look | null | undefined, usable: (look: Look) => boolean): Look | null {
  return look && usable(look) ? look : null;
}

function requireUsable(looks: readonly (Look | null)[], good: readonly Look[]): void {
  if (good.length > 0) return;
  const seen = looks.filter((look): look is Look => look !== null);
  if (seen.length === 0) throw new AppError("no_face", "No face was found in the video.");
  const largest = Math.max(...seen.map(({ place }) => unitOf(place)));
  if (largest < LEAST_UNIT) {
    const size = `its eyes are at most ${Math.round(largest)} pixels apart, and ${LEAST_UNIT} are needed`;
    throw new AppError("face_too_small", `The face in the video is too small: ${size}.`);
  }
  throw new AppError("face_turned_away", "The face in the video is turned away throughout.");
}

function requireMouth(good: readonly Look[], range: MouthRange): void {
  const open = good.filter(({ gap }) => gap > range.shut + LEAST_RANGE).length;
  if (open >= LEAST_OPEN_FRAMES) return;
  throw new AppError(
    "mouth_not_seen",
    "Not enough of the mouth is seen: mouths are borrowed from the video itself, and in it the lips hardly part. " +
      "Use a video in which the person speaks for some seconds.",
  );
}

/** A mouth that is needed comes and goes over some frames of rest; where it can't be had, the others do. */
function strengthsOf(can: readonly boolean[], needs: readonly boolean[]): number[] {
  return can.map((able, n) => {
    if (!able) return 0;
    let [needed, near] = [0, 1];
    for (let d = -RAMP; d <= RAMP; d++) {
      const share = Math.abs(d) / RAMP;
      if (needs[n + d]) needed = Math.max(needed, 1 - share);
      if (can[n + d] === false) near = Math.min(near, share);
    }
    return smooth(Math.min(needed, near));
  });
}

function smooth(share: number): number {
  return share * share * (3 - 2 * share);
}

/** The mouth that was chosen; around a jump, the one before or after it as well, unless the lips have to meet. */
function borrowedBy(
  n: number,
  way: readonly (number | null)[],
  looks: readonly (Look | null)[],
  asked: readonly AskedMouth[],
): Borrowed[] {
  const own = way[n]!;
  const [before, after] = [way[n - 1] ?? null, way[n + 1] ?? null];
  const fits = (source: number): boolean => looks[source] != null;
  const other: number[] = [];
  if (!asked[n]!.shut) {
    if (before !== null && before !== own && before + 1 !== own) other.push(fits(before + 1) ? before + 1 : before);
    if (after !== null && after !== own && own + 1 !== after) other.push(fits(after - 1) ? after - 1 : after);
  }
  const shares = [
    { source: own, share: 1 - LINGERS * other.length },
    ...other.map((source) => ({ source, share: LINGERS })),
  ];
  return shares
    .filter(({ source }) => source >= 0)
    .map(({ source, share }) => {
      const { gap, width } = looks[source]!;
      return {
        ...{ source, share },
        more: clamp(asked[n]!.gap - gap, MOST_MORE),
        wider: clamp(asked[n]!.width - width, MOST_WIDER),
      };
    });
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}
