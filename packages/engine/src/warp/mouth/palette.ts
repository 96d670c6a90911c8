/** The tones of what is in a mouth, taken from the face so that they lie in the same light. */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../../media/planes.ts";
import { fromSlit, slitFrame, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH } from "../head/head.ts";
import { grainOf, meanTone, type Tone, toneAt } from "../head/tone.ts";
import type { OwnMouth } from "./own-mouth.ts";
import { tableOf } from "./parting.ts";

export type Palette = {
  lips: Tone;
  teeth: Tone;
  gums: Tone;
  /** The shadow in the mouth, the tongue that lies in it, and its tip where it comes to the light. */
  cavity: Tone;
  tongue: Tone;
  tip: Tone;
  /** How light the face is across the mouth, a table (parting.ts): 1 is as the brighter skin around it. */
  light: Float32Array;
  grain(x: number, y: number): number;
};

export function readPalette(head: Head, face: Face, still: Planes, own: OwnMouth): Palette {
  const { lips } = own;
  const { skin, lightAt } = skinTones(head, still);
  const scaled = (light: number, colour: number): Tone => ({
    luma: 16 + light * (lips.luma - 16),
    cb: 128 + colour * (lips.cb - 128),
    cr: 128 + colour * (lips.cr - 128),
  });
  const teeth = teethTone(skin, scleraTone(face, still));
  mixInto(teeth, ownTeethTone(still, own), own.teeth);
  return {
    ...{ lips, teeth, gums: scaled(0.62, 0.8) },
    ...{ cavity: scaled(0.14, 0.55), tongue: scaled(0.6, 0.9), tip: scaled(0.84, 0.92) },
    light: tableOf(lightAt),
    grain: grainOf(still, own.frame),
  };
}

export function mixInto(tone: Tone, other: Tone, share: number): void {
  tone.luma += (other.luma - tone.luma) * share;
  tone.cb += (other.cb - tone.cb) * share;
  tone.cr += (other.cr - tone.cr) * share;
}

/** Teeth over what is behind them. What lies in the shadow of the mouth has its colour. */
export function mixTeeth(tone: Tone, { teeth, lips }: Palette, shade: number, share: number): void {
  const rosy = 0.35 * (1 - shade);
  tone.luma += (16 + (teeth.luma - 16) * shade - tone.luma) * share;
  tone.cb += (teeth.cb + (lips.cb - teeth.cb) * rosy - tone.cb) * share;
  tone.cr += (teeth.cr + (lips.cr - teeth.cr) * rosy - tone.cr) * share;
}

/**
 * As light as the whites of the eyes, or they glow or look grey, and a little warmer; with some of the skin's hue, which carries the
 * colour of the light, and as much of its red as of its yellow, or they look green beside it. A picture without colour keeps none.
 */
function teethTone(skin: Tone, sclera: Tone | undefined): Tone {
  const bySkin = 16 + 1.08 * (skin.luma - 16);
  const byEyes = sclera ? 16 + 0.97 * (sclera.luma - 16) : bySkin;
  // Eyes may lie in the shade of brows or glasses.
  const luma = Math.min(225, Math.max(bySkin, Math.min(byEyes, 1.25 * bySkin)));
  const colour = smooth(Math.hypot(skin.cb - 128, skin.cr - 128) / 12);
  return {
    luma,
    cb: 128 + 0.62 * (skin.cb - 128) - 4 * colour,
    cr: 128 + 0.64 * (skin.cr - 128) + 2 * colour,
  };
}

/** The lighter part of what lies between the lids beside the irises; nothing where the eyes are too narrow to say. */
function scleraTone(face: Face, still: Planes): Tone | undefined {
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

/** What of the teeth the photo shows itself. */
function ownTeethTone(still: Planes, { frame, upper, lower }: OwnMouth): Tone {
  const tones: Tone[] = [];
  for (let t = -0.5; t <= 0.5; t += 0.05) {
    for (const share of [0.35, 0.5, 0.65, 0.8]) {
      const { x, y } = fromSlit(frame, t, upper(t) + share * (lower(t) - upper(t)));
      tones.push(toneAt(still, x, y));
    }
  }
  return meanTone(tones, 0.5, 0.9);
}

/**
 * The brighter skin around the mouth, and how light it is there across the mouth: 1 is as `skin`, so that teeth lie in the
 * shadow where the face does.
 */
function skinTones(head: Head, still: Planes): { skin: Tone; lightAt: (t: number) => number } {
  const frame = slitFrame(head.point(MESH.mouthCorner.right), head.point(MESH.mouthCorner.left));
  const noseBase = toSlit(frame, head.point(MESH.noseBase)).v;
  const chin = toSlit(frame, head.point(MESH.chin)).v;
  const columns = Array.from({ length: 9 }, (_, i) =>
    [1.6 * noseBase, 0.7 * noseBase, 0.6 * chin, 0.8 * chin].map((v) => {
      const { x, y } = fromSlit(frame, (i / 4 - 1) * 1.2, v);
      return toneAt(still, x, y);
    }),
  );
  const skin = meanTone(columns.flat(), 0.45, 0.95);
  const side = (chosen: Tone[][]): number => {
    const { luma } = meanTone(chosen.flat(), 0.25, 0.95);
    return Math.min(1.05, Math.max(0.55, (luma - 16) / Math.max(1, skin.luma - 16)));
  };
  const [right, left] = [side(columns.slice(0, 4)), side(columns.slice(5))];
  return { skin, lightAt: (t) => right + (left - right) * smooth((t + 1) / 2) };
}
