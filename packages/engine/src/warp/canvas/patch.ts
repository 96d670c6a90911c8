/** Parts of a frame that are drawn pixel by pixel over the smooth warp: where skin slides over skin (lids) or parts (lips). */

import type { Canvas, PlaneName } from "./canvas.ts";
import type { Field } from "./field.ts";

/** What is seen at one place. Places are in pixels of the still; `paint` is laid over the mix of the two. */
export type Seen = {
  /** The place that the smooth warp would show there. */
  readonly atX: number;
  readonly atY: number;
  x: number;
  y: number;
  /** A second place, seen as far as `share` of the first is less than 1. */
  x2: number;
  y2: number;
  share: number;
  paint: number;
  luma: number;
  cb: number;
  cr: number;
};

/**
 * Says what is seen at a place. `seen` comes in as the smooth warp would show it, with everything in it: numbers that are handed over
 * one by one to a function that varies become objects, hundreds of thousands a second.
 */
export type Layer = (seen: Seen) => void;

type Room = { -readonly [Part in keyof Seen]: Seen[Part] };

/** Outside its box a layer leaves everything alone. In pixels of the still. */
export type Patch = { layer: Layer; box: Box };
export type Box = { left: number; top: number; right: number; bottom: number };

/** The box is widened by how far the smooth warp moves it. */
export function drawPatch(canvas: Canvas, field: Field, { layer, box }: Patch): void {
  const { left, top, right, bottom } = movedBox(canvas, field, box);
  if (right <= left || bottom <= top) return;
  const seen: Room = { atX: 0, atY: 0, x: 0, y: 0, x2: 0, y2: 0, share: 1, paint: 0, luma: 0, cb: 0, cr: 0 };
  drawPlanes(canvas, field, ["y"], 1, { left, top, right, bottom }, layer, seen);
  const halved = { left: left >> 1, top: top >> 1, right: right >> 1, bottom: bottom >> 1 };
  drawPlanes(canvas, field, ["u", "v"], 2, halved, layer, seen);
}

/** Asks the layer about every place of the box, and draws those that it does not leave as the smooth warp has them. */
function drawPlanes(
  canvas: Canvas,
  field: Field,
  names: PlaneName[],
  step: 1 | 2,
  box: Box,
  layer: Layer,
  seen: Room,
): void {
  const width = box.right - box.left;
  const capacity = canvas.mapX.length >> 1;
  const stripRows = Math.max(1, Math.floor(capacity / width));
  const strip = roomFor(stripRows * width);
  const { stride } = canvas.plane(names[0]!);
  for (let top = box.top; top < box.bottom; top += stripRows) {
    const bottom = Math.min(box.bottom, top + stripRows);
    strip.count = 0;
    strip.twice = 0;
    for (let py = top; py < bottom; py++) askRow(canvas, field, strip, step, box, py, stride, layer, seen);
    if (strip.count === 0) continue;
    names.forEach((name, k) => {
      paintStrip(canvas, strip, name, k === 0 ? strip.one : strip.other);
    });
  }
}

/** Between two nodes the places lie on a line. */
function askRow(
  canvas: Canvas,
  { nodes, backX, backY }: Field,
  strip: Strip,
  step: 1 | 2,
  box: Box,
  py: number,
  stride: number,
  layer: Layer,
  seen: Room,
): void {
  const { cell, columns, rows } = nodes;
  const { mapX, mapY } = canvas;
  const second = mapX.length >> 1;
  // Chroma lies on the left pixel of two and between the rows of two.
  const qy = step === 2 ? py * 2 + 0.5 : py;
  const row = Math.min(rows - 2, Math.floor(qy / cell));
  const fy = qy / cell - row;
  const side = cell / step;
  for (let px = box.left; px < box.right; ) {
    const column = Math.min(columns - 2, Math.floor(px / side));
    const end = Math.min(box.right, (column + 1) * side);
    const at = row * columns + column;
    const below = at + columns;
    const left = backX[at]! + (backX[below]! - backX[at]!) * fy;
    const up = backY[at]! + (backY[below]! - backY[at]!) * fy;
    const stepX = (backX[at + 1]! + (backX[below + 1]! - backX[at + 1]!) * fy - left) / side;
    const stepY = (backY[at + 1]! + (backY[below + 1]! - backY[at + 1]!) * fy - up) / side;
    for (; px < end; px++) {
      const along = px - column * side;
      const qx = px * step;
      const x = qx + left + stepX * along;
      const y = qy + up + stepY * along;
      seen.atX = seen.x = seen.x2 = x;
      seen.atY = seen.y = seen.y2 = y;
      seen.share = 1;
      seen.paint = 0;
      layer(seen);
      if (seen.x === x && seen.y === y && seen.share === 1 && seen.paint === 0) continue;
      const i = strip.count++;
      strip.targets[i] = py * stride + px;
      mapX[i] = Math.round((px + (seen.x - qx) / step) * 256);
      mapY[i] = Math.round((py + (seen.y - qy) / step) * 256);
      strip.shares[i] = seen.share;
      strip.paints[i] = seen.paint;
      if (seen.share < 1) {
        const j = second + strip.twice++;
        mapX[j] = Math.round((px + (seen.x2 - qx) / step) * 256);
        mapY[j] = Math.round((py + (seen.y2 - qy) / step) * 256);
      }
      if (seen.paint > 0) {
        strip.one[i] = step === 1 ? seen.luma : seen.cb;
        strip.other[i] = seen.cr;
      }
    }
  }
}

function paintStrip(canvas: Canvas, strip: Strip, name: PlaneName, colour: Float32Array): void {
  const { count, twice, targets, shares, paints } = strip;
  const second = canvas.mapX.length >> 1;
  canvas.sample(name, 0, (count + 3) & ~3);
  if (twice > 0) canvas.sample(name, second, (twice + 3) & ~3);
  const { pixels } = canvas.plane(name);
  const { samples } = canvas;
  for (let i = 0, j = second; i < count; i++) {
    let value = samples[i]!;
    const share = shares[i]!;
    if (share < 1) {
      const other = samples[j++]!;
      value = other + (value - other) * share;
    }
    const paint = paints[i]!;
    if (paint > 0) value += (colour[i]! - value) * paint;
    pixels[targets[i]!] = value + 0.5;
  }
}

/** Places that are drawn: `count` of them, of which `twice` show a second place, in turn. `targets`: where in the plane. */
type Strip = {
  count: number;
  twice: number;
  targets: Int32Array;
  shares: Float32Array;
  paints: Float32Array;
  one: Float32Array;
  other: Float32Array;
};
let room: Strip | undefined;

/** The same arrays for every patch of every frame: they are overwritten, and keep nothing between frames. */
function roomFor(places: number): Strip {
  if (!room || room.targets.length < places) {
    const array = (): Float32Array => new Float32Array(places);
    const targets = new Int32Array(places);
    room = { count: 0, twice: 0, targets, shares: array(), paints: array(), one: array(), other: array() };
  }
  return room;
}

function movedBox(canvas: Canvas, { nodes, dx, dy }: Field, box: Box): Box {
  let [minX, minY, maxX, maxY] = [0, 0, 0, 0];
  const clampColumn = (x: number): number => Math.min(nodes.columns - 1, Math.max(0, x));
  const clampRow = (y: number): number => Math.min(nodes.rows - 1, Math.max(0, y));
  for (
    let row = clampRow(Math.floor(box.top / nodes.cell));
    row <= clampRow(Math.ceil(box.bottom / nodes.cell));
    row++
  ) {
    for (
      let c = clampColumn(Math.floor(box.left / nodes.cell));
      c <= clampColumn(Math.ceil(box.right / nodes.cell));
      c++
    ) {
      const i = row * nodes.columns + c;
      minX = Math.min(minX, dx[i]!);
      maxX = Math.max(maxX, dx[i]!);
      minY = Math.min(minY, dy[i]!);
      maxY = Math.max(maxY, dy[i]!);
    }
  }
  const evenFloor = (value: number): number => Math.max(0, Math.floor(value)) & ~1;
  return {
    left: evenFloor(box.left + minX),
    top: evenFloor(box.top + minY),
    right: Math.min(canvas.width, evenFloor(box.right + maxX + 2)),
    bottom: Math.min(canvas.height, evenFloor(box.bottom + maxY + 2)),
  };
}
