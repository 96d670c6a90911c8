/** Thin-plate splines (Bookstein 1989, IEEE PAMI 11(6)): the smoothest surface through values given at scattered handles. */
import type { Point } from "./head.ts";
import { factorised } from "./spline-system.ts";

export type Spline = {
  /** Values at the handles → values at the places that the spline was made for. Both in the order they were given. */
  spread(values: ArrayLike<number>): Float32Array;
};

/** Handles and places in units of about the size of what is described; `stiffness` > 0 lets the surface miss noisy handles. */
export function createSpline(handles: Point[], places: Point[], stiffness: number): Spline {
  const n = handles.length;
  const solve = factorised(handles, bends(handles, handles, Float64Array), stiffness);
  const influence = bends(places, handles, Float32Array);
  return {
    spread(values) {
      const { weights, level, across, down } = solve(values);
      const result = new Float32Array(places.length);
      sumRows(influence, weights, n, result);
      for (let i = 0; i < result.length; i++) result[i]! += level + across * places[i]!.x + down * places[i]!.y;
      return result;
    },
  };
}

/** r² log r between any of `from` (rows) and any of `to` (columns). */
function bends<Values extends Float32Array | Float64Array>(
  from: Point[],
  to: Point[],
  Values: new (count: number) => Values,
): Values {
  const result = new Values(from.length * to.length);
  const [xs, ys] = [Float64Array.from(to, ({ x }) => x), Float64Array.from(to, ({ y }) => y)];
  let at = 0;
  for (const { x, y } of from) {
    for (let j = 0; j < xs.length; j++) {
      const dx = x - xs[j]!;
      const dy = y - ys[j]!;
      const square = dx * dx + dy * dy;
      result[at++] = square < 1e-12 ? 0 : 0.5 * square * log(square);
    }
  }
  return result;
}

/** Each row of `rows` times `weights`. Four rows at a time, so that each weight is read once for them. */
function sumRows(rows: Float32Array, weights: Float64Array, length: number, result: Float32Array): void {
  const count = result.length;
  for (let i = 0; i < count; i += 4) {
    // past the end the last row is summed again
    const a = i * length;
    const b = Math.min(count - 1, i + 1) * length;
    const c = Math.min(count - 1, i + 2) * length;
    const d = Math.min(count - 1, i + 3) * length;
    let p = 0;
    let q = 0;
    let r = 0;
    let s = 0;
    for (let j = 0; j < length; j++) {
      const weight = weights[j]!;
      p += weight * rows[a + j]!;
      q += weight * rows[b + j]!;
      r += weight * rows[c + j]!;
      s += weight * rows[d + j]!;
    }
    result[i] = p;
    if (i + 1 < count) result[i + 1] = q;
    if (i + 2 < count) result[i + 2] = r;
    if (i + 3 < count) result[i + 3] = s;
  }
}

/** The logarithm of a normal number > 0 to some 1e-11, in a third of the time of `Math.log`: there are hundreds of thousands of them. */
function log(x: number): number {
  NUMBER[0] = x;
  const high = WORDS[HIGH]!;
  const step = (high >>> 12) & 0xff;
  const exponent = high >>> 20;
  // x = 2^(exponent − 1023) × mantissa, and the mantissa is 1 + (step + ½) / 256 and a little more or less
  const more = x * POWERS[exponent]! * INVERSES[step]! - 1;
  return (exponent - 1023) * Math.LN2 + LOGS[step]! + more * (1 - more * (0.5 - more * (1 / 3)));
}

const NUMBER = new Float64Array(1);
const WORDS = new Uint32Array(NUMBER.buffer);
/** Which of the two words has the exponent. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LOGS = Float64Array.from({ length: 256 }, (_, step) => Math.log1p((step + 0.5) / 256));
const POWERS = Float64Array.from({ length: 2046 }, (_, exponent) => 2 ** (1023 - exponent));
const INVERSES = LOGS.map((value) => Math.exp(-value));
