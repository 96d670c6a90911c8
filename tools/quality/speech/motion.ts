/** What a viewer would see of the curves that are made of a sound: lips that close, that touch the teeth, that rest in silence. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { opening } from "@smileloop/speech/curves.ts";
import type { Part } from "./sets.ts";

const VOWELS = new Set(["aa", "E", "I", "O", "U"]);
/** An opening that is smaller is shut: 0.008 of the distance of the outer eye corners in a rendered face. */
const SHUT_BELOW = 0.03;
const RESTS_BELOW = 0.011;
const LEAST_PHONE = 0.04;
/** A silence that the mouth closes in, how long it may take, and how long before the next sound it may open, seconds. */
const SILENCE = { least: 0.3, closes: 0.2, opens: 0.25 } as const;

/** How many of how many; `onsets`: ms by which the mouth opens after a sound begins. */
export type Seen = Record<"shut" | "teeth" | "vowelsShut" | "rests", [number, number]> & {
  /** Closures where nobody closes the lips, and seconds of speech. */
  invented: [number, number];
  onsets: number[];
};

export function seenNothing(): Seen {
  const none = (): [number, number] => [0, 0];
  return { shut: none(), teeth: none(), vowelsShut: none(), rests: none(), invented: none(), onsets: [] };
}

/** Counts one clip. `slack`: what the times of its phones can be wrong by, seconds. */
export function countSeen(seen: Seen, motion: MotionFrames, parts: readonly Part[], slack: number): void {
  const { fps, frames, faces } = motion;
  const value = (channel: Channel, frame: number): number => faces[0]!.channels[channel]?.[frame] ?? 0;
  const open = Array.from({ length: frames }, (_, frame) =>
    opening({
      jawOpen: value("jawOpen", frame),
      mouthLowerDown: value("mouthLowerDownLeft", frame),
      mouthUpperUp: value("mouthUpperUpLeft", frame),
    }),
  );
  const within = (from: number, to: number): number[] =>
    Array.from(open.keys()).filter((frame) => (frame + 1) / fps > from && frame / fps < to);
  const shut = (frame: number): boolean => open[frame]! < SHUT_BELOW;
  const touches = (frame: number): boolean => value("mouthRollLower", frame) >= 0.3 && !shut(frame);
  const closed = parts.filter(([viseme]) => viseme === "PP" || viseme === "sil");
  const isNear = (t: number, reach: number): boolean => closed.some(([, a, b]) => t > a - reach && t < b + reach);
  for (const [viseme, start, end] of parts) {
    if (end - start < LEAST_PHONE || end > frames / fps) continue;
    const near = within(start - slack, end + slack);
    if (viseme === "PP") add(seen.shut, near.some(shut));
    if (viseme === "FF") add(seen.teeth, near.some(touches));
    if (!VOWELS.has(viseme)) continue;
    for (const frame of open.keys()) {
      const t = (frame + 0.5) / fps;
      if (t >= start && t < end && !isNear(t, 0.03)) add(seen.vowelsShut, shut(frame));
    }
  }
  countSilences(seen, parts, (from, to) => within(from, to).map((frame) => open[frame]!));
  countInvented(
    seen,
    parts,
    open.map((_, frame) => shut(frame) && !isNear((frame + 0.5) / fps, 0.05)),
  );
  countOnsets(seen, parts, motion, open);
}

function add(pair: [number, number], holds: boolean): void {
  pair[1]++;
  if (holds) pair[0]++;
}

function countSilences(seen: Seen, parts: readonly Part[], openings: (from: number, to: number) => number[]): void {
  for (const [nth, [viseme, start, end]] of parts.entries()) {
    if (viseme !== "sil" || end - start < SILENCE.least) continue;
    const from = nth === 0 ? start : start + SILENCE.closes + 0.02;
    const to = nth === parts.length - 1 ? end : end - SILENCE.opens - 0.02;
    if (to > from)
      add(
        seen.rests,
        openings(from, to).every((value) => value < RESTS_BELOW),
      );
  }
}

function countInvented(seen: Seen, parts: readonly Part[], wrong: boolean[]): void {
  seen.invented[0] += wrong.filter((is, frame) => is && !wrong[frame - 1]).length;
  for (const [viseme, start, end] of parts) if (viseme !== "sil") seen.invented[1] += end - start;
}

/** Of phrases after a silence that do not begin with closed lips. */
function countOnsets(seen: Seen, parts: readonly Part[], { fps }: MotionFrames, open: number[]): void {
  for (const [nth, [viseme, start]] of parts.entries()) {
    const before = parts[nth - 1];
    if (before?.[0] !== "sil" || before[2] - before[1] < SILENCE.least || ["PP", "sil"].includes(viseme)) continue;
    const first = Math.max(0, Math.round((start - 0.2) * fps));
    const opens = open.findIndex((value, frame) => frame >= first && value > 0.05);
    if (opens >= 0 && opens / fps < start + 0.4) seen.onsets.push(1000 * ((opens + 0.5) / fps - start));
  }
}
