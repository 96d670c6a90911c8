/** One face of one frame: cut out, worked out at a small size, painted, put back. */
import type { Face } from "../../face/types.ts";
import type { Picture } from "../../media/picture.ts";
import { toLuma } from "../../media/planes.ts";
import type { Box } from "../../media/yuv.ts";
import { findGlasses } from "../../warp/eyes/glasses.ts";
import { createHead, type Head } from "../../warp/head/head.ts";
import type { RgbFrame } from "../processor.ts";
import { ownEye, ownLips } from "./features.ts";
import { CELLS, gridOf } from "./grid.ts";
import { type Masks, masksOf } from "./masks.ts";
import { PLAIN_SKIN, shiftedFace, withLids } from "./mesh.ts";
import { type Own, paint } from "./paint.ts";
import { shapeOf } from "./shape.ts";
import type { Sharpness } from "./sharpness.ts";
import type { Source } from "./source.ts";

/** What is carried from frame to frame of one face, so that nothing flickers. */
export type Before = {
  index: number;
  gains: Masks["gains"];
  alpha: Float32Array;
  /** Decided once: a half that is swapped back and forth would be seen. */
  mirrored: Float32Array;
  own: Own;
  /** How plainly the target wears glasses, 0–1. */
  worn: number;
  sharpness: Sharpness;
};

/** Share of the old value in each frame. */
const KEPT = { gains: 0.8, alpha: 0.5, own: 0.5, worn: 0.9 };
/** Natural logarithm: when the light changes by more on the mean, it has changed, and nothing is kept. */
const OTHER_LIGHT = 0.25;
/** In face ovals: nothing changes beyond. */
const REACH = 1.32;

/** Changes the frame in place, inside `box` alone. `before`: of the frame before this one. */
export async function swapFace(
  frame: RgbFrame,
  face: Face,
  { source, index, before }: { source: Source; index: number; before: Before | undefined },
): Promise<{ after: Before; box: Box }> {
  const box = boxOf(createHead(face), frame);
  const part = cutOut(frame, box);
  const found = shiftedFace(face, -box.x, -box.y);
  const target: Face = { ...found, points: withLids(found) };
  const head = createHead(target);
  const grid = gridOf(head);
  const grey = isGrey(part, target.points);
  // before anything that is shared with other faces is filled
  const texture = await source.texture(target.eyeDistance, grey);
  const shape = shapeOf(target, source.face, head, grid);
  const glasses = findGlasses(head, target, { ...part, y: toLuma(part.data, part.width, part.height) });
  const worn = mix(before?.worn, glasses.score, KEPT.worn);
  const masks = masksOf(part, { target, grid, shape, source, glasses, worn, mirrored: before?.mirrored, grey });
  const lips = ownLips(target.points, head.unit, source.face.points, source.head.unit);
  const own: Own = {
    right: mix(before?.own.right, ownEye(target, source.face, "right"), KEPT.own),
    left: mix(before?.own.left, ownEye(target, source.face, "left"), KEPT.own),
    lips: mix(before?.own.lips, lips, KEPT.own),
  };
  if (before) carry(masks, before);
  const sharpness = before?.sharpness ?? { ratio: 0, grain: 0 };
  paint(part, { target, grid, shape, source, texture, masks, own, index, sharpness });
  putBack(frame, box, part);
  const gains = masks.gains.map((gain, c) => kept(before?.gains[c], gain)) as Before["gains"];
  const { mirrored } = masks;
  const alpha = kept(before?.alpha, masks.alpha);
  return { after: { index, gains, alpha, mirrored, own, worn, sharpness }, box };
}

/** Of the light of skin: pictures in colour have more between their channels. */
const GREY = 0.03;

/** Whether a face is black and white. */
function isGrey({ width, height, data }: RgbFrame, points: Float32Array): boolean {
  let [off, light] = [0, 1];
  for (const point of PLAIN_SKIN) {
    const x = Math.min(width - 1, Math.max(0, Math.floor(points[point * 3]!)));
    const y = Math.min(height - 1, Math.max(0, Math.floor(points[point * 3 + 1]!)));
    const at = (y * width + x) * 3;
    off += Math.abs(data[at]! - data[at + 1]!) + Math.abs(data[at + 2]! - data[at + 1]!);
    light += data[at + 1]!;
  }
  return off / light < GREY;
}

/** A copy, in the old one's place where there is one. */
function kept(before: Float32Array | undefined, now: Float32Array): Float32Array {
  if (!before) return now.slice();
  before.set(now);
  return before;
}

/** Smooths what follows a frame; unless the light has changed, and then nothing is alike. */
function carry(masks: Masks, before: Before): void {
  let [off, weight] = [0, 1e-6];
  for (let i = 0; i < CELLS; i++) {
    off += masks.alpha[i]! * Math.abs(masks.gains[1][i]! - before.gains[1][i]!);
    weight += masks.alpha[i]!;
  }
  if (off / weight > OTHER_LIGHT) return;
  for (let i = 0; i < CELLS; i++) {
    masks.alpha[i] = mix(before.alpha[i], masks.alpha[i]!, KEPT.alpha);
    for (let c = 0; c < 3; c++) masks.gains[c]![i] = mix(before.gains[c]![i], masks.gains[c]![i]!, KEPT.gains);
  }
}

const mix = (before: number | undefined, now: number, kept: number): number =>
  before === undefined ? now : kept * before + (1 - kept) * now;

/** The part of the frame in which anything can change, in whole pixels. */
function boxOf({ centre, reach }: Head, { width, height }: RgbFrame): Box {
  let [left, right, top, bottom] = [centre.x, centre.x, centre.y, centre.y];
  for (let k = 0; k < 64; k++) {
    const [x, y] = [Math.cos((k / 32) * Math.PI), Math.sin((k / 32) * Math.PI)];
    const edge = REACH / reach(centre.x + x, centre.y + y);
    left = Math.min(left, centre.x + x * edge);
    right = Math.max(right, centre.x + x * edge);
    top = Math.min(top, centre.y + y * edge);
    bottom = Math.max(bottom, centre.y + y * edge);
  }
  const x = Math.min(width - 2, Math.max(0, Math.floor(left)));
  const y = Math.min(height - 2, Math.max(0, Math.floor(top)));
  return {
    x,
    y,
    width: Math.max(2, Math.min(width, Math.ceil(right)) - x),
    height: Math.max(2, Math.min(height, Math.ceil(bottom)) - y),
  };
}

function cutOut({ width, data }: RgbFrame, box: Box): Picture {
  const part = new Uint8Array(box.width * box.height * 3);
  for (let row = 0; row < box.height; row++) {
    const from = ((box.y + row) * width + box.x) * 3;
    part.set(data.subarray(from, from + box.width * 3), row * box.width * 3);
  }
  const size = { width: box.width, height: box.height };
  return {
    ...size,
    data: part,
    fullWidth: box.width,
    fullHeight: box.height,
    region: { x: 0, y: 0, ...size },
    orientation: 1,
  };
}

function putBack({ width, data }: RgbFrame, box: Box, part: Picture): void {
  for (let row = 0; row < box.height; row++) {
    const line = part.data.subarray(row * box.width * 3, (row + 1) * box.width * 3);
    data.set(line, ((box.y + row) * width + box.x) * 3);
  }
}
