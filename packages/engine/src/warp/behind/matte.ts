/**
 * Who is in front: how much of each pixel of the frame is a person's. A segmentation model says it coarsely, a guided filter
 * (He, Sun & Tang 2013, IEEE TPAMI 35(6)) moves its edges onto those of the picture.
 */
import sharp from "sharp";
import type { Face } from "../../face/face.ts";
import { SEGMENTER_SIZE as SIZE, segmenter } from "../../face/models.ts";
import { mixFour } from "../canvas/bilinear.ts";
import type { Planes } from "../canvas/planes.ts";
import { smooth } from "../head/falloff.ts";
import { MESH } from "../head/head.ts";

/** Row by row over the frame: 0 is the background, 255 a person. */
export type Matte = { width: number; height: number; alpha: Uint8Array };

/** Heights of a face that the model is shown around it: as in the portraits and video calls that it knows. */
const SHOWN = 3;
/** A matte that leaves out more of the face than this is wrong, and then everything counts as in front. */
const MIN_FACE_SHARE = 0.85;
const FILTER_RADIUS = 4;
const FILTER_EPSILON = 1e-3;

type Region = { x: number; y: number; width: number; height: number };

/** `rgb` are the pixels of `still`, `faces` lie in it. Where faces are near each other, what is a person's for one is so for all. */
export async function matteOf(rgb: Uint8Array, still: Planes, faces: Face[]): Promise<Matte> {
  const { width, height } = still;
  const matte = { width, height, alpha: new Uint8Array(width * height).fill(255) };
  const segment = await segmenter();
  const regions = faces.map((face) => shownAround(face, still));
  for (const [nth, face] of faces.entries()) {
    const region = regions[nth]!;
    const { data } = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .extract({ left: region.x, top: region.y, width: region.width, height: region.height })
      .resize(SIZE, SIZE, { fit: "fill", kernel: "cubic" })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const input = new Float32Array(data.length);
    for (let i = 0; i < input.length; i++) input[i] = data[i]! / 255;
    const person = segment(input);
    if (shareOfFace(person, region, face) < MIN_FACE_SHARE) continue;
    draw(matte, still, region, guided(data, person), regions.slice(0, nth));
  }
  return { ...matte, alpha: widened(matte) };
}

/** A square around the face, as far as it lies in the frame. */
function shownAround({ box }: Face, { width, height }: Planes): Region {
  const side = SHOWN * Math.max(box.width, box.height);
  const left = Math.max(0, Math.floor(box.x + box.width / 2 - side / 2));
  const top = Math.max(0, Math.floor(box.y + box.height / 2 - side * 0.45));
  return {
    x: left,
    y: top,
    width: Math.min(width, Math.ceil(left + side)) - left,
    height: Math.min(height, Math.ceil(top + side)) - top,
  };
}

/** Which share of the face's outline the matte has. */
function shareOfFace(person: Float32Array, region: Region, face: Face): number {
  let sum = 0;
  for (const i of MESH.oval) {
    // a little inside the outline, which may lie on the background
    const at = (axis: 0 | 1, from: number, size: number): number => {
      const middle = (face.points[MESH.noseTip * 3 + axis]! - from) / size;
      const edge = (face.points[i * 3 + axis]! - from) / size;
      return Math.min(SIZE - 1, Math.max(0, Math.round((middle + 0.8 * (edge - middle)) * SIZE)));
    };
    sum += person[at(1, region.y, region.height) * SIZE + at(0, region.x, region.width)]!;
  }
  return sum / MESH.oval.length;
}

/** What the guided filter makes of it: alpha = scale × luma + offset at each place, luma 0–1; and the model's own, blurred. */
type Guided = { scale: Float32Array; offset: Float32Array; coarse: Float32Array };

function guided(rgb: Buffer, person: Float32Array): Guided {
  const count = SIZE * SIZE;
  const luma = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    luma[i] = (0.2126 * rgb[3 * i]! + 0.7152 * rgb[3 * i + 1]! + 0.0722 * rgb[3 * i + 2]!) / 255;
  }
  const meanLuma = blurred(luma);
  const meanPerson = blurred(person);
  const squares = blurred(product(luma, luma));
  const products = blurred(product(luma, person));
  const scale = new Float32Array(count);
  const offset = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const variance = squares[i]! - meanLuma[i]! * meanLuma[i]!;
    scale[i] = (products[i]! - meanLuma[i]! * meanPerson[i]!) / (variance + FILTER_EPSILON);
    offset[i] = meanPerson[i]! - scale[i]! * meanLuma[i]!;
  }
  return { scale: blurred(scale), offset: blurred(offset), coarse: meanPerson };
}

function product(a: Float32Array, b: Float32Array): Float32Array {
  const result = new Float32Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i]! * b[i]!;
  return result;
}

/** Mean over a square of 2 × FILTER_RADIUS + 1, as far as it lies in the picture. */
function blurred(values: Float32Array): Float32Array {
  const across = new Float32Array(values.length);
  const result = new Float32Array(values.length);
  for (let line = 0; line < SIZE; line++) slide(values, across, line * SIZE, 1);
  for (let column = 0; column < SIZE; column++) slide(across, result, column, SIZE);
  return result;
}

function slide(from: Float32Array, to: Float32Array, start: number, step: number): void {
  let sum = 0;
  let count = 0;
  for (let i = -FILTER_RADIUS; i < SIZE; i++) {
    if (i + FILTER_RADIUS < SIZE) {
      sum += from[start + (i + FILTER_RADIUS) * step]!;
      count++;
    }
    if (i - FILTER_RADIUS > 0) {
      sum -= from[start + (i - FILTER_RADIUS - 1) * step]!;
      count--;
    }
    if (i >= 0) to[start + i * step] = sum / count;
  }
}

function draw(
  matte: Matte,
  { y: luma }: Planes,
  region: Region,
  { scale, offset, coarse }: Guided,
  earlier: Region[],
): void {
  const stepX = SIZE / region.width;
  const stepY = SIZE / region.height;
  for (let row = region.y; row < region.y + region.height; row++) {
    const v = Math.min(SIZE - 1.001, Math.max(0, (row - region.y + 0.5) * stepY - 0.5));
    const line = Math.floor(v) * SIZE;
    const fy = v - Math.floor(v);
    for (let column = region.x; column < region.x + region.width; column++) {
      const u = Math.min(SIZE - 1.001, Math.max(0, (column - region.x + 0.5) * stepX - 0.5));
      const at = line + Math.floor(u);
      const fx = u - Math.floor(u);
      const place = row * matte.width + column;
      const light = (luma[place]! - 16) / 219;
      const a = mixFour(scale, at, SIZE, fx, fy) * light + mixFour(offset, at, SIZE, fx, fy);
      // well inside and well outside the outline, light and dark hair say nothing
      const near = mixFour(coarse, at, SIZE, fx, fy);
      const share = Math.min(smooth(near / 0.15), Math.max(smooth((near - 0.7) / 0.2), smooth((a - 0.02) / 0.7)));
      const alpha = Math.round(255 * share);
      const known = earlier.some(
        ({ x, y, width, height }) => column >= x && column < x + width && row >= y && row < y + height,
      );
      matte.alpha[place] = known ? Math.max(alpha, matte.alpha[place]!) : alpha;
    }
  }
}

/** The outline moved outwards a little: a strip of background that moves with a head is not seen, hair that stays behind is. */
function widened({ width, height, alpha }: Matte): Uint8Array {
  const radius = Math.max(1, Math.round(Math.min(width, height) / 340));
  const across = new Uint8Array(alpha.length);
  for (let at = 0; at < alpha.length; at++) {
    const column = at % width;
    let most = alpha[at]!;
    if (most < 255) {
      const last = at + Math.min(radius, width - 1 - column);
      for (let i = at - Math.min(radius, column); i <= last; i++) if (alpha[i]! > most) most = alpha[i]!;
    }
    across[at] = most;
  }
  const result = new Uint8Array(alpha.length);
  for (let at = 0; at < alpha.length; at++) {
    let most = across[at]!;
    if (most < 255) {
      const row = Math.floor(at / width);
      const last = Math.min(height - 1, row + radius);
      for (let r = Math.max(0, row - radius); r <= last; r++) {
        const value = across[at + (r - row) * width]!;
        if (value > most) most = value;
      }
    }
    result[at] = most;
  }
  return result;
}
