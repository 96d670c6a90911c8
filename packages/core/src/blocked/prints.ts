/**
 * Prints of pictures: 256 bits that stay nearly the same when a picture is saved again, made smaller, brighter or grey, or has a bar of
 * text over it. The sign of each of the 16 × 16 lowest frequencies of 64 × 64 grey pixels (DCT-II) against their median. Of a face it is
 * a print of that picture's cut-out, not a template by which the person would be known in another picture.
 */

/** Side of what a print is made of, pixels. */
export const PRINT_SIDE = 64;
const LOW = 16;
/** 64 hex digits. */
export type Print = string;

/** What a print is of: a whole picture, or the upright cut-out of a face in one. They are held against their own sort alone. */
export const PRINTED = ["whole", "face"] as const;
export type Prints = { of: (typeof PRINTED)[number]; prints: Print[] };

/**
 * Up to these distances two pictures count as one. Faces are cut out alike, so that those of two people are closer (66 bits at least among
 * the test pictures) than unlike pictures are, and one face stays within 20 (`services/print.test.ts`).
 */
export const LIKE_BITS = { whole: 64, face: 32 } as const;

/** Prints of a picture in its 8 orientations: turned by quarters, and mirrored; the first as it is. `grey`: 64 × 64 values, row by row. */
export function printsOf(grey: ArrayLike<number>): Print[] {
  const upright = lowest(grey);
  const sideways = transposed(upright);
  // turning and mirroring change nothing but the sign of the odd frequencies, and rows for columns
  return [upright, sideways].flatMap((block) =>
    [
      [1, 1],
      [-1, 1],
      [1, -1],
      [-1, -1],
    ].map(([across, down]) =>
      signs(block.map((value, at) => value * odd(at % LOW, across!) * odd(Math.floor(at / LOW), down!))),
    ),
  );
}

/** Number of bits that differ, 0 to 256. */
export function distance(a: Print, b: Print): number {
  let bits = 0;
  for (let at = 0; at < a.length; at += 8) {
    let left = Number.parseInt(a.slice(at, at + 8), 16) ^ Number.parseInt(b.slice(at, at + 8), 16);
    for (; left !== 0; left &= left - 1) bits += 1;
  }
  return bits;
}

const COSINES = Array.from({ length: LOW }, (_, k) =>
  Float64Array.from({ length: PRINT_SIDE }, (_, x) => Math.cos((Math.PI * k * (2 * x + 1)) / (2 * PRINT_SIDE))),
);

/** The 16 × 16 lowest frequencies, row by row. */
function lowest(grey: ArrayLike<number>): number[] {
  const rows = Array.from({ length: PRINT_SIDE }, (_, y) =>
    COSINES.map((cosine) => cosine.reduce((sum, value, x) => sum + value * grey[y * PRINT_SIDE + x]!, 0)),
  );
  return COSINES.flatMap((cosine) =>
    COSINES.map((_, across) => cosine.reduce((sum, value, y) => sum + value * rows[y]![across]!, 0)),
  );
}

function transposed(block: number[]): number[] {
  return block.map((_, at) => block[(at % LOW) * LOW + Math.floor(at / LOW)]!);
}

function odd(k: number, sign: number): number {
  return k % 2 === 1 ? sign : 1;
}

/** The mean of the picture says nothing of what it shows, and is not among what the median is taken of. */
function signs(block: number[]): Print {
  const sorted = block.slice(1).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  let hex = "";
  for (let at = 0; at < block.length; at += 4) {
    const digit = [0, 1, 2, 3].reduce((sum, bit) => sum * 2 + (block[at + bit]! > median ? 1 : 0), 0);
    hex += digit.toString(16);
  }
  return hex;
}
