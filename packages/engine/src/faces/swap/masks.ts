/** What is smooth about a swap: how much of the source is painted where, and in which light. */
import type { Face } from "../../face/types.ts";
import type { Picture } from "../../media/picture.ts";
import type { Glasses } from "../../warp/eyes/glasses.ts";
import { smooth } from "../../warp/head/falloff.ts";
import {
  blur,
  CELLS,
  fieldOf,
  fromCell,
  type Grid,
  type Light,
  logLight,
  pointsInGrid,
  readCell,
  reuseFields,
  SIDE,
} from "./grid.ts";
import { gainOf } from "./light.ts";
import { MIRROR } from "./mesh.ts";
import { createRasteriser, slopesOf } from "./raster.ts";
import { litOf, mirroredFor, shadeOf } from "./shade.ts";
import { NODE, NODES, type Shape } from "./shape.ts";
import { coreAt, FEATURE_CELLS, featureCells, freeOf, skinOf, zonesOf } from "./skin.ts";
import type { Source } from "./source.ts";

/** Valid until the next face is worked on. */
export type Masks = {
  /** Per cell, how much of the source is painted, 0–1. */
  alpha: Float32Array;
  /** Per cell, natural logarithms of what its channels are multiplied by. */
  gains: Light;
  /** Per cell, where sharpness can be compared: plain skin of both. */
  plain: Float32Array;
  /** Per point of the mesh, how much is taken from the other half of the source's face, 0–1. */
  mirrored: Float32Array;
  /** By the green of the target's skin: the least red and the most blue that it may have. */
  palest: number;
  bluest: number;
};

/** In face ovals: nothing is painted beyond the first, everything inside the second. */
const EDGE: [number, number] = [1.0, 0.83];

const rasterise = createRasteriser();

/**
 * `target`: the frame's face with its lids; `glasses` those of the target; `worn`: how plainly it wears them, 0–1; `mirrored`: that of the
 * frames before; `grey`: whether the target is black and white.
 */
export function masksOf(
  frame: Picture,
  {
    target,
    grid,
    shape,
    source,
    glasses,
    worn,
    mirrored: before,
    grey,
  }: {
    target: Face;
    grid: Grid;
    shape: Shape;
    source: Source;
    glasses: Glasses;
    worn: number;
    mirrored: Float32Array | undefined;
    grey: boolean;
  },
): Masks {
  reuseFields();
  const light = moved(logLight(frame, grid), shape, grid);
  const cells = pointsInGrid(grid, shape.points);
  const zones = zonesOf(target, cells);
  const feature = featureCells(cells, FEATURE_CELLS);
  const skin = skinOf(light, cells, zones);
  const free = freeOf(skin, feature, zones);
  const mirrored = before ?? mirroredFor(source.away, source.shade, shadeOf(light, litOf(skin, feature, zones), cells));
  const seen = seenOf(source, cells, mirrored);

  const alpha = fieldOf();
  const soft = withdrawn(seen.free);
  blur(free, 0.8);
  for (let i = 0; i < CELLS; i++) {
    const edge = smooth((EDGE[0] - zones.reach[i]!) / (EDGE[0] - EDGE[1]));
    alpha[i] = edge * smooth((free[i]! - 0.2) / 0.6) * soft[i]! * seen.cover[i]!;
  }
  if (worn > 0 && glasses.score > 0) withoutGlasses(alpha, grid, glasses, worn);

  const both = fieldOf();
  if (grey) withoutColour(seen.light);
  for (let i = 0; i < CELLS; i++) {
    const core = 0.6 * coreAt(i, zones);
    const skins = Math.max(skin[i]!, core) * Math.max(seen.skin[i]!, core);
    both[i] = skins * seen.cover[i]! * (1 - 0.95 * feature[i]!);
  }
  const gains = gainOf({ source: seen.light, target: light, both, feature, alpha });
  return { alpha, gains, plain: both, mirrored, ...limitsOf(light, skin) };
}

/** Cells: what hangs over the source's face throws shadows and stray hairs so far, and how wide the edge is that is painted there. */
const AWAY = 3;

/** Draws the edges of what is free back, and makes them soft. */
function withdrawn(free: Float32Array): Float32Array {
  const far = fieldOf(free);
  blur(far, AWAY);
  // half of the blurred edge lies on either side of it: only what is beyond is kept
  const soft = fieldOf();
  for (let i = 0; i < CELLS; i++) soft[i] = smooth((far[i]! - 0.78) / 0.22);
  blur(soft, AWAY);
  for (let i = 0; i < CELLS; i++) soft[i] = Math.min(soft[i]!, smooth(far[i]! / 0.9));
  return soft;
}

/** The frame as it is after the change of shape. */
function moved(light: Light, { backX, backY }: Shape, grid: Grid): Light {
  const result = light.map((field) => fieldOf(field)) as Light;
  for (let i = 0; i < CELLS; i++) {
    const [column, row] = [(i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5];
    const [dx, dy] = [backAt(backX, column, row), backAt(backY, column, row)];
    if (dx === 0 && dy === 0) continue;
    const [u, v] = [grid.a * dx + grid.b * dy, grid.a * dy - grid.b * dx];
    for (let c = 0; c < 3; c++) result[c]![i] = readCell(light[c]!, column + u, row + v);
  }
  return result;
}

/** `backX` or `backY` of a shape between its nodes, at a place in cells. */
export function backAt(field: Float32Array, column: number, row: number): number {
  const x = Math.min(NODES - 1.001, Math.max(0, column / NODE));
  const y = Math.min(NODES - 1.001, Math.max(0, row / NODE));
  const left = x | 0;
  const top = y | 0;
  const at = top * NODES + left;
  const above = field[at]! + (field[at + 1]! - field[at]!) * (x - left);
  const below = field[at + NODES]! + (field[at + NODES + 1]! - field[at + NODES]!) * (x - left);
  return above + (below - above) * (y - top);
}

/** Natural logarithms: by how much the skin's colour may be less red, and more blue, than it is on the mean. */
const PALER = 0.12;
const BLUER = 0.05;

function limitsOf([red, green, blue]: Light, skin: Float32Array): { palest: number; bluest: number } {
  let [reddish, bluish, weight] = [0, 0, 1e-6];
  for (let i = 0; i < CELLS; i++) {
    reddish += skin[i]! * (red[i]! - green[i]!);
    bluish += skin[i]! * (blue[i]! - green[i]!);
    weight += skin[i]!;
  }
  return { palest: Math.exp(reddish / weight - PALER), bluest: Math.exp(bluish / weight + BLUER) };
}

function withoutColour([red, green, blue]: Light): void {
  for (let i = 0; i < CELLS; i++) {
    const bright = 0.2126 * red[i]! + 0.7152 * green[i]! + 0.0722 * blue[i]!;
    red[i] = bright;
    green[i] = bright;
    blue[i] = bright;
  }
}

type Seen = { light: Light; free: Float32Array; skin: Float32Array; cover: Float32Array };

/** The source as it lies on the target's grid. */
function seenOf(source: Source, cells: Float32Array, mirroredShares: Float32Array): Seen {
  const { triangle } = rasterise(cells, SIDE, SIDE);
  const places = pointsInGrid(source.grid, source.face.points);
  const at = (axis: 0 | 1, mirrored: boolean) =>
    slopesOf(cells, (point) => places[(mirrored ? MIRROR[point]! : point) * 3 + axis]!);
  const [x, y, otherX, otherY] = [at(0, false), at(1, false), at(0, true), at(1, true)];
  const share = slopesOf(cells, (point) => mirroredShares[point]!);
  const seen: Seen = {
    light: [fieldOf(), fieldOf(), fieldOf()],
    free: fieldOf(),
    skin: fieldOf(),
    cover: fieldOf(),
  };
  const fields: [Float32Array, Float32Array][] = [
    [source.light[0], seen.light[0]],
    [source.light[1], seen.light[1]],
    [source.light[2], seen.light[2]],
    [source.free, seen.free],
    [source.skin, seen.skin],
  ];
  for (let i = 0; i < CELLS; i++) {
    const t = triangle[i]! * 3;
    if (t < 0) continue;
    const [column, row] = [i % SIDE, Math.floor(i / SIDE)];
    const value = (slopes: Float32Array): number => slopes[t]! + slopes[t + 1]! * column + slopes[t + 2]! * row;
    const mirrored = Math.min(1, Math.max(0, value(share)));
    seen.cover[i] = 1;
    for (const [from, to] of fields) {
      const direct = mirrored < 1 ? readCell(from, value(x), value(y)) : 0;
      const other = mirrored > 0 ? readCell(from, value(otherX), value(otherY)) : 0;
      to[i] = direct + mirrored * (other - direct);
    }
  }
  return seen;
}

/** Under the target's glasses everything stays the target's: rims and reflections cannot be told from the eyes behind them. */
function withoutGlasses(alpha: Float32Array, grid: Grid, glasses: Glasses, worn: number): void {
  for (let i = 0; i < CELLS; i++) {
    if (alpha[i] === 0) continue;
    const [x, y] = fromCell(grid, (i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5);
    alpha[i]! *= 1 - (worn * (1 - glasses.yields(x, y))) / glasses.score;
  }
}
