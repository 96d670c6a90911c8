/** Dynamic time alignment (DTW) of two series of shares: first coarse within a wide band, then fine around what was found. */
import { SHAPES, type Shares } from "./shapes.ts";

/** For each frame of the one, the frame of the other that it belongs to, as a line that never falls. `cost`: mean distance, 0–1. */
export type Path = { at: Float32Array; cost: number };
/** Frame of the other around which a frame of the one is looked for, and how far. */
export type Band = { centre: (frame: number) => number; reach: (frame: number) => number };

/** Frames that are taken together for the coarse way: 40 ms. */
const COARSE = 4;
/** How far the fine way may be from the coarse one, frames. */
const FINE_REACH = 30;
/** What a step that stands still in one of the two costs beyond its distance: times stretch, but not without need. */
const STILL = 0.12;
/** How much less that is where what is passed by is silence. */
const PAUSE = 0.8;

export function laidOver(one: Shares, other: Shares, band: Band): Path {
  const [small, large] = [thinned(one), thinned(other)];
  const coarse = pathWithin(small, large, {
    centre: (frame) => band.centre((frame + 0.5) * COARSE) / COARSE,
    reach: (frame) => Math.max(8, band.reach((frame + 0.5) * COARSE) / COARSE),
  });
  const around = (frame: number): number => {
    const position = Math.min(small.frames - 1, Math.max(0, frame / COARSE - 0.5));
    const before = Math.floor(position);
    const after = Math.min(small.frames - 1, before + 1);
    const at = coarse.at[before]! + (coarse.at[after]! - coarse.at[before]!) * (position - before);
    return (at + 0.5) * COARSE;
  };
  return pathWithin(one, other, { centre: around, reach: () => FINE_REACH });
}

/** Square roots of shares, so that the product of two frames is how alike they are (Bhattacharyya). */
function roots({ classes }: Shares): Float32Array {
  return classes.map((share) => Math.sqrt(Math.max(0, share)));
}

function pathWithin(one: Shares, other: Shares, band: Band): Path {
  const [n, m] = [one.frames, other.frames];
  const [a, b] = [roots(one), roots(other)];
  const from = new Int32Array(n);
  const width = new Int32Array(n);
  let cells = 0;
  for (let i = 0; i < n; i++) {
    const reach = Math.ceil(band.reach(i));
    const centre = Math.round(band.centre(i));
    const before = i === 0 ? 0 : from[i - 1]!;
    // bands of neighbours touch, so that there is always a way
    const reached = i === 0 ? 0 : before + width[i - 1]! - 1;
    from[i] = Math.min(reached, Math.max(before, Math.min(m - 1, centre - reach)));
    const last = i === n - 1 ? m - 1 : Math.max(reached, Math.min(m - 1, centre + reach));
    width[i] = Math.max(1, last - from[i]! + 1);
    cells += width[i]!;
  }
  const moves = new Uint8Array(cells);
  let previous = new Float64Array(0);
  let offset = 0;
  const offsets = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    offsets[i] = offset;
    const row = new Float64Array(width[i]!);
    for (let k = 0; k < row.length; k++) {
      const j = from[i]! + k;
      const apart = distance(a, i * SHAPES, b, j * SHAPES);
      const [quietA, quietB] = [a[i * SHAPES]! ** 2, b[j * SHAPES]! ** 2];
      // a pause that only one of the two makes is passed by at little cost
      const up = i > 0 ? (previous[j - from[i - 1]!] ?? Infinity) + (STILL + apart) * (1 - PAUSE * quietA) : Infinity;
      const across = k > 0 ? row[k - 1]! + (STILL + apart) * (1 - PAUSE * quietB) : Infinity;
      const diagonal = i > 0 ? (previous[j - 1 - from[i - 1]!] ?? Infinity) + apart : Infinity;
      const best = i === 0 && j === 0 ? apart : Math.min(up, across, diagonal);
      moves[offset + k] = i === 0 && j === 0 ? 3 : best === diagonal ? 0 : best === up ? 1 : 2;
      row[k] = best;
    }
    offset += row.length;
    previous = row;
  }
  return backwards({ n, from, width, offsets, moves }, a, b);
}

type Cells = { n: number; from: Int32Array; width: Int32Array; offsets: Int32Array; moves: Uint8Array };

function backwards({ n, from, width, offsets, moves }: Cells, a: Float32Array, b: Float32Array): Path {
  const [sums, counts] = [new Float64Array(n), new Int32Array(n)];
  let [i, k, total, weight] = [n - 1, width[n - 1]! - 1, 0, 0];
  for (;;) {
    const j = from[i]! + k;
    sums[i]! += j;
    counts[i]!++;
    // silence is like silence in any text
    const speaks = 1 - Math.min(a[i * SHAPES]! ** 2, b[j * SHAPES]! ** 2);
    total += speaks * distance(a, i * SHAPES, b, j * SHAPES);
    weight += speaks;
    const move = moves[offsets[i]! + k]!;
    if (move === 3 || (i === 0 && k === 0)) break;
    if (move !== 2) {
      const nextJ = move === 0 ? j - 1 : j;
      i--;
      k = nextJ - from[i]!;
    } else k--;
  }
  return {
    at: Float32Array.from(sums, (sum, frame) => sum / Math.max(1, counts[frame]!)),
    cost: weight > 0 ? total / weight : 1,
  };
}

function distance(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let alike = 0;
  for (let c = 0; c < SHAPES; c++) alike += a[i + c]! * b[j + c]!;
  return 1 - alike;
}

function thinned({ frames, classes }: Shares): Shares {
  const few = Math.max(1, Math.ceil(frames / COARSE));
  const means = new Float32Array(few * SHAPES);
  for (let frame = 0; frame < few; frame++) {
    const count = Math.min(frames, (frame + 1) * COARSE) - frame * COARSE;
    for (let k = 0; k < count * SHAPES; k++) {
      means[frame * SHAPES + (k % SHAPES)]! += classes[frame * COARSE * SHAPES + k]! / count;
    }
  }
  return { frames: few, classes: means };
}
