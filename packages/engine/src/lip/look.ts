/** What one frame shows of the face that is to speak. */
import { poseOf } from "../face/pose.ts";
import type { Frame } from "../media/yuv.ts";
import { lipsOf } from "./lips.ts";
import { onFace, type Place, type Point, placeOf, unitOf } from "./place.ts";

/** Lengths in E, places on the face (place.ts). */
export type Look = {
  place: Place;
  /** How far the lips are parted, and how far apart the corners of the mouth are. */
  gap: number;
  width: number;
  /** Middles of the inner edges of the lips, of the mouth, and the chin. */
  upper: Point;
  lower: Point;
  mouth: Point;
  chin: number;
  /** Degrees, as `poseOf` has them. */
  yaw: number;
  pitch: number;
  /** How the upper half of the face looks: brightness at some places, then its two colours. 0–255. */
  print: Float32Array;
  /** How the mouth looks (`lipsOf`). */
  lips: Float32Array;
};

const UPPER = [82, 13, 312] as const;
const LOWER = [87, 14, 317] as const;
const CORNERS = [61, 291] as const;
const CHIN = 152;

/** Where the print is taken: rows and columns over cheeks and nose, in E from between the eyes. Lids and brows move. */
const PRINT = { columns: [-0.42, -0.28, -0.14, 0, 0.14, 0.28, 0.42], rows: [0.2, 0.32, 0.44] };

export type { Frame };

export function lookOf(shape: readonly Point[], points: Float32Array, frame: Frame): Look {
  const place = placeOf(shape, points);
  const mean = (indices: readonly number[]): Point => {
    let [x, y] = [0, 0];
    for (const i of indices) {
      x += points[i * 3]! / indices.length;
      y += points[i * 3 + 1]! / indices.length;
    }
    return onFace(place, { x, y });
  };
  const [right, left] = CORNERS.map((corner) => mean([corner])) as [Point, Point];
  const [upper, lower] = [mean(UPPER), mean(LOWER)];
  const { yaw, pitch } = poseOf(points);
  const mouth = { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 };
  const width = Math.hypot(left.x - right.x, left.y - right.y);
  const print = printOf(frame, place);
  return {
    ...{ place, upper, lower, yaw, pitch, mouth, width, print },
    gap: Math.max(0, lower.y - upper.y),
    chin: mean([CHIN]).y,
    lips: lipsOf(frame, place, { upper, lower, mouth, width }, brightnessOf(print)),
  };
}

/** How the upper half of the face looks where it lies (`Look.print`). */
export function printOf({ yuv, width, height }: Frame, place: Place): Float32Array {
  const { columns, rows } = PRINT;
  const print = new Float32Array(columns.length * rows.length + 2);
  const reach = Math.max(1, Math.round(0.04 * unitOf(place)));
  const chroma = width * height;
  const half = (width >> 1) * (height >> 1);
  let nth = 0;
  for (const v of rows) {
    for (const u of columns) {
      const x = clamp(Math.round(place.a * u - place.b * v + place.x), reach, width - 1 - reach);
      const y = clamp(Math.round(place.b * u + place.a * v + place.y), reach, height - 1 - reach);
      let sum = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) sum += yuv[(y + dy) * width + x + dx]!;
      }
      print[nth++] = sum / (2 * reach + 1) ** 2;
      const at = chroma + (y >> 1) * (width >> 1) + (x >> 1);
      print[print.length - 2]! += yuv[at]! / (columns.length * rows.length);
      print[print.length - 1]! += yuv[at + half]! / (columns.length * rows.length);
    }
  }
  return print;
}

/** Of the face, 0–255. */
function brightnessOf(print: Float32Array): number {
  const values = print.subarray(0, -2);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(least, most), Math.max(least, value));
}

/** Mean difference of two prints: the same face in the same light has less than 6, other people, light or places far more. */
export function printDistance(a: Float32Array, b: Float32Array): number {
  const rest = a.length - 2;
  let sum = 0;
  for (let i = 0; i < rest; i++) sum += Math.abs(a[i]! - b[i]!) / rest;
  return sum + Math.abs(a[rest]! - b[rest]!) + Math.abs(a[rest + 1]! - b[rest + 1]!);
}

/** The value below which a share of them lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))] ?? 0;
}
