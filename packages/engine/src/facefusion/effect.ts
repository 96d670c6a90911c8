/** Whether a frame has come back different, because FaceFusion does not say which faces it has worked on. Pure. */

/** A plane of brightness, 0–255, at the start of `y`. */
type Luma = { width: number; height: number; y: Uint8Array };

/** Pixels of a block on each side. */
const BLOCK = 8;

/** `levels`: the difference of a block's mean that does not count as an effect yet. */
export function hasChanged(before: Luma, after: Luma, levels: number): boolean {
  const { width, height } = before;
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const [right, bottom] = [Math.min(width, left + BLOCK), Math.min(height, top + BLOCK)];
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let at = y * width + left, end = y * width + right; at < end; at++) sum += before.y[at]! - after.y[at]!;
      }
      if (Math.abs(sum) > levels * (right - left) * (bottom - top)) return true;
    }
  }
  return false;
}
