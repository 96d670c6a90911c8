/** From what a mouth is seen to do to the channels that do it: non-negative least squares with a price on every channel. */
import type { Channel } from "@smileloop/core/motion/motion.ts";
import type { FaceMeasure } from "./measure.ts";
import { clamp } from "./series.ts";

/** What is seen, in E, against the face at rest. */
const SEEN = ["leftOut", "leftUp", "rightOut", "rightUp", "gap", "lipDown", "lipUp", "chin", "cheek", "nose"] as const;
type Seen = (typeof SEEN)[number];
/** How far each can be trusted. */
const TRUST: Record<Seen, number> = {
  ...{ leftOut: 1, leftUp: 1, rightOut: 1, rightUp: 1 },
  ...{ gap: 0.7, lipDown: 0.4, lipUp: 0.5, chin: 0.3, cheek: 0.5, nose: 0.4 },
};

type Pull = { channel: Channel | "narrow" | "upperUp" | "lowerDown"; price: number } & Partial<Record<Seen, number>>;

/**
 * What the landmarks show of a channel at 1. Seen on portraits that this engine moved by one channel at a time; the mesh model
 * shows a part of what moves and carries some of it over to the other side, and both are in these figures. `price`: a channel
 * is only used where it explains more than this, so that what is hard to see does not come out of noise.
 */
const PULLS: Pull[] = [
  {
    ...{ channel: "mouthSmileLeft", price: 7e-5, leftOut: 0.048, leftUp: 0.028, rightOut: 0.021, rightUp: 0.017 },
    ...{ cheek: 0.0115, nose: 0.0115, lipUp: 0.006, lipDown: -0.01, gap: 0.006 },
  },
  {
    ...{ channel: "mouthSmileRight", price: 7e-5, leftOut: 0.021, leftUp: 0.017, rightOut: 0.048, rightUp: 0.028 },
    ...{ cheek: 0.0115, nose: 0.0115, lipUp: 0.006, lipDown: -0.01, gap: 0.006 },
  },
  {
    ...{ channel: "jawOpen", price: 5e-5, leftOut: -0.013, leftUp: -0.055, rightOut: -0.013, rightUp: -0.055 },
    ...{ gap: 0.235, lipDown: 0.22, lipUp: 0.005, chin: 0.106 },
  },
  {
    ...{ channel: "narrow", price: 2e-4, leftOut: -0.046, leftUp: -0.006, rightOut: -0.046, rightUp: -0.006 },
    ...{ lipUp: 0.01, lipDown: 0.008, gap: 0.012 },
  },
  { channel: "mouthFrownLeft", price: 2e-4, leftUp: -0.018, rightUp: -0.006, lipUp: -0.003, leftOut: -0.003 },
  { channel: "mouthFrownRight", price: 2e-4, leftUp: -0.006, rightUp: -0.018, lipUp: -0.003, rightOut: -0.003 },
  { channel: "mouthStretchLeft", price: 2.5e-4, leftOut: 0.018, rightOut: 0.008 },
  { channel: "mouthStretchRight", price: 2.5e-4, leftOut: 0.008, rightOut: 0.018 },
  { channel: "upperUp", price: 2.2e-4, leftUp: 0.014, rightUp: 0.014, lipUp: 0.023, nose: 0.009, gap: 0.014 },
  { channel: "lowerDown", price: 1.6e-4, leftUp: -0.009, rightUp: -0.009, lipDown: 0.026, gap: 0.02 },
];
const ROUNDS = 60;

const MATRIX = PULLS.map((pull) => SEEN.map((name) => TRUST[name] * (pull[name] ?? 0)));
const GRAM = MATRIX.map((a) => MATRIX.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)));

/** The mouth's channels for a measured face; `gapAtRest` in E. */
export function solveMouth(face: FaceMeasure, gapAtRest: number): Partial<Record<Channel, number>> {
  const { left, right } = face;
  const mean = (name: "lipDown" | "lipUp" | "cheekUp" | "noseUp"): number => (left[name] + right[name]) / 2;
  const seen: Record<Seen, number> = {
    ...{ leftOut: left.cornerOut, leftUp: left.cornerUp, rightOut: right.cornerOut, rightUp: right.cornerUp },
    ...{ gap: face.gap - gapAtRest, lipDown: mean("lipDown"), lipUp: mean("lipUp"), chin: face.chinDown },
    ...{ cheek: mean("cheekUp"), nose: mean("noseUp") },
  };
  const wanted = MATRIX.map((row) => row.reduce((sum, value, i) => sum + value * TRUST[SEEN[i]!] * seen[SEEN[i]!], 0));
  const x = PULLS.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (let k = 0; k < x.length; k++) {
      const others = GRAM[k]!.reduce((sum, value, j) => sum + (j === k ? 0 : value * x[j]!), 0);
      x[k] = clamp((wanted[k]! - others - PULLS[k]!.price) / GRAM[k]![k]!, 0, 1.2);
    }
  }
  const of = (channel: Pull["channel"]): number => Math.min(1, x[PULLS.findIndex((pull) => pull.channel === channel)]!);
  // Lips that narrow around an opening make a funnel, else they pucker.
  const round = clamp((face.gap - gapAtRest - 0.02) / 0.1, 0, 1);
  return {
    mouthSmileLeft: of("mouthSmileLeft"),
    mouthSmileRight: of("mouthSmileRight"),
    mouthFrownLeft: of("mouthFrownLeft"),
    mouthFrownRight: of("mouthFrownRight"),
    mouthStretchLeft: of("mouthStretchLeft"),
    mouthStretchRight: of("mouthStretchRight"),
    // the mesh keeps lips together as long as it can
    jawOpen: of("jawOpen") ** 0.75,
    mouthPucker: of("narrow") * (1 - round),
    mouthFunnel: of("narrow") * round,
    mouthUpperUpLeft: of("upperUp"),
    mouthUpperUpRight: of("upperUp"),
    mouthLowerDownLeft: of("lowerDown"),
    mouthLowerDownRight: of("lowerDown"),
  };
}
