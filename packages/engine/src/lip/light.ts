/** By how much a borrowed mouth is brighter or darker than the frame around it. Pure. */
import { farAt, type Region } from "./region.ts";

type Light = {
  /** What is to be added at a place, levels. */
  at: (u: number, v: number) => number;
  /** Mean difference of brightness that is left where both meet, levels: by parts of the rim, because grain and wrinkles are no seam. */
  rest: number;
};

/** Differences beyond it are other things, such as a collar or the wall beside a cheek. Levels. */
const OTHER = 26;
const ROUNDS = 3;
/** Parts of the rim, around this place below the middle of the mouth, E. */
const PARTS = 24;
const CENTRE = 0.2;
/** What is left there after the plane reaches in so far (`farAt`), and is made up for up to so many levels. */
const INNER = 0.3;
const MOST_RIM = 8;

/**
 * A plane through the differences where the mask falls off, with the least squares, of those alone that are alike; then what is left in
 * each part of the rim, less and less towards the mouth.
 */
export function lightOf(
  yuv: Uint8Array,
  { from, stride }: { from: number; stride: number },
  region: Region,
  values: Float32Array,
): Light {
  let plane: [number, number, number] = [0, 0, 0];
  const left = new Float64Array(2 * PARTS);
  for (let round = 0; round < ROUNDS; round++) {
    const limit = round === 0 ? Number.POSITIVE_INFINITY : OTHER / round;
    const sums = new Float64Array(9);
    for (let row = 0, at = 0; row < region.height; row++) {
      let to = from + (region.top + row) * stride + region.left;
      for (let column = 0; column < region.width; column++, at++, to++) {
        const mask = region.mask[at]!;
        const weight = mask * (1 - mask);
        if (weight < 0.02) continue;
        const u = region.u[at]!;
        const v = region.v[at]!;
        const difference = yuv[to]! - values[at]!;
        const missing = difference - plane[0] - plane[1] * u - plane[2] * v;
        if (Math.abs(missing) > limit) continue;
        addTo(sums, weight, u, v, difference);
        if (round < ROUNDS - 1) continue;
        const part = 2 * (Math.floor(partAt(u, v)) % PARTS);
        left[part]! += weight * missing;
        left[part + 1]! += weight;
      }
    }
    if (round < ROUNDS - 1) plane = solved(sums) ?? plane;
  }
  const [base, across, down] = plane;
  const rim = rimOf(left);
  return {
    at: (u, v) => {
      const far = (farAt(u, v, region.down) - INNER) / (1 - INNER);
      const flat = base + across * u + down * v;
      if (far <= 0) return flat;
      const part = partAt(u, v) + PARTS - 0.5;
      const before = Math.floor(part);
      const [one, next] = [rim[before % PARTS]!, rim[(before + 1) % PARTS]!];
      return flat + Math.min(1, far) * (one + (part - before) * (next - one));
    },
    rest: seamOf(left, rim),
  };
}

/** Which part of the rim lies behind a place, from 0 to `PARTS`. */
function partAt(u: number, v: number): number {
  return (Math.atan2(v - CENTRE, u) / (2 * Math.PI) + 0.5) * PARTS;
}

/** What is added at each part of the rim: the mean of it and its neighbours. */
function rimOf(left: Float64Array): number[] {
  return Array.from({ length: PARTS }, (_, part) => {
    let [sum, weights] = [0, 0];
    for (const [by, share] of [
      [-1, 0.5],
      [0, 1],
      [1, 0.5],
    ] as const) {
      const at = 2 * ((part + by + PARTS) % PARTS);
      sum += share * left[at]!;
      weights += share * left[at + 1]!;
    }
    return weights > 0 ? Math.min(MOST_RIM, Math.max(-MOST_RIM, sum / weights)) : 0;
  });
}

function seamOf(left: Float64Array, rim: readonly number[]): number {
  let [off, weights] = [0, 0];
  for (const [part, added] of rim.entries()) {
    const weight = left[2 * part + 1]!;
    off += Math.abs(left[2 * part]! - weight * added);
    weights += weight;
  }
  return weights > 0 ? off / weights : 0;
}

function addTo(sums: Float64Array, weight: number, u: number, v: number, value: number): void {
  sums[0]! += weight;
  sums[1]! += weight * u;
  sums[2]! += weight * v;
  sums[3]! += weight * u * u;
  sums[4]! += weight * u * v;
  sums[5]! += weight * v * v;
  sums[6]! += weight * value;
  sums[7]! += weight * u * value;
  sums[8]! += weight * v * value;
}

/** Cramer's rule, with a little that holds slopes back. */
function solved(s: Float64Array): [number, number, number] | null {
  const [n, u, v, uu0, uv, vv0, d, du, dv] = s as unknown as number[] as [
    ...[number, number, number, number, number, number, number, number, number],
  ];
  if (n < 1e-3) return null;
  const [uu, vv] = [uu0 + 0.02 * n, vv0 + 0.02 * n];
  const det = (a: number[]) =>
    a[0]! * (a[4]! * a[8]! - a[5]! * a[7]!) -
    a[1]! * (a[3]! * a[8]! - a[5]! * a[6]!) +
    a[2]! * (a[3]! * a[7]! - a[4]! * a[6]!);
  const whole = det([n, u, v, u, uu, uv, v, uv, vv]);
  if (Math.abs(whole) < 1e-9) return [d / n, 0, 0];
  return [
    det([d, u, v, du, uu, uv, dv, uv, vv]) / whole,
    det([n, d, v, u, du, uv, v, dv, vv]) / whole,
    det([n, u, d, u, uu, du, v, uv, dv]) / whole,
  ];
}
