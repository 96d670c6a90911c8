/** Cuts turned squares out of pictures for the models, and maps places in them back. */
import type { Picture } from "../media/picture.ts";
import type { Frame } from "../media/yuv.ts";
import { cropOf } from "./crop.ts";
import type { FaceCrop } from "./types.ts";

/** How a tensor is filled: value = byte × `scale` + `offset`. Outside the picture: the border's colour, or black. */
type Fill = { scale: number; offset: number; outside: "border" | "black"; mirrored?: boolean };

export const UNIT: Fill = { scale: 1 / 255, offset: 0, outside: "border" };
export const SIGNED: Fill = { scale: 1 / 127.5, offset: -1, outside: "black" };

/** What faces are looked at in. */
export type Seen = Picture | Frame;

/** A crop as the landmark models want it: `side`² × RGB, 0–1; outside, the border goes on. `side`: a multiple of 4. */
export function squareOf(seen: Seen, crop: FaceCrop, side: number, { mirrored = false } = {}): Float32Array {
  if ("yuv" in seen) return cropOf(seen, crop, side, { mirrored });
  return cropTensor(seen, crop, side, { ...UNIT, mirrored });
}

/** The crop as `side`² × RGB floats. Shrinking averages: the picture is halved first as often as it can be, then 2×2 samples are taken. */
export function cropTensor(picture: Picture, crop: FaceCrop, side: number, fill: Fill): Float32Array {
  const shrink = crop.size / side;
  const { image, factor } = halved(picture, shrink);
  const taps = shrink / factor > 1.05 ? 2 : 1;
  const out = new Float32Array(side * side * 3);
  const step = crop.size / side / factor;
  const stepX = Math.cos(crop.angle) * step * (fill.mirrored ? -1 : 1);
  const stepY = Math.sin(crop.angle) * step * (fill.mirrored ? -1 : 1);
  const downX = -Math.sin(crop.angle) * step;
  const downY = Math.cos(crop.angle) * step;
  const middle = side / 2;
  const weight = fill.scale / (taps * taps);
  for (let row = 0; row < side; row++) {
    for (let tapY = 0; tapY < taps; tapY++) {
      const v = row + (tapY + 0.5) / taps - middle;
      for (let tapX = 0; tapX < taps; tapX++) {
        const u = (tapX + 0.5) / taps - middle;
        addRow(image, out, row * side * 3, side, weight, fill.outside === "black", {
          x: crop.x / factor + stepX * u + downX * v - 0.5,
          y: crop.y / factor + stepY * u + downY * v - 0.5,
          stepX,
          stepY,
        });
      }
    }
  }
  if (fill.offset !== 0) for (let i = 0; i < out.length; i++) out[i]! += fill.offset;
  return out;
}

/** Where a place in the crop (0–1 across, 0–1 down) lies in the picture. */
export function fromCrop(crop: FaceCrop, u: number, v: number): [x: number, y: number] {
  const right = (u - 0.5) * crop.size;
  const down = (v - 0.5) * crop.size;
  const cos = Math.cos(crop.angle);
  const sin = Math.sin(crop.angle);
  return [crop.x + right * cos - down * sin, crop.y + right * sin + down * cos];
}

type Image = { width: number; height: number; data: Uint8Array };
type Line = { x: number; y: number; stepX: number; stepY: number };

/** Adds bilinear samples along a line to one row of the output. */
function addRow(image: Image, out: Float32Array, at: number, side: number, weight: number, black: boolean, line: Line) {
  const { width, height, data } = image;
  const lastX = width - 1;
  const lastY = height - 1;
  let { x, y } = line;
  for (let end = at + side * 3; at < end; at += 3, x += line.stepX, y += line.stepY) {
    if (black && (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5)) continue;
    const cx = x < 0 ? 0 : x > lastX ? lastX : x;
    const cy = y < 0 ? 0 : y > lastY ? lastY : y;
    const x0 = cx | 0;
    const y0 = cy | 0;
    const fx = cx - x0;
    const fy = cy - y0;
    const p00 = (y0 * width + x0) * 3;
    const p01 = x0 < lastX ? p00 + 3 : p00;
    const below = y0 < lastY ? width * 3 : 0;
    const p10 = p00 + below;
    const p11 = p01 + below;
    const w00 = (1 - fx) * (1 - fy) * weight;
    const w01 = fx * (1 - fy) * weight;
    const w10 = (1 - fx) * fy * weight;
    const w11 = fx * fy * weight;
    // written out: a loop over the three channels takes twice as long
    out[at]! += data[p00]! * w00 + data[p01]! * w01 + data[p10]! * w10 + data[p11]! * w11;
    out[at + 1]! += data[p00 + 1]! * w00 + data[p01 + 1]! * w01 + data[p10 + 1]! * w10 + data[p11 + 1]! * w11;
    out[at + 2]! += data[p00 + 2]! * w00 + data[p01 + 2]! * w01 + data[p10 + 2]! * w10 + data[p11 + 2]! * w11;
  }
}

const halves = new WeakMap<Picture, Image[]>();

/** The picture halved until less than 2 is left of `shrink`; `factor` = 2^times. */
function halved(picture: Picture, shrink: number): { image: Image; factor: number } {
  let levels = halves.get(picture);
  if (levels === undefined) {
    levels = [picture];
    halves.set(picture, levels);
  }
  let level = 0;
  while (2 ** (level + 1) <= shrink && levels[level]!.width > 2 && levels[level]!.height > 2) {
    level++;
    levels[level] ??= halve(levels[level - 1]!);
  }
  return { image: levels[level]!, factor: 2 ** level };
}

/** Means of 2×2 pixels; an odd last row or column is dropped. */
function halve(image: Image): Image {
  const width = image.width >> 1;
  const height = image.height >> 1;
  const data = new Uint8Array(width * height * 3);
  const below = image.width * 3;
  const from = image.data;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = y * 2 * below; x < width; x++, at += 6, to += 3) {
      data[to] = (from[at]! + from[at + 3]! + from[at + below]! + from[at + below + 3]! + 2) >> 2;
      data[to + 1] = (from[at + 1]! + from[at + 4]! + from[at + below + 1]! + from[at + below + 4]! + 2) >> 2;
      data[to + 2] = (from[at + 2]! + from[at + 5]! + from[at + below + 2]! + from[at + below + 5]! + 2) >> 2;
    }
  }
  return { width, height, data };
}
