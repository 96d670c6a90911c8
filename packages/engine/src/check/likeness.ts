/** Whether two pictures show the same face: how it looks, small and without light and contrast, and where its parts lie. */
import { cropTensor, fromCrop, UNIT } from "../face/sample.ts";
import type { FaceCrop, Landmarks } from "../face/types.ts";
import type { Picture } from "../media/picture.ts";
import { similarity } from "./measure.ts";

export type View = { picture: Picture; crop: FaceCrop; landmarks: Landmarks };
export type Likeness = {
  /** Correlation of the two small pictures' brightness, 1 for the same. */
  look: number;
  /** Mean distance of the colours, 0–1 a channel. */
  colour: number;
  /** Distance of the landmarks after the best fit, root mean square, in E. */
  shape: number;
};

const SIDE = 32;
/** The crop reaches beyond the face: this middle part is the face itself. */
const INNER = [7, 25] as const;
export const SHAPE_POINTS = [
  33, 133, 362, 263, 61, 291, 0, 17, 1, 2, 129, 358, 10, 152, 234, 454, 105, 334, 6, 50, 280, 172, 397,
];

export function likeness(a: View, b: View): Likeness {
  const cells = CELLS.filter((cell) => shows(a, cell) && shows(b, cell));
  const [p, q] = [inner(a, cells), inner(b, cells)];
  const point =
    ({ landmarks }: View) =>
    (i: number) => ({
      x: landmarks.points[i * 3]!,
      y: landmarks.points[i * 3 + 1]!,
    });
  const to = point(b);
  const unit = Math.hypot(to(263).x - to(33).x, to(263).y - to(33).y);
  return {
    look: correlation(brightness(p), brightness(q)),
    colour: p.reduce((sum, value, i) => sum + Math.abs(value - q[i]!), 0) / p.length,
    shape: similarity(point(a), to, SHAPE_POINTS).rest / unit,
  };
}

type Cell = { row: number; column: number };
const WITHIN = Array.from({ length: INNER[1] - INNER[0] }, (_, i) => INNER[0] + i);
const CELLS: Cell[] = WITHIN.flatMap((row) => WITHIN.map((column) => ({ row, column })));

/** Beyond its edge a picture shows nothing, and what is filled in there would differ by as little as one row of pixels. */
function shows({ picture, crop }: View, { row, column }: Cell): boolean {
  const [x, y] = fromCrop(crop, (column + 0.5) / SIDE, (row + 0.5) / SIDE);
  const room = crop.size / SIDE;
  return x >= room && y >= room && x <= picture.width - room && y <= picture.height - room;
}

function inner({ picture, crop }: View, cells: Cell[]): Float32Array {
  const whole = cropTensor(picture, crop, SIDE, UNIT);
  const part = new Float32Array(cells.length * 3);
  cells.forEach(({ row, column }, i) => {
    const from = (row * SIDE + column) * 3;
    part.set(whole.subarray(from, from + 3), i * 3);
  });
  return part;
}

function brightness(rgb: Float32Array): Float32Array {
  return new Float32Array(rgb.length / 3).map(
    (_, i) => 0.21 * rgb[i * 3]! + 0.72 * rgb[i * 3 + 1]! + 0.07 * rgb[i * 3 + 2]!,
  );
}

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb || 1);
}
