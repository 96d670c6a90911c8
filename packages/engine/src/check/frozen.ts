/** Where a video stands still although the curves move. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Stretch } from "./stillness.ts";

/** A stretch in which nothing moves, how far the face was to go in it (see `AXES`), and how far it may. */
export type Frozen = Stretch & { due: number; most: number };

/**
 * How far a face may go in stretches that all show the same: in long ones, which take at least `share` of the clip, and in short ones, in
 * which lids that are hardly seen may just open. In 55 clips without any sway the most was 0.18.
 */
const MOST = { long: 0.25, short: 0.6, share: 0.25 };

type Axis = Partial<Record<Channel, number>>;

/**
 * Where curves lead, one axis a way that a part of a face goes, and how well it is seen, by the channels that are seen best; for heads by
 * degree, E or growth. Channels that pull to opposite sides take one another off. By what each changes in five portraits at 256²: 0.3
 * on an axis changes all of them by `SAME` or more. What only some engines show is left out: mouths that press, roll or shrug, noses,
 * cheeks and tongues.
 */
const AXES: Axis[] = [
  ...["Left", "Right"].flatMap((side) => [
    { [`eyeBlink${side}`]: 0.7, [`eyeWide${side}`]: -0.2 },
    { [`eyeLookIn${side}`]: 0.3, [`eyeLookOut${side}`]: -0.3 },
    { [`eyeLookDown${side}`]: 0.3, [`eyeLookUp${side}`]: -0.2 },
    { [`browDown${side}`]: 0.5, [`browOuterUp${side}`]: -0.4, browInnerUp: -0.4 },
    { [`mouthSmile${side}`]: 0.7, [`mouthFrown${side}`]: -0.3 },
  ]),
  { browInnerUp: 0.8, browDownLeft: -0.5, browDownRight: -0.5 },
  { jawOpen: 1, mouthClose: -1 },
  { mouthPucker: 0.7, mouthFunnel: 0.4, mouthStretchLeft: -0.2, mouthStretchRight: -0.2 },
  { jawLeft: 0.6, jawRight: -0.6, mouthLeft: 0.4, mouthRight: -0.4 },
  ...[{ headPitch: 1 / 3 }, { headYaw: 1 / 3 }, { headRoll: 1 / 3 }],
  ...[{ headX: 1 / 0.03 }, { headY: 1 / 0.03 }, { scale: 1 / 0.03 }],
];

/** What only some engines show: where nothing else moves, a right clip may stand still. */
const FAINT_AXES: Axis[] = [
  ...["Left", "Right"].flatMap((side) =>
    ["mouthPress", "mouthUpperUp", "mouthLowerDown", "noseSneer"].map((stem) => ({ [`${stem}${side}`]: 0.6 })),
  ),
  ...["mouthRollUpper", "mouthRollLower", "mouthShrugUpper", "mouthShrugLower", "cheekPuff"].map((name) => ({
    [name]: 0.6,
  })),
];

/** As `mostFrozen`, by what only some engines show. */
export function perhapsFrozen(motion: MotionFrames, stretches: Stretch[]): Frozen | undefined {
  return mostOf(motion, stretches, FAINT_AXES);
}

/** Of the stretches the one in which the face was to go furthest by what it may; `undefined` where there are none. */
export function mostFrozen(motion: MotionFrames, stretches: Stretch[]): Frozen | undefined {
  return mostOf(motion, stretches, AXES);
}

function mostOf(motion: MotionFrames, stretches: Stretch[], axes: Axis[]): Frozen | undefined {
  return stretches
    .map((stretch) => {
      const long = stretch.last - stretch.first + 1 >= MOST.share * motion.frames;
      return { ...stretch, due: dueIn(motion, stretch, axes), most: long ? MOST.long : MOST.short };
    })
    .reduce<Frozen | undefined>(
      (most, frozen) => (most && most.due / most.most >= frozen.due / frozen.most ? most : frozen),
      undefined,
    );
}

/** How far the face goes on the axis on which it goes furthest in some frames. */
function dueIn(motion: MotionFrames, { first, last }: Stretch, axes: Axis[]): number {
  const curves = motion.faces[0]?.channels ?? {};
  return axes.reduce((most, axis) => {
    const channels = (Object.entries(axis) as [Channel, number][]).filter(([name]) => curves[name]);
    if (channels.length === 0) return most;
    let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let frame = first; frame <= last; frame++) {
      const at = channels.reduce((sum, [name, seen]) => sum + (curves[name]?.[frame] ?? 0) * seen, 0);
      least = Math.min(least, at);
      greatest = Math.max(greatest, at);
    }
    return Math.max(most, greatest - least);
  }, 0);
}
