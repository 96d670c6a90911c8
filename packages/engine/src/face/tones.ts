/** How bright a part of a picture or a frame is. */
import { type Seen, squareOf } from "./sample.ts";
import type { FaceCrop } from "./types.ts";

const SIDE = 24;

/** The tenth, the middle and the ninth tenth of the brightness, 0–1. */
export type Tones = { dark: number; middle: number; light: number };

export function tonesIn(seen: Seen, square: FaceCrop): Tones {
  const rgb = squareOf(seen, square, SIDE);
  const luma = new Float32Array(rgb.length / 3).map(
    (_, i) => 0.3 * rgb[i * 3]! + 0.59 * rgb[i * 3 + 1]! + 0.11 * rgb[i * 3 + 2]!,
  );
  luma.sort();
  const at = (share: number): number => luma[Math.floor(share * luma.length)]!;
  return { dark: at(0.1), middle: at(0.5), light: at(0.9) };
}
