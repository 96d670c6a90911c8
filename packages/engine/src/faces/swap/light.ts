/**
 * The light of the target on the skin of the source: a smooth gain per channel, from blurred logarithms of both where both show skin,
 * and what is left of the source's own shadows made weaker.
 */
import { smooth } from "../../warp/head/falloff.ts";
import { blur, CELLS, fieldOf, type Light } from "./grid.ts";

/** Cells: how fine the light is inside the face, and along the rim, where both have to meet. */
const INSIDE = 9;
const RIM = 4.5;
/** Natural logarithm: how far the gain may differ from its mean over the face. */
const LEAST = -0.75;
const MOST = 0.5;
/** Natural logarithm: contrasts of the source's skin beyond it are shadows that the target has not. */
const SHADOW = 0.16;
/** How much of that, and of differences of colour alone, is taken back. */
const HELD = { bright: 0.75, colour: 0.6 };

export type GainInput = {
  source: Light;
  target: Light;
  /** Per cell, how surely both show skin that has no colour but by the light. */
  both: Float32Array;
  /** Per cell, 1 on brows, eyes, nostrils and lips. */
  feature: Float32Array;
  /** Per cell, how much of the source is painted. */
  alpha: Float32Array;
};

/** Natural logarithms of what red, green and blue of the source are to be multiplied by, per cell. */
export function gainOf(input: GainInput): Light {
  const { source, target, both, alpha } = input;
  const [sum, weight, rim] = [fieldOf(), fieldOf(), fieldOf()];
  let total = 0;
  for (let i = 0; i < CELLS; i++) {
    weight[i] = both[i]!;
    total += both[i]!;
    // where the mask begins, and a little inwards
    rim[i] = both[i]! * Math.min(1, 4 * alpha[i]! * (1.05 - alpha[i]!));
  }
  const wide = fieldOf(weight);
  const narrow = fieldOf(rim);
  blur(wide, INSIDE);
  blur(narrow, RIM);
  const gains = [0, 1, 2].map((c): Float32Array => {
    const [s, t] = [source[c]!, target[c]!];
    let mean = 0;
    for (let i = 0; i < CELLS; i++) mean += both[i]! * (t[i]! - s[i]!);
    mean /= total || 1;
    for (let i = 0; i < CELLS; i++) sum[i] = both[i]! * (t[i]! - s[i]! - mean);
    blur(sum, INSIDE);
    const gain = fieldOf();
    for (let i = 0; i < CELLS; i++) {
      const off = sum[i]! / (wide[i]! + 0.02);
      gain[i] = mean + Math.min(MOST, Math.max(LEAST, off));
    }
    for (let i = 0; i < CELLS; i++) sum[i] = rim[i]! * (t[i]! - s[i]! - gain[i]!);
    blur(sum, RIM);
    for (let i = 0; i < CELLS; i++) {
      const off = sum[i]! / (narrow[i]! + 0.02);
      gain[i]! += Math.min(0.4, Math.max(-0.4, off)) * smooth(narrow[i]! / 0.25);
    }
    return gain;
  }) as Light;
  softenShadows(gains, input, wide);
  return gains;
}

/**
 * Hard shadows and burnt spots of the source's skin: where the target has not the same there, its contrasts are held to what folds
 * and cheeks have, and its colours nearer together, because shade is redder than light.
 */
function softenShadows(gains: Light, { source, target, both, feature }: GainInput, wide: Float32Array): void {
  const [own, other] = [source, target].map((light) => light.map((field) => detailOf(field, both, wide))) as [
    Float32Array[],
    Float32Array[],
  ];
  for (let i = 0; i < CELLS; i++) {
    if (wide[i]! < 0.05) continue;
    const [s, t] = [brightOf(own, i), brightOf(other, i)];
    const beyond = Math.max(0, Math.abs(s) - SHADOW) * Math.sign(s) * unlike(s, t);
    const share = (1 - feature[i]!) * smooth(wide[i]! / 0.3);
    for (let c = 0; c < 3; c++) {
      const [tint, there] = [own[c]![i]! - s, other[c]![i]! - t];
      gains[c]![i]! -= share * (HELD.bright * beyond + HELD.colour * tint * unlike(tint, there));
    }
  }
}

/** 0 where source and target are alike, which leaves nothing to be mended. */
export const unlike = (source: number, target: number): number => smooth((Math.abs(source - target) - 0.05) / 0.15);

/** What of a field is finer than the light. */
function detailOf(field: Float32Array, both: Float32Array, wide: Float32Array): Float32Array {
  const base = fieldOf();
  for (let i = 0; i < CELLS; i++) base[i] = field[i]! * both[i]!;
  blur(base, INSIDE);
  for (let i = 0; i < CELLS; i++) base[i] = field[i]! - base[i]! / (wide[i]! + 1e-6);
  return base;
}

function brightOf([red, green, blue]: Float32Array[], i: number): number {
  return 0.3 * red![i]! + 0.59 * green![i]! + 0.11 * blue![i]!;
}
