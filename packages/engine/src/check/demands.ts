/** What the asked curves make one expect to see, and where in the clip. */
import type { Channel, MotionFrames } from "@smileloop/core/motion.ts";
import type { Moved } from "./measure.ts";

/** A movement that is asked for strongly enough to be demanded. */
export type Demand = {
  kind: keyof Moved;
  /** Frames at which it is strongest: the first and the last, and for turns the strongest to each side. */
  frames: number[];
  /** What was asked for at these frames, in the channels' unit. */
  asked: number[];
  /** The part of what was asked (as `Moved` measures it, by the channels' unit) that has to be seen at the least. */
  least: number;
};

type Rule = { kind: keyof Moved; channels: Channel[]; from: number; least: number };

/**
 * `from`: how strongly a movement has to be asked for. `least` lies well below what is seen on portraits (photos and paintings,
 * frontal to 35° turned): smile 0.08–0.25 E, lids 0.31–0.72, yaw 0.27–0.97; and above what another preset shows at these frames:
 * smile ≤ 0.02 E, lids ≤ 0.14 at one frame and 0.08 in the mean.
 */
const RULES: Rule[] = [
  { kind: "smile", channels: ["mouthSmileLeft", "mouthSmileRight"], from: 0.18, least: 0.04 },
  { kind: "lids", channels: ["eyeBlinkLeft", "eyeBlinkRight"], from: 0.5, least: 0.18 },
  { kind: "yaw", channels: ["headYaw"], from: 4, least: 0.12 },
  { kind: "roll", channels: ["headRoll"], from: 4, least: 0.2 },
  { kind: "lips", channels: ["jawOpen"], from: 0.5, least: 0.05 },
];

export function demandsOf(motion: MotionFrames): Demand[] {
  return RULES.flatMap(({ kind, channels, from, least }) => {
    const curve = meanOf(motion, channels);
    const frames = [...peaks(curve, 1, from), ...peaks(curve, -1, from)];
    return frames.length === 0 ? [] : [{ kind, frames, asked: frames.map((frame) => curve[frame]!), least }];
  });
}

/** How strongly a clip moves at all at a frame, against its first: 1 is a whole channel, or 15 degrees. */
export function strengthAt(motion: MotionFrames, frame: number): number {
  return Math.max(
    0,
    ...Object.entries(motion.faces[0]?.channels ?? {}).map(([name, values]) => {
      const change = Math.abs((values[frame] ?? 0) - (values[0] ?? 0));
      return /^head(Pitch|Yaw|Roll)$/.test(name) ? change / 15 : change;
    }),
  );
}

export function meanOf(motion: MotionFrames, channels: Channel[]): number[] {
  const curves = motion.faces[0]?.channels ?? {};
  return Array.from(
    { length: motion.frames },
    (_, frame) => channels.reduce((sum, name) => sum + (curves[name]?.[frame] ?? 0), 0) / channels.length,
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
