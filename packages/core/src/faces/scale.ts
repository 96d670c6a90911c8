/** The size of a result that is to be a share of what was given. */
import { AppError } from "../errors.ts";

type Size = { width: number; height: number };

export const SCALE = { least: 10, most: 400 } as const;
/** Of what is enlarged. */
const MOST_SIDE = 4096;
const MOST_PIXELS = 16_777_216;
const LEAST_SIDE = 16;

/** `scale`: percent. Sides are at least 16 pixels, unless they had fewer; `even`: as videos have them. */
export function scaledSize({ width, height }: Size, scale: number, { even = false } = {}): Size {
  if (scale === 100) return { width, height };
  const side = (full: number): number => {
    const wanted = Math.max(Math.min(full, LEAST_SIDE), (full * scale) / 100);
    return even ? Math.max(2, 2 * Math.round(wanted / 2)) : Math.round(wanted);
  };
  return { width: side(width), height: side(height) };
}

/** Throws `input_too_large`, with the largest scale that is possible. What is not enlarged is as large as inputs may be. */
export function requireScale(size: Size, scale: number): void {
  const sentence = scaleFault(size, scale);
  if (sentence !== null) throw new AppError("input_too_large", sentence);
}

/** What is wrong with a scale, null where nothing is. */
export function scaleFault(size: Size, scale: number): string | null {
  if (scale <= 100) return null;
  const { width, height } = scaledSize(size, scale);
  if (Math.max(width, height) <= MOST_SIDE && width * height <= MOST_PIXELS) return null;
  const bySide = MOST_SIDE / Math.max(size.width, size.height);
  const byPixels = Math.sqrt(MOST_PIXELS / (size.width * size.height));
  const most = Math.max(100, Math.floor(100 * Math.min(bySide, byPixels)));
  return (
    `At ${scale} % the result would have ${width} × ${height} pixels; at most ${MOST_SIDE} a side and ` +
    `${(MOST_PIXELS / 1e6).toFixed(1)} million are made. For this size \`scale\` is at most ${most}.`
  );
}

/** The nearest percentage that leads from one size to another. */
export function scalePercent(from: Size, to: Size): number {
  return Math.round((100 * Math.max(to.width, to.height)) / Math.max(from.width, from.height));
}
