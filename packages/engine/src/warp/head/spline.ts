/** Thin-plate splines (Bookstein 1989, IEEE PAMI 11(6)): the smoothest surface through values given at scattered handles. */
import type { Point } from "./head.ts";

export type Spline = {
  /** Values at the handles → values at the places that the spline was made for. Both in the order they were given. */
  spread(values: ArrayLike<number>): Float32Array;
};

/** Handles and places in units of about the size of what is described; `stiffness` > 0 lets the surface miss noisy handles. */
export function createSpline(handles: Point[], places: Point[], stiffness: number): Spline {
  const n = handles.length;
  const size = n + 3;
  const solve = factorised(systemOf(handles, stiffness), size);
  const influence = new Float32Array(places.length * n);
  places.forEach((place, i) => {
    for (let j = 0; j < n; j++) influence[i * n + j] = bend(place, handles[j]!);
  });
  return {
    spread(values) {
      const right = new Float64Array(size);
      right.set(values);
      const weights = solve(right);
      const a = weights[n]!;
      const bx = weights[n + 1]!;
      const by = weights[n + 2]!;
      return Float32Array.from(places, ({ x, y }, i) => {
        let sum = a + bx * x + by * y;
        const row = i * n;
        for (let j = 0; j < n; j++) sum += weights[j]! * influence[row + j]!;
        return sum;
      });
    },
  };
}

function bend(a: Point, b: Point): number {
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  const square = dx * dx + dy * dy;
  return square < 1e-12 ? 0 : 0.5 * square * Math.log(square);
}

function systemOf(handles: Point[], stiffness: number): Float64Array {
  const n = handles.length;
  const size = n + 3;
  const matrix = new Float64Array(size * size);
  handles.forEach((p, i) => {
    for (let j = 0; j < n; j++) matrix[i * size + j] = i === j ? stiffness : bend(p, handles[j]!);
    [1, p.x, p.y].forEach((value, k) => {
      matrix[i * size + n + k] = value;
      matrix[(n + k) * size + i] = value;
    });
  });
  return matrix;
}

/** LU with partial pivoting, in place; the system has zeros on its diagonal, so Cholesky will not do. */
function factorised(m: Float64Array, size: number): (right: Float64Array) => Float64Array {
  const order = Int32Array.from({ length: size }, (_, i) => i);
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(m[i * size + k]!) > Math.abs(m[pivot * size + k]!)) pivot = i;
    if (pivot !== k) {
      const row = m.slice(k * size, (k + 1) * size);
      m.copyWithin(k * size, pivot * size, (pivot + 1) * size);
      m.set(row, pivot * size);
      const index = order[k]!;
      order[k] = order[pivot]!;
      order[pivot] = index;
    }
    const inverse = 1 / m[k * size + k]!;
    for (let i = k + 1; i < size; i++) {
      const factor = m[i * size + k]! * inverse;
      m[i * size + k] = factor;
      if (factor !== 0) for (let j = k + 1; j < size; j++) m[i * size + j]! -= factor * m[k * size + j]!;
    }
  }
  return (right) => {
    const x = Float64Array.from(order, (i) => right[i]!);
    for (let i = 1; i < size; i++) for (let j = 0; j < i; j++) x[i]! -= m[i * size + j]! * x[j]!;
    for (let i = size - 1; i >= 0; i--) {
      for (let j = i + 1; j < size; j++) x[i]! -= m[i * size + j]! * x[j]!;
      x[i]! /= m[i * size + i]!;
    }
    return x;
  };
}
