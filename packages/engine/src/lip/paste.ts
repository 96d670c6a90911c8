/** Puts a borrowed mouth into a frame: turned and sized as the face lies there, opened as asked, in the light of the frame, without a seam. */
import { lightOf } from "./light.ts";
import type { Frame } from "./look.ts";
import type { Lent } from "./patch.ts";
import { halved, type Region, regionOf, type Target } from "./region.ts";
import { sampleInto } from "./sample.ts";

/** Mean difference of the lent mouth and the frame around it where they meet, levels. */
export type Seam = { difference: number };

/** Changes the frame's pixels inside the mask and no other. */
export function pasteMouth(frame: Frame, target: Target, lent: readonly Lent[]): Seam {
  const lowest = Math.max(target.chin, ...lent.map(({ patch, more }) => patch.look.chin - target.mouth.y + more));
  const region = regionOf(frame, target, lowest);
  if (region.width < 4 || region.height < 4) return { difference: 0 };
  const half = halved(region);
  const planes = ["y", "u", "v"] as const;
  let seam = 0;
  for (const plane of planes) {
    const by = plane === "y" ? 1 : 2;
    const part = by === 1 ? region : half;
    const values = new Float32Array(part.width * part.height);
    for (const each of lent) sampleInto(values, part, { ...each, plane, by, target });
    const from = planeOf(frame, plane);
    const light = lightOf(frame.yuv, { from, stride: frame.width / by }, part, values);
    if (plane === "y") seam = light.rest;
    blend(frame, { from, stride: frame.width / by }, part, values, { light: light.at, strength: target.strength });
  }
  return { difference: seam };
}

function planeOf({ width, height }: Frame, plane: "y" | "u" | "v"): number {
  const luma = width * height;
  return { y: 0, u: luma, v: luma + luma / 4 }[plane];
}

type Blending = { light: (u: number, v: number) => number; strength: number };

function blend(
  { yuv }: Frame,
  { from, stride }: { from: number; stride: number },
  region: Region,
  values: Float32Array,
  { light, strength }: Blending,
): void {
  for (let row = 0, at = 0; row < region.height; row++) {
    let to = from + (region.top + row) * stride + region.left;
    for (let column = 0; column < region.width; column++, at++, to++) {
      const mask = region.mask[at]! * strength;
      if (mask <= 0) continue;
      const value = values[at]! + light(region.u[at]!, region.v[at]!);
      yuv[to] = Math.min(255, Math.max(0, Math.round(yuv[to]! + mask * (value - yuv[to]!))));
    }
  }
}
