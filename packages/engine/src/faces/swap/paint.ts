/** Paints the source on a frame, at the frame's own resolution: the target moved to its new shape, the texture over it. */
import type { Face } from "../../face/types.ts";
import { createSampler } from "../../warp/canvas/sampler.ts";
import { smooth } from "../../warp/head/falloff.ts";
import type { RgbFrame } from "../processor.ts";
import { eyeOpening, lipsOpening, mouthOpening, type Opening } from "./features.ts";
import { between, CELLS, type Grid, SIDE, toCell } from "./grid.ts";
import { irisAligner } from "./irises.ts";
import { backAt, type Masks } from "./masks.ts";
import { MIRROR, SIDES } from "./mesh.ts";
import { createRasteriser, slopesOf } from "./raster.ts";
import type { Shape } from "./shape.ts";
import { matched, type Sharpness } from "./sharpness.ts";
import type { Source, Texture } from "./source.ts";

/** How much of each eye, and of the lips, stays the target's own, 0–1. */
export type Own = { right: number; left: number; lips: number };

export type Painting = {
  target: Face;
  grid: Grid;
  shape: Shape;
  source: Source;
  texture: Texture;
  masks: Masks;
  own: Own;
  /** Number of the frame: grain differs from one to the next. */
  index: number;
  sharpness: Sharpness;
};

const rasterise = createRasteriser();
const still = createSampler({ fine: false });
let pixels = {
  texture: new Uint8Array(0),
  moved: new Uint8Array(0),
  own: new Float32Array(0),
  mirrored: new Float32Array(0),
};

/** `part`: the target's face and some room around it, changed in place. */
export function paint(part: RgbFrame, painting: Painting): void {
  const size = part.width * part.height;
  if (pixels.own.length < size) {
    pixels = {
      texture: new Uint8Array(size * 3),
      moved: new Uint8Array(size * 3),
      own: new Float32Array(size),
      mirrored: new Float32Array(size),
    };
  }
  moveTarget(part, painting);
  pixels.texture.fill(0, 0, size * 3);
  const covered = sampleSource(part, painting);
  matched(pixels.texture, pixels.moved, part, painting);
  keepOwn(part, painting);
  blend(part, painting, covered);
}

/** The target as it is after the change of shape. */
function moveTarget({ width, height, data }: RgbFrame, { grid, shape }: Painting): void {
  pixels.moved.set(data);
  still.room(width * height);
  still.put({ width, height, data });
  const { mapX, mapY, unit } = still;
  const { moved } = pixels;
  const [reds, greens, blues] = still.planes;
  for (let row = 0; row < height; row++) {
    let [first, last] = [width, -1];
    let [column, line] = toCell(grid, 0.5, row + 0.5);
    for (let x = 0, at = row * width; x < width; x++, at++, column += grid.a, line -= grid.b) {
      const dx = backAt(shape.backX, column, line);
      const dy = backAt(shape.backY, column, line);
      mapX[at] = Math.round((x + dx) * unit);
      mapY[at] = Math.round((row + dy) * unit);
      if (Math.abs(dx) < 1 / 64 && Math.abs(dy) < 1 / 64) continue;
      if (x < first) first = x;
      last = x;
    }
    if (last < first) continue;
    still.sample(row * width + first, last - first + 1);
    for (let at = row * width + first, to = at * 3; at <= row * width + last; at++, to += 3) {
      moved[to] = reds[at]!;
      moved[to + 1] = greens[at]!;
      moved[to + 2] = blues[at]!;
    }
  }
}

/** Fills the texture where the mesh is; answers which triangle is where. */
function sampleSource({ width, height }: RgbFrame, painting: Painting): Int16Array {
  const { shape, source, texture, masks } = painting;
  const { points } = shape;
  const { triangle } = rasterise(points, width, height);
  const { sampler, scale } = texture;
  sampler.room(width * height);
  const { mapX, mapY, unit } = sampler;
  const [reds, greens, blues] = sampler.planes;
  const { texture: out, mirrored: shares } = pixels;
  // places in pixels whose centres lie at whole numbers
  const place = (point: number, axis: 0 | 1): number =>
    ((source.face.points[point * 3 + axis]! - (axis === 0 ? texture.left : texture.top)) * scale - 0.5) * unit;
  // `least`: how much of the mirrored half has to be wanted at a pixel
  const fill = (pointOf: (point: number) => number, least: number): void => {
    const mirrored = pointOf !== direct;
    const alignIrises = irisAligner(painting, { unit, mirrored });
    const x = slopesOf(points, (point) => place(pointOf(point), 0));
    const y = slopesOf(points, (point) => place(pointOf(point), 1));
    for (let row = 0; row < height; row++) {
      let [first, last] = [width, -1];
      for (let column = 0, at = row * width; column < width; column++, at++) {
        const t = triangle[at]! * 3;
        if (t < 0 || (mirrored && shares[at]! <= least)) continue;
        mapX[at] = x[t]! + x[t + 1]! * column + x[t + 2]! * row;
        mapY[at] = y[t]! + y[t + 1]! * column + y[t + 2]! * row;
        if (column < first) first = column;
        last = column;
      }
      if (last < first) continue;
      alignIrises(mapX, mapY, width, row, first, last);
      sampler.sample(row * width + first, last - first + 1);
      for (let at = row * width + first; at <= row * width + last; at++) {
        if (triangle[at]! < 0 || (mirrored && shares[at]! <= least)) continue;
        const share = mirrored ? shares[at]! : 1;
        const to = at * 3;
        out[to]! += share * (reds[at]! - out[to]!);
        out[to + 1]! += share * (greens[at]! - out[to + 1]!);
        out[to + 2]! += share * (blues[at]! - out[to + 2]!);
      }
    }
  };
  const direct = (point: number): number => point;
  fill(direct, 0);
  if (masks.mirrored.some((share) => share > 0.01)) {
    const share = slopesOf(points, (point) => masks.mirrored[point]!);
    for (let row = 0, at = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        const t = triangle[at]! * 3;
        const value = t < 0 ? 0 : share[t]! + share[t + 1]! * column + share[t + 2]! * row;
        shares[at] = Math.min(1, Math.max(0, value));
      }
    }
    fill((point) => MIRROR[point]!, 0.01);
  }
  return triangle;
}

/** In E: how far around an eye or the lips, when they stay the target's own, and how soft the edge of the mouth's opening is. */
const OWN: [number, number] = [0.05, 0.16];
const LIP_EDGE = 0.022;

/** Where the target shows, whatever the masks say: between the lips, and eyes and lips that stay its own. */
function keepOwn({ width, height }: RgbFrame, { shape, own }: Painting): void {
  const { points, head } = shape;
  const { unit } = head;
  pixels.own.fill(0, 0, width * height);
  const add = (
    { box, ...opening }: Opening,
    value: (opening: Omit<Opening, "box">, x: number, y: number) => number,
  ) => {
    const [left, right] = [Math.max(0, Math.floor(box.left)), Math.min(width - 1, Math.ceil(box.right))];
    const bottom = Math.min(height - 1, Math.ceil(box.bottom));
    for (let row = Math.max(0, Math.floor(box.top)); row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const at = row * width + column;
        const share = value(opening, column + 0.5, row + 0.5);
        if (share > pixels.own[at]!) pixels.own[at] = share;
      }
    }
  };
  const around = (share: number) => (opening: Omit<Opening, "box">, x: number, y: number) =>
    share * (1 - smooth((opening.distance(x, y) / unit - OWN[0]) / (OWN[1] - OWN[0])));
  add(mouthOpening(points, unit), ({ inside }, x, y) => smooth((inside(x, y) / unit + 0.004) / LIP_EDGE));
  if (own.lips > 0) add(lipsOpening(points, unit), around(own.lips));
  for (const side of SIDES) if (own[side] > 0) add(eyeOpening(points, side, unit), around(own[side]));
}

/** Levels above which light is held back instead of cut off. */
const SHOULDER = 215;
/** Added before light is multiplied, levels: the floor of the logarithms. */
const DARK = 12;
const factors = [0, 1, 2].map(() => new Float32Array(CELLS)) as [Float32Array, Float32Array, Float32Array];

function blend({ width, height, data }: RgbFrame, { grid, masks }: Painting, triangle: Int16Array): void {
  const { texture, moved, own } = pixels;
  const [red, green, blue] = factors;
  for (let c = 0; c < 3; c++) for (let i = 0; i < CELLS; i++) factors[c]![i] = Math.exp(masks.gains[c]![i]!);
  for (let row = 0; row < height; row++) {
    let [column, line] = toCell(grid, 0.5, row + 0.5);
    for (let at = row * width; at < (row + 1) * width; at++, column += grid.a, line -= grid.b) {
      const i = at * 3;
      const x = Math.min(SIDE - 1.001, Math.max(0, column - 0.5));
      const y = Math.min(SIDE - 1.001, Math.max(0, line - 0.5));
      const cell = (y | 0) * SIDE + (x | 0);
      const fx = x - (x | 0);
      const fy = y - (y | 0);
      const alpha = triangle[at]! < 0 ? 0 : between(masks.alpha, cell, fx, fy) * (1 - own[at]!);
      if (alpha < 0.004) {
        data[i] = moved[i]!;
        data[i + 1] = moved[i + 1]!;
        data[i + 2] = moved[i + 2]!;
        continue;
      }
      const g = shouldered((texture[i + 1]! + DARK) * between(green, cell, fx, fy) - DARK);
      let r = shouldered((texture[i]! + DARK) * between(red, cell, fx, fy) - DARK);
      let b = shouldered((texture[i + 2]! + DARK) * between(blue, cell, fx, fy) - DARK);
      // what makes yellowed or shaded skin white would make greys blue: no paler or bluer than the target's skin, or than it was
      const level = texture[i + 1]! + DARK;
      r = Math.max(r, Math.min(254, (g + DARK) * Math.min(masks.palest, (texture[i]! + DARK) / level) - DARK));
      b = Math.max(0, Math.min(b, (g + DARK) * Math.max(masks.bluest, (texture[i + 2]! + DARK) / level) - DARK));
      data[i] = moved[i]! + alpha * (r - moved[i]!) + 0.5;
      data[i + 1] = moved[i + 1]! + alpha * (g - moved[i + 1]!) + 0.5;
      data[i + 2] = moved[i + 2]! + alpha * (b - moved[i + 2]!) + 0.5;
    }
  }
}

function shouldered(value: number): number {
  if (value <= SHOULDER) return value < 0 ? 0 : value;
  return SHOULDER + (255 - SHOULDER) * (1 - Math.exp((SHOULDER - value) / (255 - SHOULDER)));
}
