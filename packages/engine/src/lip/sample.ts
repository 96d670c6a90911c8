/** Reads a borrowed mouth at the places of a frame. */
import type { Lent, Region, Target } from "./paste.ts";

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
  const warp = warpOf(lent);
  const { mouth } = target;
  // centres of the planes of colours lie between two pixels of brightness across only in name: both are sampled alike
  const offset = by === 1 ? 0 : -0.25;
  for (let at = 0; at < values.length; at++) {
    if (region.mask[at]! <= 0) continue;
    const [u, v] = warp(region.u[at]!, region.v[at]!);
    const [faceX, faceY] = [u + mouth.x, v + mouth.y];
    const px = (a * faceX - b * faceY + x - patch.left) / by + offset;
    const py = (b * faceX + a * faceY + y - patch.top) / by + offset;
    values[at]! += share * (by === 1 ? cubic(data, width, height, px, py) : linear(data, width, height, px, py));
  }
}

/** Where in the patch a place of the result is found: lips parted further, the jaw with the lower one, corners further apart. */
function warpOf({ patch, more, wider, target }: Sampled): (u: number, v: number) => [number, number] {
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
  const [x0, y0] = [x | 0, y | 0];
  const [fx, fy] = [x - x0, y - y0];
  const at = y0 * width + x0;
  const above = data[at]! + fx * (data[at + 1]! - data[at]!);
  const below = data[at + width]! + fx * (data[at + width + 1]! - data[at + width]!);
  return above + fy * (below - above);
}

function cubic(data: Uint8Array, width: number, height: number, px: number, py: number): number {
  const [x0, y0] = [Math.floor(px), Math.floor(py)];
  if (x0 < 1 || y0 < 1 || x0 > width - 3 || y0 > height - 3) return linear(data, width, height, px, py);
  const [fx, fy] = [px - x0, py - y0];
  const [a0, a1, a2, a3] = weights(fx);
  const [b0, b1, b2, b3] = weights(fy);
  let at = (y0 - 1) * width + x0 - 1;
  const row = (): number => {
    const value = a0 * data[at]! + a1 * data[at + 1]! + a2 * data[at + 2]! + a3 * data[at + 3]!;
    at += width;
    return value;
  };
  return b0 * row() + b1 * row() + b2 * row() + b3 * row();
}

function weights(f: number): [number, number, number, number] {
  const [f2, f3] = [f * f, f * f * f];
  return [-0.5 * f + f2 - 0.5 * f3, 1 - 2.5 * f2 + 1.5 * f3, 0.5 * f + 2 * f2 - 1.5 * f3, -0.5 * f2 + 0.5 * f3];
}
