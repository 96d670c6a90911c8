/** Whether the eyes are hidden by dark glasses or a deep shadow. */
import type { Picture } from "../media/picture.ts";
import { cropTensor, UNIT } from "./sample.ts";
import type { Face } from "./types.ts";

/** Side in pixels of the squares that are looked at, and what they take in of eyes and cheeks, in E. */
const SIDE = 24;
const EYE = 0.26;
const CHEEK = 0.12;
/**
 * By the brightness of the cheeks: what is brightest around the eyes, and how much that varies. Seen on 300 faces: 0.59 or more
 * and 0.24 or more, and not both so low; behind dark glasses 0.45 and 0.22 or less.
 */
const MOST_BRIGHT = 0.55;
const MOST_CONTRAST = 0.28;

export function eyesHidden(picture: Picture, { points, crop, eyeDistance }: Face): boolean {
  const toneBetween = (a: number, b: number, size: number): Tone => {
    const x = (points[a * 3]! + points[b * 3]!) / 2;
    const y = (points[a * 3 + 1]! + points[b * 3 + 1]!) / 2;
    return toneOf(cropTensor(picture, { x, y, size: size * eyeDistance, angle: crop.angle }, SIDE, UNIT));
  };
  const eyes = [toneBetween(33, 133, EYE), toneBetween(263, 362, EYE)];
  const cheeks = [toneBetween(205, 205, CHEEK), toneBetween(425, 425, CHEEK)];
  const skin = Math.max(0.02, (cheeks[0]!.middle + cheeks[1]!.middle) / 2);
  const bright = Math.max(...eyes.map(({ light }) => light)) / skin;
  const contrast = Math.max(...eyes.map(({ light, dark }) => light - dark)) / skin;
  return bright < MOST_BRIGHT && contrast < MOST_CONTRAST;
}

/** The tenth, the middle and the ninth tenth of the brightness, 0–1. */
type Tone = { dark: number; middle: number; light: number };

function toneOf(rgb: Float32Array): Tone {
  const luma = new Float32Array(rgb.length / 3).map(
    (_, i) => 0.3 * rgb[i * 3]! + 0.59 * rgb[i * 3 + 1]! + 0.11 * rgb[i * 3 + 2]!,
  );
  luma.sort();
  const at = (share: number): number => luma[Math.floor(share * luma.length)]!;
  return { dark: at(0.1), middle: at(0.5), light: at(0.9) };
}
