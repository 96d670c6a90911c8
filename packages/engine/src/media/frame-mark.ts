/**
 * Puts the invisible mark on the frames of a clip. It stands still: so it costs nothing where the picture does, and one still is enough to
 * read it. Where the picture moves, an encoder would have to send it again and again: there it is weak until the picture has rested for a
 * while. What it looks like follows the first frame, and that of each scene after it.
 */
import { addPlane, lumaOf, planeOf, roomIn } from "./mark-plane.ts";

/** Of a block, pixels: as encoders have them. */
const SIDE = 16;
/** Rows and columns between the samples of a block that are compared. */
const [ROW_STEP, COLUMN_STEP] = [4, 2];
/** Mean difference to the frame before from which a block moves, levels. */
const MOVING = 0.5;
/** How strong the mark is where it moves, and for how many frames after. */
const WEAK = 0.3;
const REST = 25;
/** Where more blocks than this part move, all do: then a weak mark would be lost, and in a still place there is none. A portrait has half at most. */
const ALL = 0.6;
/** A new scene: the part of the samples that differ by more than this from the frame that the mark was made for. */
const SCENE = { levels: 16, share: 0.5, step: 8 };

export type FrameMark = {
  /** To the luma of the next frame (limited range), in place. */
  add(luma: Uint8Array): void;
};

type Size = { width: number; height: number };

export function openFrameMark(tile: Int8Array, size: Size): FrameMark {
  const blocks = blocksOf(size);
  const before = new Uint8Array(size.width * size.height);
  /** For how many frames each block stays weak. */
  const weakFor = new Uint16Array(blocks.length);
  let scene: { first: Uint8Array; full: Int8Array; weak: Int8Array; plane: Int8Array } | undefined;

  const begin = (luma: Uint8Array) => {
    const room = roomIn(lumaOf(luma, size));
    const full = planeOf(tile, room, size);
    weakFor.fill(0);
    return { first: luma.slice(), full, weak: planeOf(tile, room, size, WEAK), plane: full.slice() };
  };
  const settle = (luma: Uint8Array, { full, weak, plane }: NonNullable<typeof scene>): void => {
    const moves = blocks.map((block) => change(luma, before, block, size.width) > MOVING);
    const all = moves.filter(Boolean).length > ALL * moves.length;
    for (const [i, block] of blocks.entries()) {
      const was = weakFor[i]! > 0;
      if (all) weakFor[i] = 0;
      else if (moves[i]) weakFor[i] = REST;
      else if (was) weakFor[i]!--;
      const is = weakFor[i]! > 0;
      if (was !== is) copyBlock(is ? weak : full, plane, block, size.width);
    }
  };
  return {
    add(frame) {
      const luma = frame.subarray(0, before.length);
      if (!scene || isNew(luma, scene.first, size)) scene = begin(luma);
      else settle(luma, scene);
      before.set(luma);
      addPlane(luma, scene.plane);
    },
  };
}

type Block = { left: number; top: number; right: number; bottom: number };

function blocksOf({ width, height }: Size): Block[] {
  const blocks: Block[] = [];
  for (let top = 0; top < height; top += SIDE) {
    for (let left = 0; left < width; left += SIDE) {
      blocks.push({ left, top, right: Math.min(width, left + SIDE), bottom: Math.min(height, top + SIDE) });
    }
  }
  return blocks;
}

function change(a: Uint8Array, b: Uint8Array, { left, top, right, bottom }: Block, width: number): number {
  let [sum, count] = [0, 0];
  for (let y = top; y < bottom; y += ROW_STEP) {
    for (let at = y * width + left; at < y * width + right; at += COLUMN_STEP) {
      sum += Math.abs(a[at]! - b[at]!);
      count++;
    }
  }
  return sum / count;
}

function copyBlock(from: Int8Array, to: Int8Array, { left, top, right, bottom }: Block, width: number): void {
  for (let y = top; y < bottom; y++) to.set(from.subarray(y * width + left, y * width + right), y * width + left);
}

function isNew(luma: Uint8Array, first: Uint8Array, { width, height }: Size): boolean {
  let [other, count] = [0, 0];
  for (let y = 0; y < height; y += SCENE.step) {
    for (let at = y * width; at < (y + 1) * width; at += SCENE.step) {
      count++;
      if (Math.abs(luma[at]! - first[at]!) > SCENE.levels) other++;
    }
  }
  return other > SCENE.share * count;
}
