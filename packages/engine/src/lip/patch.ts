/** A mouth that was cut out of a frame of the video, to be lent to others. */
import type { Frame, Look } from "./look.ts";
import { inFrame, type Place, type Point } from "./place.ts";

export type Patch = {
  /** Where the face lay in the frame it was cut from. */
  place: Place;
  look: Look;
  /** Left upper pixel in that frame, even; sizes of the brightness, even; those of the colours are half. */
  left: number;
  top: number;
  width: number;
  height: number;
  y: Uint8Array;
  u: Uint8Array;
  v: Uint8Array;
};

/** Number of the frame of the video whose mouth is lent, whether it is drawn on it (drawn.ts), and how it is changed (`Lent`). */
export type Borrowed = { source: number; drawn: boolean; share: number; more: number; wider: number };

export type Lent = {
  patch: Patch;
  /** Of several that are shown in one another, 1 in all. */
  share: number;
  /** How much further the lips are parted than in the patch, and how much wider the mouth is, E. */
  more: number;
  wider: number;
};

/** A face in a frame; `mouth`: the middle of the person's mouth on it. */
export type FaceThere = { place: Place; look: Look; mouth: Point };

/** What is cut out around the mouth, E: what is lent and a margin. */
export const REACH = { side: 0.66, up: 0.36, down: 0.86 };

export function cutPatch({ yuv, width, height }: Frame, { place, look, mouth }: FaceThere): Patch {
  const corners = [-REACH.side, REACH.side].flatMap((x) =>
    [-REACH.up, REACH.down].map((y) => inFrame(place, { x: mouth.x + x, y: mouth.y + y })),
  );
  const left = even(Math.max(0, Math.min(...corners.map(({ x }) => x)) - 3));
  const top = even(Math.max(0, Math.min(...corners.map(({ y }) => y)) - 3));
  const right = Math.min(width, even(Math.max(...corners.map(({ x }) => x)) + 5));
  const bottom = Math.min(height, even(Math.max(...corners.map(({ y }) => y)) + 5));
  const size = { width: Math.max(2, right - left), height: Math.max(2, bottom - top) };
  const cut = (from: number, stride: number, by: number): Uint8Array => {
    const [columns, rows] = [size.width / by, size.height / by];
    const out = new Uint8Array(columns * rows);
    for (let row = 0; row < rows; row++) {
      const at = from + (top / by + row) * stride + left / by;
      out.set(yuv.subarray(at, at + columns), row * columns);
    }
    return out;
  };
  const luma = width * height;
  return {
    ...{ place, look, left, top, ...size, y: cut(0, width, 1) },
    ...{ u: cut(luma, width / 2, 2), v: cut(luma + luma / 4, width / 2, 2) },
  };
}

function even(value: number): number {
  return Math.floor(value / 2) * 2;
}
