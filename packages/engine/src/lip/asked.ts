/** From the curves of somebody who speaks to the mouth that a person of a video makes for them, in that person's own range. Pure. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type Look, percentile } from "./look.ts";

export type AskedMouth = {
  /** How far the lips are to be parted, and the corners of the mouth apart: E. */
  gap: number;
  width: number;
  /** The lips have to meet: m, b or p. */
  shut: boolean;
  /** Teeth rest on the lower lip: f or v. */
  bites: boolean;
  /** Nothing is said here or around it. */
  rest: boolean;
};

/** Of the person in the video, E. */
export type MouthRange = { shut: number; open: number; narrow: number; usual: number; wide: number };

/** An opening that is a whole "aa": it takes the widest mouth of the person. */
const WHOLE = 0.55;
/** Lips press, the jaw is shut: a closure. */
const PRESSED = 0.3;
const SHUT = 0.06;
/** How much lips that are drawn apart open, beside the jaw. */
const LIPS = 0.35;
/** The lower lip is rolled in: at m, b and p by no more than the first, at f and v by the second. */
const ROLLED = [0.25, 0.55] as const;
/** Openings below it, for so many seconds, are a pause. */
const SILENT = { opening: 0.04, seconds: 0.36 };
/** How far each channel moves both corners together, E, in the photos' engine. */
const WIDENS = { mouthPucker: -0.16, mouthFunnel: -0.11, mouthStretch: 0.1, mouthSmile: 0.1 } as const;

/** Of somebody who mumbles mouths are opened further than they are seen, but not by more than still looks right: E. */
const LEAST_OPEN = 0.07;
const MOST_ADDED = 0.025;

export function rangeOf(looks: readonly Look[]): MouthRange {
  const gaps = looks.map(({ gap }) => gap);
  const widths = looks.map(({ width }) => width);
  const [shut, seen] = [percentile(gaps, 0.03), percentile(gaps, 0.97)];
  return {
    ...{ shut, open: Math.max(seen, Math.min(shut + LEAST_OPEN, seen + MOST_ADDED)) },
    ...{ narrow: percentile(widths, 0.03), usual: percentile(widths, 0.5), wide: percentile(widths, 0.97) },
  };
}

/** One for each frame of the motion. */
export function askedMouths(motion: MotionFrames, range: MouthRange): AskedMouth[] {
  const openings = openingsOf(motion);
  const rests = restsOf(openings, motion.fps);
  return openings.map((opening, frame) => {
    const bitten = bittenAt(motion, frame);
    // an upper lip that is raised over teeth on the lower one opens nothing
    const share = Math.min(1, Math.max(0, opening - bitten * LIPS * raisedAt(motion, frame)) / WHOLE);
    const at = (name: Channel) => channelAt(motion, name, frame);
    const both = (name: "mouthStretch" | "mouthSmile" | "mouthPress") =>
      (at(`${name}Left` as Channel) + at(`${name}Right` as Channel)) / 2;
    const widens =
      WIDENS.mouthPucker * at("mouthPucker") +
      WIDENS.mouthFunnel * at("mouthFunnel") +
      WIDENS.mouthStretch * both("mouthStretch") +
      WIDENS.mouthSmile * both("mouthSmile");
    return {
      gap: range.shut + share * (range.open - range.shut),
      width: Math.min(range.wide, Math.max(range.narrow, range.usual + widens)),
      shut: opening < SHUT && both("mouthPress") > PRESSED,
      bites: bitten > 0.5,
      rest: rests[frame]!,
    };
  });
}

/** How open the mouth looks by its curves: 0 is shut, "aa" about 0.6. */
export function openingsOf(motion: MotionFrames): number[] {
  return Array.from({ length: motion.frames }, (_, frame) => {
    const at = (name: Channel) => channelAt(motion, name, frame);
    const lips = (at("mouthLowerDownLeft") + at("mouthLowerDownRight")) / 2 + raisedAt(motion, frame);
    return Math.max(0, at("jawOpen") - at("mouthClose") + LIPS * lips);
  });
}

function raisedAt(motion: MotionFrames, frame: number): number {
  return (channelAt(motion, "mouthUpperUpLeft", frame) + channelAt(motion, "mouthUpperUpRight", frame)) / 2;
}

/** Whether teeth rest on the lower lip, 0–1. */
function bittenAt(motion: MotionFrames, frame: number): number {
  const [least, whole] = ROLLED;
  return Math.min(1, Math.max(0, (channelAt(motion, "mouthRollLower", frame) - least) / (whole - least)));
}

function restsOf(openings: readonly number[], fps: number): boolean[] {
  const least = Math.max(2, Math.round(SILENT.seconds * fps));
  const rests = new Array<boolean>(openings.length).fill(false);
  for (let from = 0; from < openings.length; ) {
    let to = from;
    while (to < openings.length && openings[to]! < SILENT.opening) to++;
    // at both ends of the video there is nothing before or after
    if (to - from >= least || (to > from && (from === 0 || to === openings.length))) rests.fill(true, from, to);
    from = Math.max(to, from + 1);
  }
  return rests;
}

function channelAt({ faces }: MotionFrames, name: Channel, frame: number): number {
  return faces[0]?.channels[name]?.[frame] ?? 0;
}
