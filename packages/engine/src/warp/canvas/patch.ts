/** Parts of a frame that are drawn pixel by pixel over the smooth warp: where skin slides over skin (lids) or parts (lips). */

import type { Canvas, PlaneName } from "./canvas.ts";
import type { Field } from "./field.ts";

/** What is seen at one place. Places are in pixels of the still; `paint` is laid over the mix of the two. */
export type Seen = {
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

/** Says what is seen where the smooth warp would show the place (x, y) of the still. `seen` comes in as that place. */
export type Layer = (x: number, y: number, seen: Seen) => void;

export type Box = { left: number; top: number; right: number; bottom: number };

/** `box` in pixels of the still; it is widened by how far the smooth warp moves it. */
export function drawPatch(canvas: Canvas, field: Field, box: Box, layer: Layer): void {
  const { left, top, right, bottom } = movedBox(canvas, field, box);
  if (right <= left || bottom <= top) return;
  const seen: Seen = { x: 0, y: 0, x2: 0, y2: 0, share: 1, paint: 0, luma: 0, cb: 0, cr: 0 };
  drawPlanes(canvas, field, ["y"], 1, { left, top, right, bottom }, layer, seen);
  const halved = { left: left >> 1, top: top >> 1, right: right >> 1, bottom: bottom >> 1 };
  drawPlanes(canvas, field, ["u", "v"], 2, halved, layer, seen);
}

function drawPlanes(
  canvas: Canvas,
  field: Field,
  names: PlaneName[],
  step: 1 | 2,
  box: Box,
  layer: Layer,
  seen: Seen,
): void {
  const width = box.right - box.left;
  const capacity = canvas.mapX.length >> 1;
  const stripRows = Math.max(1, Math.floor(capacity / width));
  const {
    shares,
    paints,
    colours: [one, other],
  } = roomFor(stripRows * width);
  for (let top = box.top; top < box.bottom; top += stripRows) {
    const rows = Math.min(stripRows, box.bottom - top);
    const count = rows * width;
    const padded = (count + 3) & ~3;
    const { mapX, mapY } = canvas;
    // what is seen a second time lies close together: a mouth's opening, the edge of a lid
    let [first, last] = [count, -1];
    let i = 0;
    for (let py = top; py < top + rows; py++) {
      // Chroma lies on the left pixel of two and between the rows of two.
      const qy = step === 2 ? py * 2 + 0.5 : py;
      for (let px = box.left; px < box.right; px++, i++) {
        const qx = px * step;
        placeBehind(field, qx, qy, seen);
        seen.x2 = seen.x;
        seen.y2 = seen.y;
        seen.share = 1;
        seen.paint = 0;
        layer(seen.x, seen.y, seen);
        mapX[i] = Math.round((px + (seen.x - qx) / step) * 256);
        mapY[i] = Math.round((py + (seen.y - qy) / step) * 256);
        mapX[padded + i] = Math.round((px + (seen.x2 - qx) / step) * 256);
        mapY[padded + i] = Math.round((py + (seen.y2 - qy) / step) * 256);
        shares[i] = seen.share;
        paints[i] = seen.paint;
        if (seen.share < 1) {
          if (last < 0) first = i & ~3;
          last = i;
        }
        if (seen.paint > 0) {
          one[i] = step === 1 ? seen.luma : seen.cb;
          other[i] = seen.cr;
        }
      }
    }
    names.forEach((name, k) => {
      canvas.sample(name, 0, padded);
      if (last >= 0) canvas.sample(name, padded + first, (last - first + 4) & ~3);
      const { pixels, stride } = canvas.plane(name);
      const { samples } = canvas;
      const colour = k === 0 ? one : other;
      for (let row = 0, at = 0; row < rows; row++) {
        let to = (top + row) * stride + box.left;
        for (const end = at + width; at < end; at++, to++) {
          let value = samples[at]!;
          if (shares[at]! < 1) value = samples[padded + at]! + (value - samples[padded + at]!) * shares[at]!;
          if (paints[at]! > 0) value += (colour[at]! - value) * paints[at]!;
          pixels[to] = value + 0.5;
        }
      }
    });
  }
}

type Room = { shares: Float32Array; paints: Float32Array; colours: [Float32Array, Float32Array] };
let room: Room = {
  shares: new Float32Array(0),
  paints: new Float32Array(0),
  colours: [new Float32Array(0), new Float32Array(0)],
};

/** The same arrays for every patch of every frame: they are overwritten, and keep nothing between frames. */
function roomFor(places: number): Room {
  if (room.shares.length < places) {
    const array = (): Float32Array => new Float32Array(places);
    room = { shares: array(), paints: array(), colours: [array(), array()] };
  }
  return room;
}

/** The place of the still that the smooth warp shows at (x, y) of the frame. */
function placeBehind({ nodes, backX, backY }: Field, x: number, y: number, into: { x: number; y: number }): void {
  const column = Math.min(nodes.columns - 2, Math.floor(x / nodes.cell));
  const row = Math.min(nodes.rows - 2, Math.floor(y / nodes.cell));
  const fx = x / nodes.cell - column;
  const fy = y / nodes.cell - row;
  const at = row * nodes.columns + column;
  const below = at + nodes.columns;
  const w00 = (1 - fx) * (1 - fy);
  const w01 = fx * (1 - fy);
  const w10 = (1 - fx) * fy;
  const w11 = fx * fy;
  into.x = x + backX[at]! * w00 + backX[at + 1]! * w01 + backX[below]! * w10 + backX[below + 1]! * w11;
  into.y = y + backY[at]! * w00 + backY[at + 1]! * w01 + backY[below]! * w10 + backY[below + 1]! * w11;
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
