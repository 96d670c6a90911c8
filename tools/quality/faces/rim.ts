/** Whether the rim of a swapped face is seen: how much skin differs across it, beside the target's own skin there. */
import type { Face } from "@smileloop/engine/face/face.ts";
import type { RgbFrame } from "@smileloop/engine/faces/processor.ts";
import { createHead } from "@smileloop/engine/warp/head/head.ts";
import { labOf } from "./lab.ts";
import { mean } from "./stills.ts";

const DIRECTIONS = 48;
/** Where the mask ends, in face ovals. */
const RIM = 0.95;
/** To both sides of the rim, and the reach of a patch there, E. */
const BESIDE = 0.04;
const PATCH = 0.02;
/** Distance of the farthest rim from the middle of the face, E. */
const FARTHEST = 3;

/** Mean over the rim of the difference (CIELAB) across it, less that of the target: 0 is as smooth as it was. */
export function rimOf(before: RgbFrame, after: RgbFrame, face: Face): number {
  const { reach } = createHead(face);
  const { x, y, width, height } = face.box;
  const [middleX, middleY, e] = [x + width / 2, y + height / 2, face.eyeDistance];
  const rises: number[] = [];
  for (let nth = 0; nth < DIRECTIONS; nth++) {
    const angle = (2 * Math.PI * nth) / DIRECTIONS;
    const at = (far: number) => ({ x: middleX + far * Math.cos(angle), y: middleY + far * Math.sin(angle) });
    const far = rimAt((r) => reach(at(r).x, at(r).y), FARTHEST * e);
    const [inside, outside] = [at(far - BESIDE * e), at(far + BESIDE * e)];
    const across = (frame: RgbFrame): number | null => {
      const [a, b] = [patchOf(frame, inside, PATCH * e), patchOf(frame, outside, PATCH * e)];
      return a && b && Math.hypot(...a.map((value, k) => value - b[k]!));
    };
    const [was, is] = [across(before), across(after)];
    if (was !== null && is !== null) rises.push(is - was);
  }
  return mean(rises);
}

/** Where `reach` becomes `RIM`. */
function rimAt(reach: (far: number) => number, farthest: number): number {
  let [low, high] = [0, farthest];
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    if (reach(middle) < RIM) low = middle;
    else high = middle;
  }
  return low;
}

/** Mean colour; null beyond the picture. */
function patchOf({ width, height, data }: RgbFrame, { x, y }: { x: number; y: number }, reach: number) {
  const r = Math.max(1, Math.round(reach));
  const [left, top] = [Math.round(x) - r, Math.round(y) - r];
  if (left < 0 || top < 0 || left + 2 * r >= width || top + 2 * r >= height) return null;
  const sums: [number, number, number] = [0, 0, 0];
  for (let row = top; row <= top + 2 * r; row++) {
    for (let column = left; column <= left + 2 * r; column++) {
      for (const c of [0, 1, 2] as const) sums[c] += data[(row * width + column) * 3 + c]!;
    }
  }
  return labOf(sums.map((sum) => sum / (2 * r + 1) ** 2) as [number, number, number]);
}
