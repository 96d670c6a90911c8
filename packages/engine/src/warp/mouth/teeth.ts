/**
 * Rows of teeth: sizes in E. A central incisor is 8.5 mm wide (Magne, Gallucci & Belser 2003, J. Prosthet. Dent. 89(5)), a lower one
 * 5.4 mm, outer eye corners are some 90 mm apart.
 */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../canvas/planes.ts";
import { smooth } from "../head/falloff.ts";
import { meanTone, type Tone, toneAt } from "../head/tone.ts";

type Row = {
  /** Edges between teeth from the middle outwards: they turn away, so they narrow. */
  edges: number[];
  /** How far each reaches as a share of the first, and how light it is. Two halves that differ a little look grown. */
  lengths: Record<"right" | "left", number[]>;
  light: Record<"right" | "left", number[]>;
};

export const UPPER_ROW: Row = {
  edges: [0, 0.092, 0.162, 0.226, 0.274, 0.31],
  lengths: { right: [1, 0.9, 0.97, 0.84, 0.76], left: [0.985, 0.915, 0.98, 0.85, 0.76] },
  light: { right: [1, 0.975, 0.93, 0.9, 0.85], left: [0.985, 0.985, 0.92, 0.9, 0.85] },
};

export const LOWER_ROW: Row = {
  edges: [0, 0.058, 0.12, 0.182, 0.235, 0.28],
  lengths: { right: [1, 0.96, 1.05, 0.9, 0.8], left: [0.97, 1, 1.03, 0.88, 0.8] },
  light: { right: [1, 0.97, 0.95, 0.9, 0.85], left: [0.98, 0.99, 0.94, 0.9, 0.85] },
};

/** `round`: 0 in a tooth's middle, 1 at its edges; `seam`: 1 between two teeth. */
export type Tooth = { length: number; light: number; round: number; seam: number };

/** Which tooth of a row is at `x` E from the middle; below 0 is the person's right. */
export function toothAt({ edges, lengths, light }: Row, x: number, into: Tooth): void {
  const side = x < 0 ? "right" : "left";
  const out = Math.abs(x);
  let nth = 0;
  while (nth < edges.length - 2 && out > edges[nth + 1]!) nth++;
  const [from, to] = [edges[nth]!, edges[nth + 1]!];
  into.round = Math.min(1, Math.abs((2 * (out - from)) / (to - from) - 1));
  const near = Math.min(out - from, Math.max(0, to - out));
  into.length = lengths[side][nth]!;
  into.light = light[side][nth]!;
  into.seam = near > 0.02 ? 0 : Math.exp(-((near / 0.007) ** 2));
}

/**
 * As light as the whites of the eyes, or they glow or look grey, and a little warmer; with some of the skin's hue, which carries the
 * colour of the light. A picture without colour keeps none.
 */
export function teethTone(skin: Tone, sclera: Tone | undefined): Tone {
  const bySkin = 16 + 1.02 * (skin.luma - 16);
  const byEyes = sclera ? 16 + 0.97 * (sclera.luma - 16) : bySkin;
  // Eyes may lie in the shade of brows or glasses.
  const luma = Math.min(225, Math.max(bySkin, Math.min(byEyes, 1.25 * bySkin)));
  const colour = smooth(Math.hypot(skin.cb - 128, skin.cr - 128) / 12);
  return {
    luma,
    cb: 128 + 0.66 * (skin.cb - 128) - 4 * colour,
    cr: 128 + 0.5 * (skin.cr - 128) + 2 * colour,
  };
}

/** The lighter part of what lies between the lids beside the irises; nothing where the eyes are too narrow to say. */
export function scleraTone(face: Face, still: Planes): Tone | undefined {
  const tones: Tone[] = [];
  for (const side of ["right", "left"] as const) {
    const { upper, lower } = face.lids[side];
    const count = upper.length / 2;
    for (let i = 1; i < count - 1; i++) {
      const [x, top] = [upper[2 * i]!, upper[2 * i + 1]!];
      // the two contours run the same way
      const bottom = lower[2 * i + 1]!;
      const fromIris = Math.hypot(x - face.iris[side][0]!, (top + bottom) / 2 - face.iris[side][1]!);
      if (bottom - top < 0.035 * face.eyeDistance || fromIris < 0.075 * face.eyeDistance) continue;
      for (const share of [0.4, 0.5, 0.6]) tones.push(toneAt(still, x, top + share * (bottom - top)));
    }
  }
  return tones.length < 6 ? undefined : meanTone(tones, 0.6, 0.95);
}
