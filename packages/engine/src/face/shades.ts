/** Whether the eyes are hidden by dark glasses or a deep shadow. */
import type { Picture } from "../media/picture.ts";
import { type Tones, tonesIn } from "./tones.ts";
import type { Face } from "./types.ts";

/** What the squares that are looked at take in of eyes and cheeks, in E. */
const EYE = 0.26;
const CHEEK = 0.12;
/**
 * By the brightness of the cheeks: what is brightest around the eyes, and how much that varies. Seen on 300 faces: 0.59 or more
 * and 0.24 or more, and not both so low; behind dark glasses 0.45 and 0.22 or less.
 */
const MOST_BRIGHT = 0.55;
const MOST_CONTRAST = 0.28;

export function eyesHidden(picture: Picture, { points, crop, eyeDistance }: Face): boolean {
  const toneBetween = (a: number, b: number, size: number): Tones => {
    const x = (points[a * 3]! + points[b * 3]!) / 2;
    const y = (points[a * 3 + 1]! + points[b * 3 + 1]!) / 2;
    return tonesIn(picture, { x, y, size: size * eyeDistance, angle: crop.angle });
  };
  const eyes = [toneBetween(33, 133, EYE), toneBetween(263, 362, EYE)];
  const cheeks = [toneBetween(205, 205, CHEEK), toneBetween(425, 425, CHEEK)];
  const skin = Math.max(0.02, (cheeks[0]!.middle + cheeks[1]!.middle) / 2);
  const bright = Math.max(...eyes.map(({ light }) => light)) / skin;
  const contrast = Math.max(...eyes.map(({ light, dark }) => light - dark)) / skin;
  return bright < MOST_BRIGHT && contrast < MOST_CONTRAST;
}
