/** Which half of a face is lit: what is in the shade, or turned away, can be taken from the other half, mirrored. */
import { smooth } from "../../warp/head/falloff.ts";
import { blur, CELLS, fieldOf, type Light, readCell } from "./grid.ts";
import { unlike } from "./light.ts";
import { EYES, MIRROR, PLAIN_SKIN, POINTS, smoothedOverMesh } from "./mesh.ts";
import { coreAt, type Zones } from "./skin.ts";

export type Shade = {
  /** Per point, natural logarithm: by how much the same place on the other half is brighter. */
  darker: Float32Array;
  /** Natural logarithm: how much brighter the skin is where it is lit than in its shade. */
  contrast: number;
};

/** Natural logarithm: from the first on, what is darker than in the target is taken from the other half; wholly at the second. */
const SHADE: [number, number] = [0.22, 0.5];
/** Cells. */
const BLUR = 3;

/** Where light is seen: on skin, shadows in the middle of the face included. */
export function litOf(skin: Float32Array, feature: Float32Array, zones: Zones): Float32Array {
  const lit = fieldOf();
  for (let i = 0; i < CELLS; i++) lit[i] = Math.max(skin[i]!, 0.8 * coreAt(i, zones)) * (1 - feature[i]!);
  return lit;
}

/** `cells`: the mesh in cells of the grid. */
export function shadeOf(light: Light, lit: Float32Array, cells: Float32Array): Shade {
  const bright = fieldOf();
  const weight = fieldOf(lit);
  for (let i = 0; i < CELLS; i++) {
    bright[i] = weight[i]! * (0.3 * light[0][i]! + 0.59 * light[1][i]! + 0.11 * light[2][i]!);
  }
  blur(bright, BLUR);
  blur(weight, BLUR);
  const tones = Float32Array.from({ length: POINTS }, (_, point) => {
    const [column, row] = [cells[point * 3]!, cells[point * 3 + 1]!];
    return readCell(bright, column, row) / (readCell(weight, column, row) + 1e-3);
  });
  const darker = smoothedOverMesh(
    tones.map((tone, i) => tones[MIRROR[i]!]! - tone),
    4,
  );
  const cheeks = [50, 205, 101];
  const halves = cheeks.reduce((sum, i) => sum + (tones[MIRROR[i]!]! - tones[i]!) / cheeks.length, 0);
  const skin = Float32Array.from(PLAIN_SKIN, (point) => tones[point]!).sort();
  const spread = skin[Math.floor(0.9 * skin.length)]! - skin[Math.floor(0.1 * skin.length)]!;
  return { darker, contrast: Math.max(Math.abs(halves), spread) };
}

/** Per point, how much is taken from the other half of the source, 0–1. `away`: what the camera sees from the side only. */
export function mirroredFor(away: Float32Array, source: Shade, target: Shade): Float32Array {
  const shares = away.map((value, i) => {
    const [own, other] = [source.darker[i]!, target.darker[i]!];
    const shade = other > own ? 0 : smooth((own - SHADE[0]) / (SHADE[1] - SHADE[0])) * unlike(own, other);
    return Math.max(value, shade);
  });
  return decided(shares);
}

/** Two halves half each show everything twice: all but a narrow seam is from one of them, and each eye with its brow is from one alone. */
function decided(shares: Float32Array): Float32Array {
  const sharp = smoothedOverMesh(shares, 2).map((share) => smooth((share - 0.3) / 0.35));
  for (const eye of EYES) {
    const mean = eye.reduce((sum, point) => sum + sharp[point]! / eye.length, 0);
    for (const point of eye) sharp[point] = mean > 0.5 ? 1 : 0;
  }
  return smoothedOverMesh(sharp, 1);
}
