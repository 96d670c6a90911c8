/**
 * Puts the invisible mark on the frames of a clip. It stands still: so it costs nothing where the picture does, and one still is enough to
 * read it. Where the picture moves, an encoder would have to send it again and again: there it is weak until the picture has rested for a
 * while. What it looks like follows the first frame, and that of each scene after it.
 */
import { openMarkPlane } from "./mark-plane.ts";

/** Of a block, pixels: as encoders have them, and `mark.c`. */
const SIDE = 16;
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
  /** The planes of a frame (limited range), which the caller fills before each `add`. */
  frame: Uint8Array;
  /** To the luma of the frame, in place. */
  add(): void;
};

type Size = { width: number; height: number };

export function openFrameMark(tile: Int8Array, size: Size): FrameMark {
  const { width, height } = size;
  const count = width * height;
  const blocks = blocksOf(size);
  const parts = [Math.ceil(count * 1.5), count, count, count, count, count, blocks.length];
  const plane = openMarkPlane(tile, size, parts);
  const { kernel, bytes } = plane;
  const [luma = 0, before = 0, first = 0, full = 0, weak = 0, drawn = 0, moves = 0] = plane.places.more;
  const copy = (from: number, to: number, length: number) => bytes.copyWithin(to, from, from + length);
  /** For how many frames each block stays weak. */
  const weakFor = new Uint16Array(blocks.length);
  const sampled = Math.ceil(width / SCENE.step) * Math.ceil(height / SCENE.step);
  let begun = false;

  const begin = () => {
    begun = true;
    weakFor.fill(0);
    plane.measure((y) => luma + y * width);
    plane.draw(1, (y) => full + y * width);
    plane.draw(WEAK, (y) => weak + y * width);
    copy(full, drawn, count);
    copy(luma, first, count);
  };
  const settle = () => {
    kernel.moving(luma, before, width, height, MOVING, moves);
    let moving = 0;
    for (let i = 0; i < blocks.length; i++) moving += bytes[moves + i]!;
    const all = moving > ALL * blocks.length;
    for (const [i, block] of blocks.entries()) {
      const was = weakFor[i]! > 0;
      if (all) weakFor[i] = 0;
      else if (bytes[moves + i]) weakFor[i] = REST;
      else if (was) weakFor[i]!--;
      const is = weakFor[i]! > 0;
      if (was === is) continue;
      const from = is ? weak : full;
      for (let y = block.top; y < block.bottom; y++) {
        const at = y * width + block.left;
        copy(from + at, drawn + at, block.right - block.left);
      }
    }
  };
  return {
    frame: bytes.subarray(luma, luma + (count * 3) / 2),
    add() {
      const other = begun ? kernel.differ(luma, first, width, height, SCENE.step, SCENE.levels) : 0;
      if (!begun || other > SCENE.share * sampled) begin();
      else settle();
      copy(luma, before, count);
      kernel.add(luma, drawn, count);
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
