/** How a head has moved as a whole between two meshes of it: turn, growth and shift with the least squares (Horn 1987, JOSA A 4(4)). */

export type Vector = [number, number, number];

/** Maps places at one time onto another: `p ↦ to + scale · rotation · (p − from)`. Axes as of the mesh: x right, y down, z away. */
export type RigidFit = {
  /** Rows of the rotation's matrix. */
  rotation: [Vector, Vector, Vector];
  scale: number;
  from: Vector;
  to: Vector;
  apply(point: Vector): Vector;
};

/** The matrix is taken to the power of 2 to this. */
const SQUARES = 10;

export const pointAt = (points: Float32Array, i: number): Vector => [
  points[i * 3]!,
  points[i * 3 + 1]!,
  points[i * 3 + 2]!,
];

/** Takes the points of `source` that `indices` names onto the same ones of `target`. */
export function rigidFit(source: Float32Array, target: Float32Array, indices: readonly number[]): RigidFit {
  const from = meanOf(source, indices);
  const to = meanOf(target, indices);
  const s = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let sizes = 0;
  let wanted = 0;
  for (const i of indices) {
    const a = minus(pointAt(source, i), from);
    const b = minus(pointAt(target, i), to);
    for (let r = 0; r < 3; r++) for (let c = 0; c < 3; c++) s[r * 3 + c]! += a[r]! * b[c]!;
    sizes += dot(a, a);
    wanted += dot(b, b);
  }
  const rotation = rotationOf(turnBetween(s));
  const scale = Math.sqrt(wanted / (sizes || 1));
  return {
    rotation,
    scale,
    from,
    to,
    apply(point) {
      const p = minus(point, from);
      return [0, 1, 2].map((k) => to[k]! + scale * dot(rotation[k]!, p)) as Vector;
    },
  };
}

/** The quaternion (w, x, y, z) that turns best: the strongest eigenvector of Horn's matrix. */
function turnBetween(s: number[]): [number, number, number, number] {
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = s as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const n = [
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ];
  // Makes all eigenvalues positive; then of a high power of the matrix only the strongest direction is left.
  const shift = Math.hypot(...s) * 2 || 1;
  let power = n.map((row, r) => row.map((value, c) => (r === c ? value + shift : value)));
  for (let square = 0; square < SQUARES; square++) {
    const size = Math.hypot(...power.flat()) || 1;
    const unit = power.map((row) => row.map((value) => value / size));
    power = unit.map((row) => unit.map((_, c) => row.reduce((sum, value, k) => sum + value * unit[k]![c]!, 0)));
  }
  const lengths = power.map((row) => Math.hypot(...row));
  const length = Math.max(...lengths) || 1;
  const q = power[Math.max(0, lengths.indexOf(length))]!;
  return q.map((value) => value / length) as [number, number, number, number];
}

function rotationOf([w, x, y, z]: [number, number, number, number]): RigidFit["rotation"] {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

function meanOf(points: Float32Array, indices: readonly number[]): Vector {
  const sum: Vector = [0, 0, 0];
  for (const i of indices) for (let k = 0; k < 3; k++) sum[k]! += points[i * 3 + k]! / indices.length;
  return sum;
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
