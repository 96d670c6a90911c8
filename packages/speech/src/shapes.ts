/** What the mouth does in each frame, as shares of the 15 shapes: from the network's posteriors, from segments, or from both. */
import type { Segment } from "./segments.ts";
import { RATE } from "./series.ts";
import { VISEMES, type Viseme } from "./visemes.ts";

export const SHAPES = VISEMES.length;
const INDEX = new Map<Viseme, number>(VISEMES.map((viseme, nth) => [viseme, nth]));

/** Where a shape stands in a frame of shares. */
export function indexOf(viseme: Viseme): number {
  return INDEX.get(viseme)!;
}

/** Frames × 15, each frame sums to 1. */
export type Shares = { frames: number; classes: Float32Array };

/** One column: the share of a shape over time. */
export function shareOf({ frames, classes }: Shares, viseme: Viseme): Float32Array {
  const index = indexOf(viseme);
  return Float32Array.from({ length: frames }, (_, frame) => classes[frame * SHAPES + index]!);
}

/** Segments as shares: of a frame in which one shape ends and another begins, each has its part. */
export function sharesOfSegments(segments: readonly Segment[], frames: number): Shares {
  const classes = new Float32Array(frames * SHAPES);
  for (const { start, end, viseme } of segments) {
    const index = indexOf(viseme);
    for (let frame = Math.floor(start * RATE); frame < Math.min(frames, Math.ceil(end * RATE)); frame++) {
      const part = Math.min(frame + 1, end * RATE) - Math.max(frame, start * RATE);
      classes[frame * SHAPES + index]! += Math.max(0, part);
    }
  }
  for (let frame = 0; frame < frames; frame++) normalise(classes.subarray(frame * SHAPES, (frame + 1) * SHAPES));
  return { frames, classes };
}

function normalise(shares: Float32Array): void {
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (total <= 1e-6) shares[0] = 1;
  else for (const [nth, share] of shares.entries()) shares[nth] = share / total;
}

/** `part` of the one, the rest of the other. */
export function mixed(one: Shares, other: Shares, part: number): Shares {
  const frames = Math.min(one.frames, other.frames);
  const classes = Float32Array.from(
    { length: frames * SHAPES },
    (_, i) => part * one.classes[i]! + (1 - part) * other.classes[i]!,
  );
  return { frames, classes };
}

/** The most likely shape of each frame as segments, as sure as the shape is on average; what lasts less than 30 ms is left out. */
export function segmentsOfShares({ frames, classes }: Shares): Segment[] {
  const segments: (Segment & { sum: number })[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const shares = classes.subarray(frame * SHAPES, (frame + 1) * SHAPES);
    const best = shares.indexOf(Math.max(...shares));
    const last = segments.at(-1);
    const [start, end] = [frame / RATE, (frame + 1) / RATE];
    if (last && last.viseme === VISEMES[best]) {
      last.end = end;
      last.sum += shares[best]!;
    } else segments.push({ start, end, viseme: VISEMES[best]!, sure: 0, sum: shares[best]! });
  }
  return joined(segments).map(({ sum, ...segment }) => ({
    ...segment,
    sure: Math.min(1, sum / ((segment.end - segment.start) * RATE)),
  }));
}

function joined<T extends Segment & { sum: number }>(segments: T[]): T[] {
  const kept: T[] = [];
  for (const segment of segments) {
    const last = kept.at(-1);
    if (last && (segment.end - segment.start < 0.025 || last.viseme === segment.viseme)) {
      last.end = segment.end;
      last.sum += segment.sum;
    } else kept.push(segment);
  }
  return kept;
}
