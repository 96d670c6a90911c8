/** What is done to each frame of the result: which frame of the video it shows, whose mouth it borrows, and how much of it. Pure. */
import { AppError } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type AskedMouth, askedMouths, type MouthRange, rangeOf } from "./asked.ts";
import { borrowedBy } from "./borrow.ts";
import { candidatesOf, chooseMouths, type Wanted } from "./choose.ts";
import { drawnBy, drawnFramesOf } from "./drawn-frames.ts";
import type { Followed } from "./follow.ts";
import { type Look, percentile } from "./look.ts";
import type { Borrowed } from "./patch.ts";
import { type Place, type Point, unitOf } from "./place.ts";
import { framesInSpans, shownFrames, type Timing } from "./shown.ts";

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
  /** Why some mouths are drawn. */
  drawn: Drawn | null;
  /** Frames in which somebody speaks and whose mouth is to be another one, and those of them whose face could not be changed. */
  spoken: boolean[];
  left: boolean[];
};

/** Degrees, and E in pixels: beyond them a face stays as it is. */
const MOST_TURNED = 35;
const LEAST_UNIT = 40;
/** Least of how far the lips are ever parted beyond their shut state, E, and frames that show it: less follows speech worse than a drawn mouth. */
const LEAST_RANGE = 0.05;
const LEAST_OPEN_FRAMES = 6;
/** Lips that are parted so far at the least show teeth, E. */
const MOST_SHUT = 0.05;
/** Part of the gap of a mouth that never shuts, below which it is drawn; above it, it goes over into others of the video. */
const DRAWN_BELOW = 0.75;
/** A mouth of the frame itself that is as shut as this needs no other in a pause, E beyond the shut one. */
const SHUT_ENOUGH = 0.02;
/** Frames in which the frame's own mouth goes over into a borrowed one. */
const RAMP = 4;
/** The lips of the video hardly part, or never meet. */
export type Drawn = "hardly_opens" | "never_shuts";

/** Throws `no_face`, `face_too_small` and `face_turned_away`. */
export function planLips(followed: Followed, motion: MotionFrames, timing: Timing): LipPlan {
  const { looks, stamps } = followed;
  const usable = (look: Look) => Math.abs(look.yaw) <= MOST_TURNED && unitOf(look.place) >= LEAST_UNIT;
  const good = looks.filter((look): look is Look => look !== null && usable(look));
  requireUsable(looks, good);
  const range = rangeOf(good);
  const drawn = drawnIn(good, range);
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
  // a mouth that never shuts by itself is drawn shut
  const shut = drawn === "never_shuts" ? 0 : range.shut;
  const said = askedMouths(motion, { ...range, shut });
  const shown = shownFrames(stamps, motion, timing);
  const free = framesInSpans(motion, timing);
  const own = shown.map((source) => usableAt(looks[source], usable));
  const needs = said.map(({ rest }, n) => !rest || (own[n] !== null && own[n]!.gap > shut + SHUT_ENOUGH));
  const seen = own.map((look, n) => look !== null && free[n]!);
  const wanted = goneOver(said, own, strengthsOf(seen, needs));
  const asked = wanted.map((each) => each.asked);
  const choose = (list: Wanted[], candidates: number[]) => chosenWithin(free, list, looks, candidates, range);
  const shares = asked.map(({ gap }) => drawnShare(drawn, gap, range));
  const drawnWay = drawn && choose(wanted.map(asItIs), drawnFramesOf(looks, usable));
  const way = shares.every((share) => share === 1)
    ? drawnWay!
    : choose(wanted.map(asItCan(range)), candidatesOf(looks, usable));
  const can = wanted.map(({ look }, n) => look !== null && way[n] !== null && drawnWay?.[n] !== null);
  const strengths = strengthsOf(can, needs);
  const frames = shown.map((source, n) => {
    const by = (share: number, lent: Borrowed[]) =>
      share > 0 ? lent.map((each) => ({ ...each, share: share * each.share })) : [];
    const borrowed =
      strengths[n] === 0
        ? []
        : [
            ...by(1 - shares[n]!, shares[n] === 1 ? [] : borrowedBy(n, way, looks, asked)),
            ...by(shares[n]!, drawnWay ? drawnBy(n, drawnWay) : []),
          ];
    return { shown: source, strength: strengths[n]!, borrowed };
  });
  const spoken = asked.map(({ rest }, n) => !rest && isWithin(free, n));
  const left = spoken.map((is, n) => is && strengths[n]! < 0.5);
  return {
    frames,
    places: looks.map((look) => look?.place ?? null),
    mouth,
    range,
    asked,
    drawn,
    spoken,
    left,
  };
}

/** `chooseMouths` for the frames that may be changed; the others need none. */
function chosenWithin(
  free: readonly boolean[],
  wanted: readonly Wanted[],
  ...rest: [looks: Parameters<typeof chooseMouths>[1], candidates: readonly number[], range: MouthRange]
): (number | null)[] {
  const chosen = chooseMouths(
    wanted.filter((_, n) => free[n]),
    ...rest,
  ).values();
  return wanted.map((_, n) => (free[n] ? chosen.next().value! : null));
}

/** Whether a frame is so far within what may be changed that its mouth is a whole new one. */
function isWithin(free: readonly boolean[], n: number): boolean {
  for (let d = -RAMP; d <= RAMP; d++) if (free[n + d] === false) return false;
  return true;
}

/** How much of a mouth is drawn that is to be parted so far. */
function drawnShare(drawn: Drawn | null, gap: number, { shut }: MouthRange): number {
  if (drawn !== "never_shuts") return drawn ? 1 : 0;
  return 1 - smooth(Math.min(1, Math.max(0, (gap / shut - DRAWN_BELOW) / (1 - DRAWN_BELOW))));
}

/** Of the mouths as they are, the one that is shut most is the best for one that has to be drawn shut. */
function asItCan({ shut }: MouthRange) {
  return (wanted: Wanted): Wanted =>
    wanted.asked.gap >= shut ? wanted : { ...wanted, asked: { ...wanted.asked, gap: shut, shut: false } };
}

/** What is asked of a mouth that is drawn is drawn: the frame is to be like the one that it is put into. */
function asItIs({ asked, look }: Wanted): Wanted {
  return { asked: { ...asked, gap: 0, width: look?.width ?? asked.width, shut: false }, look, like: 0 };
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

function drawnIn(good: readonly Look[], range: MouthRange): Drawn | null {
  if (range.shut > MOST_SHUT) return "never_shuts";
  const open = good.filter(({ gap }) => gap > range.shut + LEAST_RANGE).length;
  return open < LEAST_OPEN_FRAMES ? "hardly_opens" : null;
}

/** Where borrowed mouths go over into the frame's own, they look like it before both are shown in one another: else teeth shine through lips. */
function goneOver(said: readonly AskedMouth[], own: readonly (Look | null)[], strengths: readonly number[]): Wanted[] {
  return said.map((mouth, n) => {
    const look = own[n]!;
    const like = Math.min(1, 2 - 2 * strengths[n]!);
    if (!look || like === 0) return { asked: mouth, look, like: 0 };
    const between = (one: number, other: number) => one + like * (other - one);
    const [gap, width] = [between(mouth.gap, look.gap), between(mouth.width, look.width)];
    return { asked: { ...mouth, gap, width, shut: mouth.shut && like < 0.5 }, look, like };
  });
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
