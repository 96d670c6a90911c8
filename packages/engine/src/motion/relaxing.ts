/**
 * When a mouth that smiles or stands open in its photo lets go of that: to speak, to kiss, or to smile anew. It is told by the curves
 * alone, so that who draws a clip and who judges it agree.
 */
import type { Channel } from "@smileloop/core/motion/motion.ts";
import type { FaceFrames } from "@smileloop/core/motion/phases.ts";

type Clip = { frames: number; fps: number };

/** Seconds in which a mouth relaxes, and in which it takes its own expression again. */
const EASE = 0.4;
/** The least of it. */
const HASTE = 0.12;
/** Seconds by which it is at rest before it is needed: lips touch for the first sound before they open. */
const AHEAD = 0.12;
/** From these values on a channel needs lips that are free; each is the mean of both sides. */
const NEEDS: [channels: Channel[], from: number][] = [
  [["jawOpen"], 0.08],
  [["mouthFunnel"], 0.2],
  [["mouthPucker"], 0.25],
  [["mouthClose"], 0.1],
  [["tongueOut"], 0.05],
  [["mouthRollLower"], 0.3],
  [["mouthRollUpper"], 0.3],
  [["mouthPressLeft", "mouthPressRight"], 0.4],
  [["mouthFrownLeft", "mouthFrownRight"], 0.4],
  [["mouthLowerDownLeft", "mouthLowerDownRight"], 0.15],
  [["mouthUpperUpLeft", "mouthUpperUpRight"], 0.15],
];
/** A smile from which on the photo's own mouth is what is asked for, and at which it is all of that. */
const OWN = { from: 0.25, full: 0.65 };
/** A smile that is at least so strong is a new one: before it the mouth relaxes. */
const NEW_SMILE = { peak: 0.5, from: 0.05, risen: 0.35 };
/** With a smile of this size or more, what the lips do besides they do smiling. */
const SMILES = 0.45;

/**
 * For each frame 0–1: 0 is the photo's own mouth, as in the first frame and the last, 1 a mouth at rest. `smiling`: the photo shows the
 * teeth of a smile, which is then what a strong smile goes back to; else its lips are merely parted.
 */
export function relaxedOf({ channels }: FaceFrames, { frames, fps }: Clip, smiling: boolean): Float32Array {
  const smile = meanOf(channels, ["mouthSmileLeft", "mouthSmileRight"], frames);
  const busy = new Uint8Array(frames);
  for (const [names, from] of NEEDS) {
    if (!names.some((name) => channels[name])) continue;
    const values = meanOf(channels, names, frames);
    for (let i = 0; i < frames; i++) if (values[i]! >= from && !(smiling && smile[i]! >= SMILES)) busy[i] = 1;
  }
  if (smiling) beforeSmiles(smile, busy);
  const first = busy.indexOf(1);
  const result = new Float32Array(frames);
  if (first === -1) return result;
  const last = busy.lastIndexOf(1);
  // faster where there is less time than that, so that lips meet for a first sound soon after the start, and for one at the end
  const within = (room: number) => Math.min(EASE * fps, Math.max(HASTE * fps, room));
  const [easeIn, easeOut] = [within(first - AHEAD * fps), within(frames - 1 - last)];
  const from = Math.max(0, first - easeIn - AHEAD * fps);
  const to = Math.min(frames - 1, last + easeOut);
  for (let i = 0; i < frames; i++) {
    const own = smiling ? smooth((smile[i]! - OWN.from) / (OWN.full - OWN.from)) : 0;
    result[i] = smooth((i - from) / easeIn) * smooth((to - i) / easeOut) * (1 - own);
  }
  return result;
}

/** Marks the frames in which a new smile rises. */
function beforeSmiles(smile: Float32Array, busy: Uint8Array): void {
  let low = 0;
  let risen = -1;
  for (const [i, value] of smile.entries()) {
    if (value <= NEW_SMILE.from) {
      low = i;
      risen = -1;
    } else if (value >= NEW_SMILE.risen && risen === -1) {
      risen = i;
    }
    if (value >= NEW_SMILE.peak && risen !== -1) {
      busy.fill(1, low, risen + 1);
      low = i;
    }
  }
}

function meanOf(channels: FaceFrames["channels"], names: Channel[], frames: number): Float32Array {
  const result = new Float32Array(frames);
  for (const name of names) {
    const values = channels[name];
    if (!values) continue;
    for (let i = 0; i < frames; i++) result[i]! += (values[Math.min(i, values.length - 1)] ?? 0) / names.length;
  }
  return result;
}

function smooth(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}
