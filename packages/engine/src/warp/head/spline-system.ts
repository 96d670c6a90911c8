/**
 * The equations of a thin-plate spline, solved for its weights. Among weights that no plane can replace (sums over 1, x and y are 0) the
 * system is positive definite, so it is brought there by three reflections and taken apart by Cholesky (Wahba 1990, Spline Models for
 * Observational Data, section 2.4): half the work of eliminating the whole.
 */
import type { Point } from "./head.ts";

/** What is seen at a place: the weights times r² log r of each handle, and a plane. */
type Surface = { weights: Float64Array; level: number; across: number; down: number };

/** `bends`: row by row, of the handles among themselves; it is written over. At least three handles, not all on one line. */
export function factorised(
  handles: Point[],
  bends: Float64Array,
  stiffness: number,
): (values: ArrayLike<number>) => Surface {
  const n = handles.length;
  for (let i = 0; i < n; i++) bends[i * n + i]! += stiffness;
  const planes = [handles.map(() => 1), handles.map(({ x }) => x), handles.map(({ y }) => y)];
  const columns = planes.map((plane) => Float64Array.from(plane));
  const reflections = columns.map((column, k) => reflectionOf(column, k, columns.slice(k + 1)));
  for (const reflection of reflections) reflectBothSides(bends, n, reflection);
  const roots = cholesky(bends, n, 3);
  return (values) => {
    const turned = Float64Array.from({ length: n }, (_, i) => values[i]!);
    for (const reflection of reflections) reflect(turned, reflection);
    const weights = solved(bends, roots, n, 3, turned);
    // what the weights leave of the first three values is the plane's
    const rest = [0, 1, 2].map((i) => turned[i]! - dot(bends, i * n + 3, weights, 3, n - 3));
    const [first, second, third] = columns as [Float64Array, Float64Array, Float64Array];
    const down = rest[2]! / third[2]!;
    const across = (rest[1]! - third[1]! * down) / second[1]!;
    const level = (rest[0]! - third[0]! * down - second[0]! * across) / first[0]!;
    for (const reflection of reflections.toReversed()) reflect(weights, reflection);
    return { weights, level, across, down };
  };
}

/** x − 2 v (v·x), with v of length 1 (Householder 1958). */
function reflect(x: Float64Array, v: Float64Array): void {
  const twice = 2 * dot(v, 0, x, 0, v.length);
  for (let i = 0; i < v.length; i++) x[i]! -= twice * v[i]!;
}

/** The reflection that leaves nothing of `column` below `k`; it is done to the column and to the `others`. */
function reflectionOf(column: Float64Array, k: number, others: Float64Array[]): Float64Array {
  const v = column.slice().fill(0, 0, k);
  const length = Math.sqrt(dot(v, 0, v, 0, v.length));
  v[k]! += v[k]! < 0 ? -length : length;
  const norm = Math.sqrt(dot(v, 0, v, 0, v.length));
  for (let i = 0; i < v.length; i++) v[i]! /= norm;
  for (const each of [column, ...others]) reflect(each, v);
  return v;
}

/** H m H of a symmetric matrix: m − v wᵀ − w vᵀ, with w = 2 (m v − v (v·m v)). */
function reflectBothSides(m: Float64Array, n: number, v: Float64Array): void {
  const w = new Float64Array(n);
  for (let i = 0; i < n; i++) w[i] = 2 * dot(m, i * n, v, 0, n);
  const half = dot(v, 0, w, 0, n);
  for (let i = 0; i < n; i++) w[i]! -= half * v[i]!;
  for (let i = 0, at = 0; i < n; i++) {
    const vi = v[i]!;
    const wi = w[i]!;
    for (let j = 0; j < n; j++, at++) m[at]! -= vi * w[j]! + wi * v[j]!;
  }
}

/** L of the part of `m` from row and column `first` on, in place below its diagonal; what is divided by is answered. */
function cholesky(m: Float64Array, n: number, first: number): Float64Array {
  const inverse = new Float64Array(n);
  for (let j = first; j < n; j++) {
    const row = j * n;
    const length = j - first;
    inverse[j] = 1 / Math.sqrt(m[row + j]! - dot(m, row + first, m, row + first, length));
    let i = j + 1;
    // four rows at a time, so that row j is read once for them
    for (; i + 3 < n; i += 4) {
      const a = i * n;
      const b = a + n;
      const c = b + n;
      const d = c + n;
      let p = m[a + j]!;
      let q = m[b + j]!;
      let r = m[c + j]!;
      let s = m[d + j]!;
      for (let k = first; k < j; k++) {
        const value = m[row + k]!;
        p -= value * m[a + k]!;
        q -= value * m[b + k]!;
        r -= value * m[c + k]!;
        s -= value * m[d + k]!;
      }
      m[a + j] = p * inverse[j]!;
      m[b + j] = q * inverse[j]!;
      m[c + j] = r * inverse[j]!;
      m[d + j] = s * inverse[j]!;
    }
    for (; i < n; i++) {
      m[i * n + j] = (m[i * n + j]! - dot(m, i * n + first, m, row + first, length)) * inverse[j]!;
    }
  }
  return inverse;
}

/** L Lᵀ x = right, from `first` on; what comes before it is 0. */
function solved(l: Float64Array, inverse: Float64Array, n: number, first: number, right: Float64Array): Float64Array {
  const x = new Float64Array(n);
  for (let i = first; i < n; i++) {
    x[i] = (right[i]! - dot(l, i * n + first, x, first, i - first)) * inverse[i]!;
  }
  for (let i = n - 1; i >= first; i--) {
    const value = x[i]! * inverse[i]!;
    x[i] = value;
    for (let j = first; j < i; j++) x[j]! -= l[i * n + j]! * value;
  }
  return x;
}

function dot(a: Float64Array, fromA: number, b: Float64Array, fromB: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[fromA + i]! * b[fromB + i]!;
  return sum;
}
