/**
 * Who is in front: how much of each pixel of the frame is a person's. A segmentation model says it coarsely, a guided filter
 * (guided.ts) moves its edges onto those of the picture.
 */
import sharp from "sharp";
import type { Face } from "../../face/face.ts";
import { SEGMENTER_SIZE as SIZE, segmenter } from "../../face/models.ts";
import type { Planes } from "../../media/planes.ts";
import { MESH } from "../head/head.ts";
import { alphaAt, type Guided, guided, surely, UNSURE } from "./guided.ts";

/** Row by row over the frame: 0 is the background, 255 a person. */
export type Matte = { width: number; height: number; alpha: Uint8Array };

/** Heights of a face that the model is shown around it: as in the portraits and video calls that it knows. */
const SHOWN = 3;
/** A matte that leaves out more of the face than this is wrong, and then everything counts as in front. */
const MIN_FACE_SHARE = 0.85;

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
    const person = segment(shares(data));
    if (shareOfFace(person, region, face) < MIN_FACE_SHARE) continue;
    draw(matte, still, region, guided(data, person), regions.slice(0, nth));
  }
  return { ...matte, alpha: widened(matte) };
}

/** Of 255. Not where it is asked for: loops in functions that wait are never compiled well. */
function shares(bytes: Uint8Array): Float32Array {
  const result = new Float32Array(bytes.length);
  for (let i = 0; i < result.length; i++) result[i] = bytes[i]! / 255;
  return result;
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

function draw({ width, alpha: result }: Matte, { y: luma }: Planes, region: Region, filter: Guided, earlier: Region[]) {
  const sure = surely(filter);
  const { index: columns, share: across } = placesIn(region.width);
  const { index: rows, share: down } = placesIn(region.height);
  for (let i = 0; i < region.height; i++) {
    const row = region.y + i;
    const line = rows[i]! * SIZE;
    for (let j = 0; j < region.width; j++) {
      const at = line + columns[j]!;
      const place = row * width + region.x + j;
      const known = sure[at]!;
      const alpha = known === UNSURE ? alphaAt(filter, at, across[j]!, down[i]!, luma[place]!) : known;
      result[place] = isInAny(earlier, region.x + j, row) ? Math.max(alpha, result[place]!) : alpha;
    }
  }
}

/** Where each of `count` pixels lies along a side of what the model was shown: after which of its pixels, and how far towards the next. */
function placesIn(count: number): { index: Uint16Array; share: Float64Array } {
  const index = new Uint16Array(count);
  const share = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const place = Math.min(SIZE - 1.001, Math.max(0, (i + 0.5) * (SIZE / count) - 0.5));
    index[i] = Math.floor(place);
    share[i] = place - Math.floor(place);
  }
  return { index, share };
}

function isInAny(regions: Region[], column: number, row: number): boolean {
  for (const { x, y, width, height } of regions) {
    if (column >= x && column < x + width && row >= y && row < y + height) return true;
  }
  return false;
}

/** The outline moved outwards a little: a strip of background that moves with a head is not seen, hair that stays behind is. */
function widened({ width, height, alpha }: Matte): Uint8Array {
  const radius = Math.max(1, Math.round(Math.min(width, height) / 340));
  const across = new Uint8Array(alpha.length);
  const result = new Uint8Array(alpha.length);
  for (let row = 0; row < height; row++) spread(alpha, across, row * width, width, radius);
  for (let row = 0; row < height; row++) {
    const first = Math.max(0, row - radius) * width;
    const end = Math.min(height, row + radius + 1) * width;
    const to = row * width;
    for (let from = first; from < end; from += width) {
      for (let x = 0; x < width; x++) if (across[from + x]! > result[to + x]!) result[to + x] = across[from + x]!;
    }
  }
  return result;
}

/** Of `count` values in a row, for each the largest of it and the `radius` on both sides. */
function spread(from: Uint8Array, to: Uint8Array, start: number, count: number, radius: number): void {
  for (let i = 0; i < count; i++) {
    let most = from[start + i]!;
    if (most < 255) {
      const last = Math.min(count - 1, i + radius);
      for (let k = Math.max(0, i - radius); k <= last; k++) if (from[start + k]! > most) most = from[start + k]!;
    }
    to[start + i] = most;
  }
}
