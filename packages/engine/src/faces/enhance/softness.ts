/**
 * How soft a picture is: what it loses when it is made half as large, beside what it loses the next time. Detail is much the same at all sizes
 * of a picture that is crisp; one that is blurred has less of the finest than of the next, whatever it shows.
 */
import { cropTensor, UNIT } from "../../face/sample.ts";
import type { Face } from "../../face/types.ts";
import type { Picture } from "../../media/picture.ts";
import { smooth } from "../../warp/head/falloff.ts";
import type { RgbFrame } from "../processor.ts";

/**
 * Seen on seven portraits (photos and paintings) with E from 22 to 170 pixels: 0.6 to 1.6 as they are, and at JPEG quality 40, where the
 * restoring network would do harm (−0.4 to −3.6 dB); 0.4 to 0.54 blurred by σ = 1 pixel and then saved at quality 60, where it helps by 0.6
 * to 2.8 dB. Where blurred ones have more they are so large that the blur hardly shows, and it gains nothing.
 */
export const SOFT = 0.52;
export const CRISP = 0.6;

/** A larger face is looked at, and made clearer, as if it were so large: E, pixels. */
export const LARGEST = 140;
/** What is looked at of a face, in E: eyes, nose and mouth. */
const REACH = 1.28;
const LONGEST_SIDE = 128;

/** 0.3 to 1.6, see above. */
export function crispnessOfFace(frame: RgbFrame, { crop, eyeDistance }: Face): number {
  const size = REACH * eyeDistance;
  const side = Math.min(LONGEST_SIDE, Math.max(16, 4 * Math.round(size / 4)));
  const rgb = cropTensor(asPicture(frame), { x: crop.x, y: crop.y, size, angle: crop.angle }, side, UNIT);
  const values = new Float32Array(side * side);
  for (let i = 0; i < values.length; i++) values[i] = rgb[3 * i]! + rgb[3 * i + 1]! + rgb[3 * i + 2]!;
  return crispness(values, side, side);
}

export function crispnessOfFrame({ width, height, data }: RgbFrame): number {
  const columns = width & ~3;
  const rows = height & ~3;
  const values = new Float32Array(columns * rows);
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, at++) {
      const from = (y * width + x) * 3;
      values[at] = data[from]! + data[from + 1]! + data[from + 2]!;
    }
  }
  return crispness(values, columns, rows);
}

/** How much of what the restoring network does is wanted: 1 for what is soft, 0 for what is crisp. */
export function strengthFor(crispness: number): number {
  return 1 - smooth((crispness - SOFT) / (CRISP - SOFT));
}

/** Sides are multiples of 4. A picture without anything in it counts as crisp: nothing can be made of it. */
function crispness(values: Float32Array, width: number, height: number): number {
  if (width < 8 || height < 8) return Number.POSITIVE_INFINITY;
  const half = halved(values, width, height);
  const quarter = halved(half, width / 2, height / 2);
  const [a, b, c] = [
    variation(values, width, height),
    variation(half, width / 2, height / 2),
    variation(quarter, width / 4, height / 4),
  ];
  const first = 1 - b / (a / 2 || 1);
  const second = 1 - c / (b / 2 || 1);
  return a === 0 || second <= 0 ? Number.POSITIVE_INFINITY : first / second;
}

function halved(values: Float32Array, width: number, height: number): Float32Array {
  const result = new Float32Array((width / 2) * (height / 2));
  for (let y = 0, to = 0; y < height; y += 2) {
    for (let at = y * width; at < y * width + width; at += 2, to++) {
      result[to] = (values[at]! + values[at + 1]! + values[at + width]! + values[at + width + 1]!) / 4;
    }
  }
  return result;
}

/** Sum of the differences of neighbours, across and down. */
function variation(values: Float32Array, width: number, height: number): number {
  let sum = 0;
  for (let y = 0; y < height - 1; y++) {
    for (let at = y * width; at < y * width + width - 1; at++) {
      sum += Math.abs(values[at + 1]! - values[at]!) + Math.abs(values[at + width]! - values[at]!);
    }
  }
  return sum;
}

function asPicture({ width, height, data }: RgbFrame): Picture {
  const region = { x: 0, y: 0, width, height };
  return { width, height, data, fullWidth: width, fullHeight: height, region, orientation: 1 };
}
