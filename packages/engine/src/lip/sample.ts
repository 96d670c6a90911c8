/** Reads a borrowed mouth at the places of a frame. */
import type { Lent } from "./patch.ts";
import type { Region, Target } from "./region.ts";

type Sampled = Lent & { plane: "y" | "u" | "v" /** 2 in the planes of colours. */; by: 1 | 2; target: Target };

/** How far below the mouth the jaw goes with the lower lip, E, and how far beyond the corners the mouth's width reaches. */
const JAW = 0.55;
const BESIDE = 0.14;

/** Adds `share` of the patch to `values` inside the mask of the region: with bicubic weights (Keys 1981), so that skin stays as sharp as it is. */
export function sampleInto(values: Float32Array, region: Region, lent: Sampled): void {
  const { patch, share, plane, by, target } = lent;
  const data = patch[plane];
  const [width, height] = [patch.width / by, patch.height / by];
  const { a, b, x, y } = patch.place;
  const bent = bentBy(lent);
  const { mouth } = target;
  // centres of the planes of colours lie between two pixels of brightness across only in name: both are sampled alike
  const offset = by === 1 ? 0 : -0.25;
  for (let at = 0; at < values.length; at++) {
    if (region.mask[at]! <= 0) continue;
    const place = bent(region.u[at]!, region.v[at]!);
    const faceX = place[0] + mouth.x;
    const faceY = place[1] + mouth.y;
    const px = (a * faceX - b * faceY + x - patch.left) / by + offset;
    const py = (b * faceX + a * faceY + y - patch.top) / by + offset;
    values[at]! += share * (by === 1 ? cubic(data, width, height, px, py) : linear(data, width, height, px, py));
  }
}

/** Where in the patch a place of the result is found: lips parted further, the jaw with the lower one, corners further apart. */
function bentBy({ patch, more, wider, target }: Sampled): (u: number, v: number) => [number, number] {
  const { look } = patch;
  const upper = look.upper.y - target.mouth.y;
  const lower = Math.max(upper, look.lower.y - target.mouth.y);
  const middle = look.mouth.x - target.mouth.x;
  const half = look.width / 2;
  const stretch = wider / 2 / half;
  const place: [number, number] = [0, 0];
  return (u, v) => {
    const across = (u - middle) / (half + wider / 2);
    const near = 1 - Math.min(1, Math.max(0, Math.abs(across) - 1) / (BESIDE / half));
    const level = Math.max(0, 1 - (Math.abs(v - (upper + lower) / 2) / 0.3) ** 2);
    place[0] = u - (stretch * (u - middle) * near * level) / (1 + stretch);
    const bow = Math.max(0, 1 - across * across * 0.8);
    const by = more * Math.min(1, bow);
    const edge = lower + by;
    if (v <= upper) place[1] = v;
    else if (v < edge) place[1] = upper + ((v - upper) * (lower - upper)) / Math.max(1e-4, edge - upper);
    else {
      const share = Math.max(0, 1 - (v - edge) / JAW);
      place[1] = v - by * share * share * (3 - 2 * share);
    }
    return place;
  };
}

function linear(data: Uint8Array, width: number, height: number, px: number, py: number): number {
  const x = Math.min(width - 1.001, Math.max(0, px));
  const y = Math.min(height - 1.001, Math.max(0, py));
  const x0 = x | 0;
  const y0 = y | 0;
  const fx = x - x0;
  const fy = y - y0;
  const at = y0 * width + x0;
  const above = data[at]! + fx * (data[at + 1]! - data[at]!);
  const below = data[at + width]! + fx * (data[at + width + 1]! - data[at + width]!);
  return above + fy * (below - above);
}

/** Catmull-Rom: weights written out, because it is done for every pixel. */
function cubic(data: Uint8Array, width: number, height: number, px: number, py: number): number {
  const x0 = Math.floor(px);
  const y0 = Math.floor(py);
  if (x0 < 1 || y0 < 1 || x0 > width - 3 || y0 > height - 3) return linear(data, width, height, px, py);
  const x = px - x0;
  const y = py - y0;
  const a0 = ((1 - 0.5 * x) * x - 0.5) * x;
  const a1 = (1.5 * x - 2.5) * x * x + 1;
  const a2 = ((2 - 1.5 * x) * x + 0.5) * x;
  const a3 = (0.5 * x - 0.5) * x * x;
  const b0 = ((1 - 0.5 * y) * y - 0.5) * y;
  const b1 = (1.5 * y - 2.5) * y * y + 1;
  const b2 = ((2 - 1.5 * y) * y + 0.5) * y;
  const b3 = (0.5 * y - 0.5) * y * y;
  const r0 = (y0 - 1) * width + x0 - 1;
  const r1 = r0 + width;
  const r2 = r1 + width;
  const r3 = r2 + width;
  return (
    b0 * (a0 * data[r0]! + a1 * data[r0 + 1]! + a2 * data[r0 + 2]! + a3 * data[r0 + 3]!) +
    b1 * (a0 * data[r1]! + a1 * data[r1 + 1]! + a2 * data[r1 + 2]! + a3 * data[r1 + 3]!) +
    b2 * (a0 * data[r2]! + a1 * data[r2 + 1]! + a2 * data[r2 + 2]! + a3 * data[r2 + 3]!) +
    b3 * (a0 * data[r3]! + a1 * data[r3 + 1]! + a2 * data[r3 + 2]! + a3 * data[r3 + 3]!)
  );
}
