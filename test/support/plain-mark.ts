/** The plain twin of `mark.c` and of what calls it: the same sums, one sample after the other. Tests hold that both give the same bytes. */
import { boxMean } from "@smileloop/core/marking/box-mean.ts";
import { SPACE_SIDE, TILE_SIDE, TILE_UNIT } from "@smileloop/core/marking/mark.ts";

/** Standard deviation of the mark, levels: where the picture is plain, for each level that it varies by, and at most. */
const STRENGTH = { plain: 0.7, varied: 0.24, most: 3 };
/** Half the side of the squares over which the picture varies, where its longer side has `SPACE_SIDE` pixels. */
const NEAR = 4;
/** Luma below and above which less is hidden, over how many levels that sets in, and what is left then. */
const [DARK, BRIGHT, RAMP, LEFT] = [48, 208, 24, 0.55];

type Size = { width: number; height: number };

/** `row`: its samples, good until the next call. */
type Luma = Size & { row(y: number): Uint8Array };

function lumaOf(data: Uint8Array, { width, height }: Size): Luma {
  return { width, height, row: (y) => data.subarray(y * width, (y + 1) * width) };
}

/** How strong the mark is allowed to be, levels; of a grid whose longer side has at most `SPACE_SIDE` samples. */
type Room = Size & { data: Float32Array };

export function plainRoom(luma: Luma): Room {
  const { width, height, data } = shrunk(luma);
  const near = Math.max(1, Math.round((NEAR * Math.max(width, height)) / SPACE_SIDE));
  const mean = boxMean(data, width, height, near);
  const apart = boxMean(
    data.map((value, i) => Math.abs(value - mean[i]!)),
    ...([width, height, near] as const),
  );
  const room = apart.map(
    (value, i) => Math.min(STRENGTH.most, STRENGTH.plain + STRENGTH.varied * value) * shade(mean[i]!),
  );
  return { width, height, data: room };
}

function shade(luma: number): number {
  const from = Math.min(luma - (DARK - RAMP), BRIGHT + RAMP - luma) / RAMP;
  return LEFT + (1 - LEFT) * Math.max(0, Math.min(1, from));
}

/** What is added to each sample of a picture of this size. `share`: of the room. */
function planeOf(tile: Int8Array, room: Room, size: Size, share = 1): Int8Array {
  const plane = new Int8Array(size.width * size.height);
  plainRows(tile, { room, size, share }, (row, y) => plane.set(row, y * size.width));
  return plane;
}

/** The same, row by row. */
export function plainRows(
  tile: Int8Array,
  { room, size, share }: { room: Room; size: Size; share: number },
  take: (row: Int8Array, y: number) => void,
): void {
  const { width, height } = size;
  const step = SPACE_SIDE / Math.max(width, height);
  const across = placesOf(width, step);
  const down = placesOf(height, step);
  const columns = Uint16Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * room.width) / width));
  const line = new Float32Array(width);
  const row = new Int8Array(width);
  let own = new Float32Array(width + 2);
  let below = new Float32Array(width + 2);
  for (let y = 0; y < height; y++) {
    const strengths = Math.floor(((y + 0.5) * room.height) / height) * room.width;
    tileLine(tile, { across, top: down.cell[y]!, bottom: down.next[y]!, fall: down.part[y]! }, line);
    for (let x = 0; x < width; x++) line[x]! *= (share / TILE_UNIT) * room.data[strengths + columns[x]!]!;
    const rest = own;
    own = below;
    below = rest.fill(0);
    spread(line, row, own, below);
    take(row, y);
  }
}

type Places = { cell: Uint8Array; next: Uint8Array; part: Float32Array };

function tileLine(
  tile: Int8Array,
  { across, top, bottom, fall }: { across: Places; top: number; bottom: number; fall: number },
  line: Float32Array,
): void {
  const [upper, lower] = [top * TILE_SIDE, bottom * TILE_SIDE];
  for (let x = 0; x < line.length; x++) {
    const left = across.cell[x]!;
    const right = across.next[x]!;
    const part = across.part[x]!;
    const above = tile[upper + left]! + (tile[upper + right]! - tile[upper + left]!) * part;
    const under = tile[lower + left]! + (tile[lower + right]! - tile[lower + left]!) * part;
    line[x] = above + (under - above) * fall;
  }
}

/** Rounds a line, and gives the rest to the samples to the right and below (Floyd and Steinberg). `own`: what it was given. */
function spread(line: Float32Array, row: Int8Array, own: Float32Array, below: Float32Array): void {
  for (let x = 0; x < line.length; x++) {
    const wanted = line[x]! + own[x + 1]!;
    const given = Math.round(wanted);
    row[x] = given;
    const rest = (wanted - given) / 16;
    own[x + 2]! += rest * 7;
    below[x]! += rest * 3;
    below[x + 1]! += rest * 5;
    below[x + 2]! += rest;
  }
}

/** The samples of the tile on both sides of each pixel. */
function placesOf(length: number, step: number): Places {
  const cell = new Uint8Array(length);
  const next = new Uint8Array(length);
  const part = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const at = (i + 0.5) * step - 0.5 + TILE_SIDE;
    cell[i] = Math.floor(at) % TILE_SIDE;
    next[i] = (cell[i]! + 1) % TILE_SIDE;
    part[i] = at - Math.floor(at);
  }
  return { cell, next, part };
}

/** So small that its longer side has at most `SPACE_SIDE` samples: each is the mean of those that it covers. */
function shrunk({ width, height, row }: Luma): Room {
  const step = Math.max(1, Math.ceil(Math.max(width, height) / SPACE_SIDE));
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const out = new Float32Array(columns * rows);
  const across = Uint16Array.from({ length: width }, (_, x) => Math.floor(x / step));
  for (let y = 0; y < height; y++) {
    const samples = row(y);
    const to = Math.floor(y / step) * columns;
    const share = 1 / Math.min(step, height - Math.floor(y / step) * step);
    for (let x = 0; x < width; x++) out[to + across[x]!]! += share * samples[x]!;
  }
  const last = width - (columns - 1) * step;
  for (let i = 0; i < out.length; i++) out[i]! /= (i + 1) % columns === 0 ? last : step;
  return { width: columns, height: rows, data: out };
}

/** Limited range; what lies outside of it stays as it is. */
function addPlane(luma: Uint8Array, plane: Int8Array): void {
  for (let i = 0; i < luma.length; i++) {
    const value = luma[i]!;
    const marked = value + plane[i]!;
    if (value < 16 || value > 235) continue;
    luma[i] = marked < 16 ? 16 : marked > 235 ? 235 : marked;
  }
}

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

type FrameMark = {
  /** To the luma of the next frame (limited range), in place. */
  add(luma: Uint8Array): void;
};

export function plainFrameMark(tile: Int8Array, size: Size): FrameMark {
  const blocks = blocksOf(size);
  const before = new Uint8Array(size.width * size.height);
  /** For how many frames each block stays weak. */
  const weakFor = new Uint16Array(blocks.length);
  let scene: { first: Uint8Array; full: Int8Array; weak: Int8Array; plane: Int8Array } | undefined;

  const begin = (luma: Uint8Array) => {
    const room = plainRoom(lumaOf(luma, size));
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
