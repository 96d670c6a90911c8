/** Which cells of a face show its skin, and which hair, a hat, a hand or what is behind. */

import type { Face } from "../../face/types.ts";
import { smooth } from "../../warp/head/falloff.ts";
import { createHead } from "../../warp/head/head.ts";
import { CELLS, fieldOf, type Light, SIDE } from "./grid.ts";
import { FEATURE, PLAIN_SKIN } from "./mesh.ts";

/** Where the parts of a face lie on its grid. */
export type Zones = {
  /** Per cell, how far out it is: 1 on the oval of the face. */
  reach: Float32Array;
  /** Row above which there is nothing but forehead and hair. */
  browRow: number;
  centreColumn: number;
};

/** `cells`: the mesh in cells of its grid. */
export function zonesOf(face: Face, cells: Float32Array): Zones {
  const head = createHead({ ...face, points: cells });
  const reach = fieldOf();
  for (let i = 0; i < CELLS; i++) reach[i] = head.reach((i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5);
  const brows = [63, 105, 66, 293, 334, 296].map((point) => cells[point * 3 + 1]!);
  return { reach, browRow: Math.min(...brows) - 1, centreColumn: cells[168 * 3]! };
}

/** How bright a cell is (logarithm), and its colour, which light and shade leave alone. */
type Tone = [bright: number, redness: number, blueness: number];
/** Differences that are about as plain, of each. */
const UNITS: Tone = [0.5, 0.12, 0.18];

function toneAt([r, g, b]: Light, i: number): Tone {
  return [0.3 * r[i]! + 0.59 * g[i]! + 0.11 * b[i]!, r[i]! - g[i]!, b[i]! - g[i]!];
}

/** 0–1 per cell. */
export function skinOf(light: Light, cells: Float32Array, zones: Zones): Float32Array {
  const { middle, sides, spread } = plainSkin(light, cells, zones.centreColumn);
  const skin = fieldOf();
  const [reds, greens, blues] = light;
  for (let i = 0; i < CELLS; i++) {
    const bright = 0.3 * reds[i]! + 0.59 * greens[i]! + 0.11 * blues[i]!;
    const redness = reds[i]! - greens[i]!;
    const blueness = blues[i]! - greens[i]!;
    const side = smooth(((i % SIDE) - zones.centreColumn) / 40 + 0.5);
    const off = bright - (sides[0] + (sides[1] - sides[0]) * side);
    // shade is redder
    const shade = 1 + Math.max(0, -off);
    const x = off / (off < 0 ? 0.75 : 0.5);
    const y = (redness - middle[1]) / (spread[1] * shade);
    const z = (blueness - middle[2]) / (spread[2] * shade);
    const apart = Math.sqrt(x * x + y * y + z * z);
    skin[i] = 1 - smooth((apart - 1) / 0.8);
  }
  withoutHair(skin, light, middle, zones);
  return skin;
}

/** Medians of what is certainly skin; how bright each half of the face is; and how much its colour may differ. */
function plainSkin(light: Light, cells: Float32Array, centre: number) {
  const tones: Tone[] = [];
  const halves: [number[], number[]] = [[], []];
  for (const point of PLAIN_SKIN) {
    const [column, row] = [Math.floor(cells[point * 3]!), Math.floor(cells[point * 3 + 1]!)];
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const [x, y] = [column + dx, row + dy];
        if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) continue;
        const tone = toneAt(light, y * SIDE + x);
        tones.push(tone);
        halves[x < centre ? 0 : 1].push(tone[0]);
      }
    }
  }
  const middle = [0, 1, 2].map((k) => median(tones.map((tone) => tone[k]!))) as Tone;
  const spread = [0, 1, 2].map((k) => {
    const off = median(tones.map((tone) => Math.abs(tone[k]! - middle[k]!)));
    return Math.max([0.5, 0.09, 0.13][k]!, 3.2 * off);
  }) as Tone;
  const sides = halves.map((half) => (half.length > 20 ? median(half) : middle[0])) as [number, number];
  return { middle, sides, spread };
}

/** Hair over the forehead and at the temples may look much like skin: what is above the face tells them apart. */
function withoutHair(skin: Float32Array, light: Light, middle: Tone, { reach, browRow }: Zones): void {
  const above: Tone[] = [];
  for (let i = 0; i < CELLS; i++) {
    if (reach[i]! > 1.06 && reach[i]! < 1.24 && Math.floor(i / SIDE) < browRow && skin[i]! < 0.6)
      above.push(toneAt(light, i));
  }
  if (above.length < 60) return;
  const hair = [0, 1, 2].map((k) => median(above.map((tone) => tone[k]!))) as Tone;
  const way = hair.map((value, k) => (value - middle[k]!) / UNITS[k]!);
  const square = way.reduce((sum, value) => sum + value * value, 0);
  if (square < 0.6) return;
  for (let i = 0; i < CELLS; i++) {
    if (reach[i]! < 0.55 || (Math.floor(i / SIDE) > browRow && reach[i]! < 0.82)) continue;
    const tone = toneAt(light, i);
    const along = way.reduce((sum, value, k) => sum + (value * (tone[k]! - middle[k]!)) / UNITS[k]!, 0) / square;
    skin[i]! *= 1 - smooth((along - 0.38) / 0.25);
  }
}

/**
 * What of a face is free: its skin, and brows, eyes, nose and mouth in any case. Going outwards, what is behind something that covers
 * the face is covered, too: no islands of forehead between strands of hair.
 */
export function freeOf(
  skin: Float32Array,
  feature: Float32Array,
  { reach, browRow, centreColumn }: Zones,
): Float32Array {
  const free = fieldOf();
  for (let i = 0; i < CELLS; i++) free[i] = Math.max(skin[i]!, coreAt(i, { reach, browRow }), feature[i]!);
  const first = Math.min(SIDE - 2, Math.max(0, Math.ceil(browRow)));
  for (let row = first - 1; row >= 0; row--) {
    for (let x = 0; x < SIDE; x++)
      free[row * SIDE + x] = Math.min(free[row * SIDE + x]!, free[(row + 1) * SIDE + x]! + 0.08);
  }
  const middle = Math.min(SIDE - 2, Math.max(1, Math.round(centreColumn)));
  for (let row = 0; row < SIDE; row++) {
    for (const step of [1, -1]) {
      let least = 1;
      for (let x = middle; x >= 0 && x < SIDE; x += step) {
        const i = row * SIDE + x;
        if (reach[i]! > 0.6) {
          least = Math.min(least + 0.04, free[i]!);
          free[i] = Math.min(free[i]!, least);
        }
      }
    }
  }
  return free;
}

/** How surely a cell is in the middle of the face, where there is skin whatever it looks like: in shadow, or painted. 0–1. */
export function coreAt(i: number, { reach, browRow }: Pick<Zones, "reach" | "browRow">): number {
  return Math.floor(i / SIDE) < browRow ? 0 : 1 - smooth((reach[i]! - 0.72) / 0.14);
}

/** Around the points of brows, lids, nostrils and lips. */
export const FEATURE_CELLS = 3.2;

/** Per cell, 1 at the points of brows, lids, nostrils and lips, and less up to `radius` cells around them. */
export function featureCells(cells: Float32Array, radius: number): Float32Array {
  const result = fieldOf();
  for (let point = 0; point < FEATURE.length; point++) {
    if (FEATURE[point] === 0) continue;
    const [cx, cy] = [cells[point * 3]!, cells[point * 3 + 1]!];
    for (let y = Math.max(0, Math.floor(cy - radius)); y <= Math.min(SIDE - 1, cy + radius); y++) {
      for (let x = Math.max(0, Math.floor(cx - radius)); x <= Math.min(SIDE - 1, cx + radius); x++) {
        const share = 1 - smooth(Math.hypot(x + 0.5 - cx, y + 0.5 - cy) / radius - 0.5);
        const at = y * SIDE + x;
        if (share > result[at]!) result[at] = share;
      }
    }
  }
  return result;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
