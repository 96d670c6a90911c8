import { drawLabel, stampFrame } from "../media/label.ts";

/** A copy of the given frame with the label of the result drawn into it, so that the label does not count as a difference. */
export function labeled(
  isLabeled: boolean | undefined,
  size: { width: number; height: number },
): (yuv: Uint8Array) => Uint8Array {
  if (!isLabeled) return (yuv) => yuv;
  const label = drawLabel(size);
  return (yuv) => {
    const copy = yuv.slice();
    stampFrame(label, copy, size);
    return copy;
  };
}
