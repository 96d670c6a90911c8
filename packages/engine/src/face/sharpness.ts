/** How sharp a face is, as it will be seen: large faces are judged at the size that they have in a video of 512 pixels. */
import type { Picture } from "../media/picture.ts";
import { cropTensor, UNIT } from "./sample.ts";
import type { Face } from "./types.ts";

/** Side of the square in pixels and, in E, what it takes in: eyes, nose and mouth. */
const SIDE = 128;
const REACH = 1.28;

/**
 * 0–1: the share of the total variation that is lost when the face is made half as large; a blurred one loses next to none. Seen:
 * 0.2 to 0.45 for sharp portraits, about 0.1 for soft ones, below 0.07 for those that are blurred or out of focus.
 */
export function sharpnessOf(picture: Picture, { crop, eyeDistance }: Face): number {
  const square = { x: crop.x, y: crop.y, size: REACH * eyeDistance, angle: crop.angle };
  const rgb = cropTensor(picture, square, SIDE, UNIT);
  const whole = Float32Array.from(
    { length: SIDE * SIDE },
    (_, i) => (rgb[i * 3]! + rgb[i * 3 + 1]! + rgb[i * 3 + 2]!) / 3,
  );
  const lost = 1 - variation(halved(whole, SIDE), SIDE / 2) / (variation(whole, SIDE) / 2 || 1);
  return Math.max(0, Math.min(1, lost));
}

function halved(values: Float32Array, side: number): Float32Array {
  const half = side / 2;
  return Float32Array.from({ length: half * half }, (_, i) => {
    const at = 2 * Math.floor(i / half) * side + 2 * (i % half);
    return (values[at]! + values[at + 1]! + values[at + side]! + values[at + side + 1]!) / 4;
  });
}

/** Sum of the differences of neighbours, across and down. */
function variation(values: Float32Array, side: number): number {
  let sum = 0;
  for (let y = 0; y < side - 1; y++) {
    for (let x = 0; x < side - 1; x++) {
      const at = y * side + x;
      sum += Math.abs(values[at + 1]! - values[at]!) + Math.abs(values[at + side]! - values[at]!);
    }
  }
  return sum;
}
