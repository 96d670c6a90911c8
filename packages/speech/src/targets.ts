/** Where the lips and the jaw want to be for each mouth shape, and how they get there. */
import { clamp, framesOf, type Run, smoothed } from "./series.ts";
import { indexOf, SHAPES, type Shares } from "./shapes.ts";
import { VISEMES, type Viseme } from "./visemes.ts";

/** Movements of a speaking mouth; both sides move alike. Named like the ARKit channels that they drive. */
export const MOVES = [
  "jawOpen",
  "mouthFunnel",
  "mouthPucker",
  "mouthStretch",
  "mouthSmile",
  "mouthLowerDown",
  "mouthUpperUp",
  "mouthPress",
  "mouthRollLower",
  "mouthRollUpper",
  "tongueOut",
] as const;
export type Move = (typeof MOVES)[number];
export type Moves = Record<Move, Float32Array>;

/** Measured on what people and the renderer do (docs/speech.md); what is absent is 0. */
export const TARGETS: Readonly<Record<Viseme, Partial<Record<Move, number>>>> = {
  sil: {},
  PP: { mouthPress: 0.45, mouthRollLower: 0.25, mouthRollUpper: 0.15 },
  FF: { jawOpen: 0.05, mouthUpperUp: 0.55, mouthRollLower: 0.7 },
  TH: { jawOpen: 0.15, mouthLowerDown: 0.2, mouthUpperUp: 0.1, tongueOut: 0.35 },
  DD: { jawOpen: 0.15, mouthLowerDown: 0.2, mouthUpperUp: 0.1, tongueOut: 0.15 },
  kk: { jawOpen: 0.2, mouthLowerDown: 0.1 },
  CH: { jawOpen: 0.1, mouthFunnel: 0.6, mouthPucker: 0.15, mouthLowerDown: 0.15, mouthUpperUp: 0.15 },
  SS: { jawOpen: 0.07, mouthStretch: 0.2, mouthLowerDown: 0.3, mouthUpperUp: 0.15 },
  nn: { jawOpen: 0.13, mouthLowerDown: 0.15, tongueOut: 0.15 },
  RR: { jawOpen: 0.15, mouthFunnel: 0.3, mouthPucker: 0.15 },
  aa: { jawOpen: 0.6, mouthLowerDown: 0.15, mouthUpperUp: 0.08 },
  E: { jawOpen: 0.34, mouthStretch: 0.2, mouthLowerDown: 0.12 },
  I: { jawOpen: 0.2, mouthStretch: 0.4, mouthSmile: 0.12, mouthLowerDown: 0.15 },
  O: { jawOpen: 0.38, mouthFunnel: 0.5, mouthPucker: 0.2 },
  U: { jawOpen: 0.16, mouthFunnel: 0.25, mouthPucker: 0.75 },
};

/** Widths of the Gaussians, seconds: the jaw is heavy, lips round slowly, lips that touch are quick. */
const SIGMA: Readonly<Record<Move, number>> = {
  ...{ jawOpen: 0.045, mouthFunnel: 0.06, mouthPucker: 0.06, mouthStretch: 0.05, mouthSmile: 0.06 },
  ...{ mouthLowerDown: 0.035, mouthUpperUp: 0.035, tongueOut: 0.035 },
  ...{ mouthPress: 0.025, mouthRollLower: 0.025, mouthRollUpper: 0.025 },
};
/** How much earlier than its sound a movement is: lips are round before a round vowel is heard. Seconds. */
const LEAD: Partial<Record<Move, number>> = { mouthFunnel: 0.04, mouthPucker: 0.04, mouthStretch: 0.02 };
/** A shape that lasts less than this share of a frame's certainty says nothing about the mouth: it goes on between its neighbours. */
const LEAST_SAID = 0.15;

/** Smooth targets of every movement. `speech`: outside of it, the mouth already waits in the shape of the first sound. */
export function targetsOf(shares: Shares, speech: readonly Run[]): Moves {
  const spoken = spokenShares(shares, speech);
  const moves = {} as Moves;
  for (const move of MOVES) {
    const values = VISEMES.map((viseme) => TARGETS[viseme][move] ?? 0);
    const wanted = Float32Array.from({ length: shares.frames }, (_, frame) => {
      const from = clamp(frame + framesOf(LEAD[move] ?? 0), 0, shares.frames - 1) * SHAPES;
      return values.reduce((sum, value, nth) => sum + value * spoken[from + nth]!, 0);
    });
    moves[move] = smoothed(wanted, SIGMA[move]);
  }
  return moves;
}

/** Shares of what is spoken, without silence; where next to nothing is, those around it, one going over into the other. */
function spokenShares({ frames, classes }: Shares, speech: readonly Run[]): Float32Array {
  const spoken = classes.slice();
  const silence = indexOf("sil");
  const said = new Uint8Array(frames);
  for (const { from, to } of speech) said.fill(1, from, to);
  for (let frame = 0; frame < frames; frame++) {
    const shares = spoken.subarray(frame * SHAPES, (frame + 1) * SHAPES);
    const rest = 1 - shares[silence]!;
    shares[silence] = 0;
    if (rest < LEAST_SAID) said[frame] = 0;
    else for (const [nth, share] of shares.entries()) shares[nth] = share / rest;
  }
  fillUnsaid(spoken, said, frames);
  return spoken;
}

function fillUnsaid(spoken: Float32Array, said: Uint8Array, frames: number): void {
  let before = -1;
  for (let frame = 0; frame < frames; frame++) {
    if (said[frame] === 1) {
      before = frame;
      continue;
    }
    let after = frame;
    while (after < frames && said[after] === 0) after++;
    for (; frame < after; frame++) {
      // of a long pause, each end keeps what it is next to
      const share = before < 0 ? 1 : after >= frames ? 0 : (frame - before) / (after - before);
      for (let nth = 0; nth < SHAPES; nth++) {
        const from = before < 0 ? 0 : spoken[before * SHAPES + nth]!;
        const to = after >= frames ? 0 : spoken[after * SHAPES + nth]!;
        spoken[frame * SHAPES + nth] = (1 - share) * from + share * to;
      }
    }
    frame = after - 1;
  }
}
