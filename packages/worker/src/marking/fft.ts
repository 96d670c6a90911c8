/** Complex numbers on a square grid, row by row. */
export type Grid = { side: number; re: Float64Array; im: Float64Array };

export function emptyGrid(side: number): Grid {
  return { side, re: new Float64Array(side * side), im: new Float64Array(side * side) };
}

type Tables = { cos: Float64Array; sin: Float64Array; reversed: Uint16Array };
const known = new Map<number, Tables>();

/** In place and without scaling; `sign`: of the exponent, −1 to frequencies and 1 back. The side is a power of two. */
export function transform(grid: Grid, sign: 1 | -1): void {
  const tables = tablesOf(grid.side);
  for (let line = 0; line < grid.side; line++) transformLine(grid, tables, line * grid.side, 1, sign);
  for (let line = 0; line < grid.side; line++) transformLine(grid, tables, line, grid.side, sign);
}

function tablesOf(side: number): Tables {
  const had = known.get(side);
  if (had) return had;
  const bits = Math.log2(side);
  const angle = (k: number) => (2 * Math.PI * k) / side;
  const tables = {
    cos: Float64Array.from({ length: side / 2 }, (_, k) => Math.cos(angle(k))),
    sin: Float64Array.from({ length: side / 2 }, (_, k) => Math.sin(angle(k))),
    reversed: Uint16Array.from({ length: side }, (_, k) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((k >> bit) & 1) << (bits - 1 - bit);
      return reversed;
    }),
  };
  known.set(side, tables);
  return tables;
}

/** Radix 2. */
function transformLine(
  { side, re, im }: Grid,
  { cos, sin, reversed }: Tables,
  at: number,
  step: number,
  sign: 1 | -1,
): void {
  for (let k = 0; k < side; k++) {
    const [a, b] = [at + k * step, at + reversed[k]! * step];
    if (b <= a) continue;
    const [real, imaginary] = [re[a]!, im[a]!];
    re[a] = re[b]!;
    im[a] = im[b]!;
    re[b] = real;
    im[b] = imaginary;
  }
  for (let half = 1; half < side; half *= 2) {
    const stride = side / (2 * half);
    for (let start = 0; start < side; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const a = at + (start + k) * step;
        const b = a + half * step;
        const c = cos[k * stride]!;
        const s = sign * sin[k * stride]!;
        const real = re[b]! * c - im[b]! * s;
        const imaginary = re[b]! * s + im[b]! * c;
        re[b] = re[a]! - real;
        im[b] = im[a]! - imaginary;
        re[a] = re[a]! + real;
        im[a] = im[a]! + imaginary;
      }
    }
  }
}
