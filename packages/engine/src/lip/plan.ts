/** What is done to each frame of the result: which frame of the video it shows, whose mouth it borrows, and how much of it. Pure. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type AskedMouth, askedMouths, type MouthRange, rangeOf } from "./asked.ts";
import { borrowedBy } from "./borrow.ts";
import { candidatesOf, chooseMouths, type Wanted } from "./choose.ts";
import { clearLooks } from "./clear-view.ts";
import { drawnBy, drawnFramesOf } from "./drawn-frames.ts";
import { goneOver, letGoOf, RAMP, type Shown, smooth, strengthsOf, withoutDoubles } from "./fade.ts";
import type { Followed } from "./follow.ts";
import { type Look, percentile } from "./look.ts";
import type { Borrowed } from "./patch.ts";
import type { Place, Point } from "./place.ts";
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
  /** How much of what is said a drawn mouth leaves out, 0–1. */
  letGo: number[];
  /** Frames in which somebody speaks and whose mouth is to be another one, and those of them whose face could not be changed. */
  spoken: boolean[];
  left: boolean[];
};

/** Least of how far the lips are ever parted beyond their shut state, E, and frames that show it: less follows speech worse than a drawn mouth. */
const LEAST_RANGE = 0.05;
const LEAST_OPEN_FRAMES = 6;
/** Lips that are parted so far at the least show teeth, E. */
const MOST_SHUT = 0.05;
/** Part of the gap of a mouth that never shuts, below which it is drawn; above it, it goes over into others of the video. */
const DRAWN_BELOW = 0.75;
/** A mouth of the frame itself that is as shut as this needs no other in a pause, E beyond the shut one. */
const SHUT_ENOUGH = 0.02;
/** The lips of the video hardly part, or never meet. */
export type Drawn = "hardly_opens" | "never_shuts";

/** Throws `no_face`, `face_too_small` and `face_turned_away`. */
export function planLips(followed: Followed, motion: MotionFrames, timing: Timing): LipPlan {
  const { looks, stamps } = followed;
  const clear = clearLooks(looks);
  const good = [...clear];
  const range = rangeOf(good);
  const drawn = drawnIn(good, range);
  // a mouth that never shuts by itself is drawn shut
  const shut = drawn === "never_shuts" ? 0 : range.shut;
  const said = askedMouths(motion, { ...range, shut });
  const shown = shownFrames(stamps, motion, timing);
  const free = framesInSpans(motion, timing);
  const own = shown.map((source) => clearAt(looks[source], clear));
  const needs = said.map(({ rest }, n) => !rest || (own[n] !== null && own[n]!.gap > shut + SHUT_ENOUGH));
  const seen = own.map((look, n) => look !== null && free[n]!);
  const wanted = goneOver(said, own, strengthsOf(seen, needs));
  const asked = wanted.map((each) => each.asked);
  const choose = (list: Wanted[], candidates: number[]) => chosenWithin(free, list, looks, candidates, range);
  const isClear = (look: Look) => clear.has(look);
  const shares = asked.map(({ gap }) => drawnShare(drawn, gap, range));
  const drawnWay = drawn && choose(wanted.map(asItIs), drawnFramesOf(looks, isClear));
  const way = shares.every((share) => share === 1)
    ? drawnWay!
    : choose(wanted.map(asItCan(range)), candidatesOf(looks, isClear));
  const lent = (n: number) => lentTo(n, shares[n]!, { way, drawnWay, looks, asked });
  const letGo = wanted.map((each, n) => letGoOf(each, basesOf(n, drawnWay, looks)));
  const asLent = ({ source, drawn: isDrawn, more, wider }: Borrowed, n: number): Shown => {
    const { gap, width, lips } = looks[source]!;
    if (!isDrawn) return { gap: gap + more, width: width + wider, lips };
    const opened = drawn === "never_shuts" ? asked[n]!.gap - gap : (1 - letGo[n]!) * (said[n]!.gap - shut);
    return { gap: gap + opened, width, lips };
  };
  const can = wanted.map(({ look }, n) => look !== null && way[n] !== null && drawnWay?.[n] !== null);
  const strengths = withoutDoubles(strengthsOf(can, needs), own, (n) => lent(n).map((each) => asLent(each, n)));
  const frames = shown.map((source, n) => {
    const strength = strengths[n]!;
    return { shown: source, strength, borrowed: strength === 0 ? [] : lent(n) };
  });
  const spoken = asked.map(({ rest }, n) => !rest && isWithin(free, n));
  return {
    frames,
    places: looks.map((look) => look?.place ?? null),
    mouth: middleOf(good),
    ...{ range, asked, drawn, letGo, spoken },
    left: spoken.map((is, n) => is && strengths[n]! < 0.5),
  };
}

type Ways = {
  way: readonly (number | null)[];
  /** Null where no mouth is drawn. */
  drawnWay: readonly (number | null)[] | null;
  looks: readonly (Look | null)[];
  asked: readonly AskedMouth[];
};

/** What a frame is lent. `share`: how much of it is drawn. */
function lentTo(n: number, share: number, { way, drawnWay, looks, asked }: Ways): Borrowed[] {
  const by = (part: number, lent: Borrowed[]) => lent.map((each) => ({ ...each, share: part * each.share }));
  return [
    ...(share < 1 ? by(1 - share, borrowedBy(n, way, looks, asked)) : []),
    ...(share > 0 && drawnWay ? by(share, drawnBy(n, drawnWay)) : []),
  ];
}

/** What a mouth is drawn on. */
function basesOf(n: number, drawnWay: Ways["drawnWay"], looks: Ways["looks"]): Look[] {
  return drawnWay ? drawnBy(n, drawnWay).map(({ source }) => looks[source]!) : [];
}

function middleOf(good: readonly Look[]): Point {
  const middle = (of: (look: Look) => number) => percentile(good.map(of), 0.5);
  return { x: middle(({ mouth }) => mouth.x), y: middle(({ mouth }) => mouth.y) };
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

function clearAt(look: Look | null | undefined, clear: ReadonlySet<Look>): Look | null {
  return look && clear.has(look) ? look : null;
}

function drawnIn(good: readonly Look[], range: MouthRange): Drawn | null {
  if (range.shut > MOST_SHUT) return "never_shuts";
  const open = good.filter(({ gap }) => gap > range.shut + LEAST_RANGE).length;
  return open < LEAST_OPEN_FRAMES ? "hardly_opens" : null;
}
