/**
 * Where in a sound a few words are said, which another voice has said alone: the stretch that what the mouth does in them is laid over best
 * (subsequence DTW, Müller 2007, chapter 4). Pure.
 */
import { RATE } from "./series.ts";
import { SHAPES, type Shares } from "./shapes.ts";

/** Seconds. `cost`: mean distance, 0–1. */
export type Found = { from: number; to: number; cost: number };

/** A moment of the one may last for so many of the other. */
const MOST_STRETCH = 2;
/** What standing still in one of the two costs beyond the distance. */
const STILL = 0.1;

/** The best stretches from a time on, the best first, none of which overlap. */
export function findIn(sound: Shares, words: Shares, { after = 0, most = 2 } = {}): Found[] {
  const [n, m] = [words.frames, sound.frames];
  const [a, b] = [roots(words), roots(sound)];
  let costs = new Float64Array(m);
  let starts = Int32Array.from({ length: m }, (_, j) => j);
  for (let i = 0; i < n; i++) {
    const next = new Float64Array(m);
    const from = new Int32Array(m);
    for (let j = 0; j < m; j++) {
      const apart = distance(a, i, b, j);
      const diagonal = i === 0 ? 0 : j > 0 ? costs[j - 1]! : Number.POSITIVE_INFINITY;
      const up = i === 0 ? Number.POSITIVE_INFINITY : costs[j]! + STILL;
      const across = i > 0 && j > 0 ? next[j - 1]! + STILL : Number.POSITIVE_INFINITY;
      const best = Math.min(diagonal, up, across);
      next[j] = best + apart;
      if (i === 0) from[j] = j;
      else from[j] = best === across ? from[j - 1]! : best === diagonal ? starts[j - 1]! : starts[j]!;
    }
    [costs, starts] = [next, from];
  }
  return bestOf(costs, starts, { n, least: Math.round(after * RATE), most });
}

type Limits = { n: number; least: number; most: number };

function bestOf(costs: Float64Array, starts: Int32Array, { n, least, most }: Limits): Found[] {
  const ends = [...costs.keys()]
    .filter((j) => {
      const lasts = j + 1 - starts[j]!;
      return starts[j]! >= least && lasts >= n / MOST_STRETCH && lasts <= n * MOST_STRETCH;
    })
    .sort((x, y) => costs[x]! - costs[y]!);
  const found: Found[] = [];
  for (const end of ends) {
    const stretch = { from: starts[end]! / RATE, to: (end + 1) / RATE, cost: costs[end]! / n };
    if (found.some(({ from, to }) => from < stretch.to && to > stretch.from)) continue;
    found.push(stretch);
    if (found.length === most) break;
  }
  return found;
}

function roots({ classes }: Shares): Float32Array {
  return classes.map((share) => Math.sqrt(Math.max(0, share)));
}

function distance(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let alike = 0;
  for (let c = 0; c < SHAPES; c++) alike += a[i * SHAPES + c]! * b[j * SHAPES + c]!;
  return 1 - alike;
}
