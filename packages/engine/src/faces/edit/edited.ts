/** One face of a frame with another expression: a puppet of what surrounds it, drawn once, and of that only what has moved. */

import { scaledFace } from "../../face/scaled.ts";
import type { Face } from "../../face/types.ts";
import { type Planes, toPlanes } from "../../media/planes.ts";
import type { Box } from "../../media/yuv.ts";
import { matteOf } from "../../warp/behind/matte.ts";
import { createPuppet, type FaceValues } from "../../warp/puppet.ts";
import type { RgbFrame } from "../processor.ts";

/** Heights of the face that are cut out around it, so that hair and shoulders are known from what is behind them. */
const AROUND = 3.2;
/** What a pixel lost on its way through planes with half the colours is given back, less so the more it has changed: levels. */
const GIVEN_BACK = 8;

/** Draws over the pixels of `frame`, and says where; null where nothing moves. `face` in pixels of the frame. */
export async function drawEdited(frame: RgbFrame, face: Face, values: FaceValues): Promise<Box | null> {
  const box = surroundings(frame, face);
  if (box.width < 16 || box.height < 16) return null;
  const rgb = cut(frame, box);
  const still = toPlanes(rgb, box.width, box.height);
  const placed = scaledFace(face, { x: box.x, y: box.y, scale: 1 });
  const matte = await matteOf(rgb, still, [placed]);
  const after = createPuppet(still, [placed], matte).frame([values]);
  return merge(frame, box, still, after);
}

/** Even places and sides, because colours have half the pixels. An odd frame's last row or column stays as it is. */
function surroundings({ width, height }: RgbFrame, { box }: Face): Box {
  const reach = (AROUND * Math.max(box.width, box.height)) / 2;
  const even = (value: number): number => Math.floor(value / 2) * 2;
  const left = even(Math.max(0, box.x + box.width / 2 - reach));
  const top = even(Math.max(0, box.y + box.height / 2 - reach));
  const right = even(Math.min(width, box.x + box.width / 2 + reach));
  const bottom = even(Math.min(height, box.y + box.height / 2 + reach));
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

function cut({ width, data }: RgbFrame, box: Box): Uint8Array {
  const out = new Uint8Array(box.width * box.height * 3);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.y + y) * width + box.x) * 3;
    out.set(data.subarray(from, from + box.width * 3), y * box.width * 3);
  }
  return out;
}

type Colour = { y: number; cb: number; cr: number };

/** Writes the pixels that have changed; what is around them, in pixels of the frame. */
function merge({ width, data }: RgbFrame, box: Box, before: Planes, after: Uint8Array): Box | null {
  const luma = box.width * box.height;
  const chroma = luma / 4;
  const [u, v] = [after.subarray(luma, luma + chroma), after.subarray(luma + chroma)];
  const now: Planes = { width: box.width, height: box.height, y: after, u, v };
  const differs = changedChroma(before, now);
  const [old, fresh]: [Colour, Colour] = [
    { y: 0, cb: 0, cr: 0 },
    { y: 0, cb: 0, cr: 0 },
  ];
  let [left, top, right, bottom] = [box.width, box.height, -1, -1];
  const half = box.width / 2;
  for (let y = 0, at = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++, at++) {
      if (before.y[at] === now.y[at] && differs[(y >> 1) * half + (x >> 1)] === 0) continue;
      colourAt(before, x, y, old);
      colourAt(now, x, y, fresh);
      const to = ((box.y + y) * width + box.x + x) * 3;
      put(data, to, old, fresh);
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? null : { x: box.x + left, y: box.y + top, width: right - left + 1, height: bottom - top + 1 };
}

/** 1 where the colour of a pixel, which its neighbours have a part in, is another one. */
function changedChroma(before: Planes, now: Planes): Uint8Array {
  const [columns, rows] = [before.width / 2, before.height / 2];
  const differs = new Uint8Array(columns * rows);
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, at++) {
      if (before.u[at] === now.u[at] && before.v[at] === now.v[at]) continue;
      for (let row = Math.max(0, y - 1); row <= Math.min(rows - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= x; column++) differs[row * columns + column] = 1;
      }
    }
  }
  return differs;
}

/** Chroma lies on the left one of two pixels and between two rows: it is taken from the four nearest. */
function colourAt(planes: Planes, x: number, y: number, into: Colour): void {
  const [columns, rows] = [planes.width / 2, planes.height / 2];
  const column = x >> 1;
  const right = x % 2 === 1 ? Math.min(columns - 1, column + 1) : column;
  const row = y >> 1;
  const other = Math.min(rows - 1, Math.max(0, y % 2 === 0 ? row - 1 : row + 1));
  const at = (plane: Uint8Array): number =>
    0.375 * (plane[row * columns + column]! + plane[row * columns + right]!) +
    0.125 * (plane[other * columns + column]! + plane[other * columns + right]!);
  into.y = 1.164384 * (planes.y[y * planes.width + x]! - 16);
  into.cb = at(planes.u) - 128;
  into.cr = at(planes.v) - 128;
}

function put(data: Uint8Array, to: number, old: Colour, fresh: Colour): void {
  const r = fresh.y + 1.792741 * fresh.cr;
  const g = fresh.y - 0.213249 * fresh.cb - 0.532909 * fresh.cr;
  const b = fresh.y + 2.112402 * fresh.cb;
  const [r0, g0, b0] = [
    old.y + 1.792741 * old.cr,
    old.y - 0.213249 * old.cb - 0.532909 * old.cr,
    old.y + 2.112402 * old.cb,
  ];
  const most = Math.max(Math.abs(r - r0), Math.abs(g - g0), Math.abs(b - b0));
  const kept = Math.max(0, 1 - most / GIVEN_BACK);
  data[to] = level(r + kept * (data[to]! - r0));
  data[to + 1] = level(g + kept * (data[to + 1]! - g0));
  data[to + 2] = level(b + kept * (data[to + 2]! - b0));
}

function level(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
}
