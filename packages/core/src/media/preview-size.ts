/** The size of a preview. */

/** Its shorter side, pixels: what is sold is the resolution. */
export const PREVIEW_SIDE = 360;

/** Of the preview of a video of this size: even, in its shape, and never larger. */
export function previewSize({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const scale = Math.min(1, PREVIEW_SIDE / Math.min(width, height));
  const even = (side: number) => Math.max(2, Math.round((side * scale) / 2) * 2);
  return { width: even(width), height: even(height) };
}
