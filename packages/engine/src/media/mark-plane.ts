/**
 * The invisible mark as it lies over a picture: the tile of the job, repeated, as strong as the picture hides it. What it adds to each
 * luma sample is a whole number of levels; what rounding takes away is given to the samples beside it.
 */
import { boxMean } from "@smileloop/core/marking/box-mean.ts";
import { SPACE_SIDE, TILE_SIDE, TILE_UNIT } from "@smileloop/core/marking/mark.ts";

/** Standard deviation of the mark, levels: where the picture is plain, for each level that it varies by, and at most. */
export type Strength = { plain: number; varied: number; most: number };

/** Where the longer side has fewer pixels than `below`, there are fewer samples to find a mark in. */
const STRENGTH: Strength = { plain: 0.6, varied: 0.2, most: 2.8 };
const SMALL = { below: 400, plain: 0.8 };
/** Half the side of the squares over which the picture varies, where its longer side has `SPACE_SIDE` pixels. */
const NEAR = 4;
/** Luma below and above which less is hidden, over how many levels that sets in, and what is left then. */
const [DARK, BRIGHT, RAMP, LEFT] = [48, 208, 24, 0.55];

export type Luma = { width: number; height: number; data: Uint8Array };

/** How strong the mark is allowed to be, levels; of a grid whose longer side has at most `SPACE_SIDE` samples. */
export type Room = { width: number; height: number; data: Float32Array };

export function roomIn(luma: Luma, strength = strengthOf(luma)): Room {
  const { width, height, data } = shrunk(luma);
  const { plain, varied, most } = strength;
  const near = Math.max(1, Math.round((NEAR * Math.max(width, height)) / SPACE_SIDE));
  const mean = boxMean(data, width, height, near);
  const apart = boxMean(
    data.map((value, i) => Math.abs(value - mean[i]!)),
    ...([width, height, near] as const),
  );
  const room = apart.map((value, i) => Math.min(most, plain + varied * value) * shade(mean[i]!));
  return { width, height, data: room };
}

function strengthOf({ width, height }: Luma): Strength {
  return Math.max(width, height) < SMALL.below ? { ...STRENGTH, plain: SMALL.plain } : STRENGTH;
}

function shade(luma: number): number {
  const from = Math.min(luma - (DARK - RAMP), BRIGHT + RAMP - luma) / RAMP;
  return LEFT + (1 - LEFT) * Math.max(0, Math.min(1, from));
}

/** What is added to each sample of a picture of this size. `share`: of the room. */
export function planeOf(
  tile: Int8Array,
  room: Room,
  { width, height }: { width: number; height: number },
  share = 1,
): Int8Array {
  const plane = new Int8Array(width * height);
  const step = SPACE_SIDE / Math.max(width, height);
  const across = placesOf(width, step);
  const [stepX, stepY] = [room.width / width, room.height / height];
  let below = new Float32Array(width + 2);
  let own = new Float32Array(width + 2);
  const down = placesOf(height, step);
  const columns = Uint16Array.from({ length: width }, (_, x) =>
    Math.min(room.width - 1, Math.floor((x + 0.5) * stepX)),
  );
  for (let y = 0; y < height; y++) {
    const {
      cell: top,
      next: bottom,
      part: fall,
    } = { cell: down.cell[y]! * TILE_SIDE, next: down.next[y]! * TILE_SIDE, part: down.part[y]! };
    const strengths = Math.min(room.height - 1, Math.floor((y + 0.5) * stepY)) * room.width;
    [own, below] = [below, own];
    below.fill(0);
    for (let x = 0; x < width; x++) {
      const [left, right, part] = [across.cell[x]!, across.next[x]!, across.part[x]!];
      const upper = tile[top + left]! * (1 - part) + tile[top + right]! * part;
      const lower = tile[bottom + left]! * (1 - part) + tile[bottom + right]! * part;
      const value = ((upper + (lower - upper) * fall) * share * room.data[strengths + columns[x]!]!) / TILE_UNIT;
      const wanted = value + own[x + 1]!;
      const given = Math.round(wanted);
      plane[y * width + x] = given;
      // Floyd and Steinberg
      const rest = (wanted - given) / 16;
      own[x + 2]! += rest * 7;
      below[x]! += rest * 3;
      below[x + 1]! += rest * 5;
      below[x + 2]! += rest;
    }
  }
  return plane;
}

/** The samples of the tile on both sides of each pixel. */
function placesOf(length: number, step: number) {
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
function shrunk({ width, height, data }: Luma): { width: number; height: number; data: Float32Array } {
  const step = Math.max(1, Math.ceil(Math.max(width, height) / SPACE_SIDE));
  if (step === 1) return { width, height, data: Float32Array.from(data) };
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const out = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let [sum, count] = [0, 0];
      for (let y = row * step; y < Math.min(height, (row + 1) * step); y++) {
        for (let x = column * step; x < Math.min(width, (column + 1) * step); x++) {
          sum += data[y * width + x]!;
          count++;
        }
      }
      out[row * columns + column] = sum / count;
    }
  }
  return { width: columns, height: rows, data: out };
}

/** Limited range; what lies outside of it stays as it is. */
export function addPlane(luma: Uint8Array, plane: Int8Array): void {
  for (let i = 0; i < luma.length; i++) {
    const value = luma[i]!;
    const marked = value + plane[i]!;
    if (value < 16 || value > 235) continue;
    luma[i] = marked < 16 ? 16 : marked > 235 ? 235 : marked;
  }
}
