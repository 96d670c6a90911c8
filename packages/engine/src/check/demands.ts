/** The single movements that the asked curves make one expect to see, and where in the clip; where one is missed, that is said. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Moved } from "./measure.ts";

/** A movement that is asked for strongly enough to be demanded. */
export type Demand = {
  kind: Exclude<keyof Moved, "lips">;
  /** Frames at which it is strongest: the first and the last, and for turns the strongest to each side. */
  frames: number[];
  /** What was asked for at these frames, in the channels' unit. */
  asked: number[];
};

/** `against`: channels whose mean is taken off. `apart`: by how much its channels may differ where it is demanded. `signs`: both by default. */
type Rule = {
  kind: Demand["kind"];
  channels: Channel[];
  against?: Channel[];
  apart?: number;
  from: number;
  signs?: (1 | -1)[];
  beside: Beside;
};
/** What else may be going on while the movement is measured, at the most; what is not named may be anything. */
type Beside = Partial<Record<Channel, number>>;

const FACING: Beside = { headYaw: 9, headPitch: 9, headRoll: 9 };
/** They pull on the same lips. */
const SMILE_AT_REST: Beside = {
  mouthSmileLeft: 0.2,
  mouthSmileRight: 0.2,
  mouthStretchLeft: 0.2,
  mouthStretchRight: 0.2,
};
const LIPS_AT_REST: Beside = {
  ...{ jawOpen: 0.4, mouthPucker: 0.25, mouthFunnel: 0.25 },
  ...{ mouthFrownLeft: 0.25, mouthFrownRight: 0.25, mouthRollUpper: 0.4, mouthRollLower: 0.4 },
};

/** `from`: how strongly a movement has to be asked for. */
const RULES: Rule[] = [
  {
    kind: "smile",
    channels: ["mouthSmileLeft", "mouthSmileRight"],
    from: 0.35,
    // half a smile on a mouth that smiles already hardly shows in the mean of its corners
    apart: 0.15,
    beside: { ...FACING, ...LIPS_AT_REST },
  },
  { kind: "lids", channels: ["eyeBlinkLeft", "eyeBlinkRight"], from: 0.7, beside: FACING },
  {
    kind: "wink",
    channels: ["eyeBlinkLeft"],
    against: ["eyeBlinkRight"],
    from: 0.7,
    beside: FACING,
  },
  // smiles and blinks alone seem to turn a head by up to 2 degrees
  { kind: "yaw", channels: ["headYaw"], from: 6, beside: { headPitch: 9, headRoll: 9 } },
  { kind: "roll", channels: ["headRoll"], from: 4, beside: { headYaw: 6, headPitch: 6, jawOpen: 0.4 } },
  { kind: "x", channels: ["headX"], from: 0.06, beside: { headYaw: 2, headRoll: 0.8 } },
  { kind: "y", channels: ["headY"], from: 0.06, beside: { headPitch: 2, headRoll: 0.8, jawOpen: 0.3 } },
  // a head that fills the picture can't become smaller
  { kind: "growth", channels: ["scale"], from: 0.06, signs: [1], beside: {} },
  { kind: "pitch", channels: ["headPitch"], from: 9, beside: { headYaw: 6, headRoll: 6, jawOpen: 0.4 } },
  {
    kind: "pucker",
    channels: ["mouthPucker"],
    from: 0.7,
    beside: { ...FACING, ...SMILE_AT_REST, jawOpen: 0.2 },
  },
  {
    kind: "jaw",
    channels: ["jawOpen"],
    from: 0.5,
    beside: { ...FACING, mouthPucker: 0.25, mouthFunnel: 0.25, mouthFrownLeft: 0.25 },
  },
];

export function demandsOf(motion: MotionFrames): Demand[] {
  return RULES.flatMap(({ kind, channels, against = [], apart = 1, from, signs = [1, -1], beside }) => {
    const even = evenFrames(motion, channels, apart);
    const clear = clearFrames(motion, beside).map((is, frame) => is && even[frame]!);
    // what can't be measured at a moment isn't demanded there
    const other = meanOf(motion, against);
    const curve = meanOf(motion, channels).map((value, frame) => (clear[frame] ? value - other[frame]! : 0));
    const frames = signs.flatMap((sign) => peaks(curve, sign, from));
    return frames.length === 0 ? [] : [{ kind, frames, asked: frames.map((frame) => curve[frame]!) }];
  });
}

function clearFrames(motion: MotionFrames, beside: Beside): boolean[] {
  const curves = motion.faces[0]?.channels ?? {};
  const limits = Object.entries(beside) as [Channel, number][];
  return Array.from({ length: motion.frames }, (_, frame) =>
    limits.every(([name, limit]) => Math.abs(curves[name]?.[frame] ?? 0) <= limit),
  );
}

function evenFrames(motion: MotionFrames, channels: Channel[], apart: number): boolean[] {
  const curves = motion.faces[0]?.channels ?? {};
  return Array.from({ length: motion.frames }, (_, frame) => {
    const values = channels.map((name) => curves[name]?.[frame] ?? 0);
    return Math.max(...values) - Math.min(...values) <= apart;
  });
}

/** What is hardly seen of some channels at their strongest, or not at all, by what is seen of the others. */
const FAINT: Partial<Record<Channel, number>> = {
  ...{ mouthDimpleLeft: 0.2, mouthDimpleRight: 0.2, jawForward: 0, tongueOut: 0 },
};

/** How differently a clip's curves stand at two frames: 1 is a whole channel, or 15 degrees. */
export function strengthBetween(motion: MotionFrames, from: number, to: number): number {
  return Math.max(
    0,
    ...Object.entries(motion.faces[0]?.channels ?? {}).map(([name, values]) => {
      const change = Math.abs((values[to] ?? 0) - (values[from] ?? 0)) * (FAINT[name as Channel] ?? 1);
      return /^head(Pitch|Yaw|Roll)$/.test(name) ? change / 15 : change;
    }),
  );
}

function meanOf(motion: MotionFrames, channels: Channel[]): number[] {
  const curves = motion.faces[0]?.channels ?? {};
  return Array.from(
    { length: motion.frames },
    (_, frame) => channels.reduce((sum, name) => sum + (curves[name]?.[frame] ?? 0), 0) / Math.max(1, channels.length),
  );
}

/** The first and the last frame near the highest value (of `sign`), where that is at least `from`; one where they are neighbours. */
function peaks(curve: number[], sign: 1 | -1, from: number): number[] {
  const highest = Math.max(...curve.map((value) => value * sign));
  if (highest < from) return [];
  const near = curve.flatMap((value, frame) => (value * sign >= 0.95 * highest ? [frame] : []));
  const [first, last] = [near[0]!, near.at(-1)!];
  return last - first > 3 ? [first, last] : [first];
}
