import { drawLabel, stampFrame } from "../media/label.ts";

/** What was given, with the label that the result has: then the label is no difference between the two. Leaves the given frame as it is. */
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
