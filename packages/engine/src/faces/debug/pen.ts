/** Draws lines, dots and figures into a frame, and knows where it has drawn. */
import type { Box } from "../../media/yuv.ts";
import type { RgbFrame } from "../processor.ts";

export type Colour = readonly [red: number, green: number, blue: number];
type Point = { x: number; y: number };

/** 3 × 5 pixels by sign, a row each, of its three bits the highest is left. */
const SIGNS: Readonly<Record<string, readonly number[]>> = {
  ...{ 0: [7, 5, 5, 5, 7], 1: [2, 6, 2, 2, 7], 2: [7, 1, 7, 4, 7], 3: [7, 1, 7, 1, 7], 4: [5, 5, 7, 1, 1] },
  ...{ 5: [7, 4, 7, 1, 7], 6: [7, 4, 7, 5, 7], 7: [7, 1, 1, 2, 2], 8: [7, 5, 7, 5, 7], 9: [7, 5, 7, 1, 7] },
  ...{ ".": [0, 0, 0, 0, 2], "-": [0, 0, 7, 0, 0], "+": [0, 2, 7, 2, 0], "#": [5, 7, 5, 7, 5], " ": [0, 0, 0, 0, 0] },
  ...{ P: [7, 5, 7, 4, 4], Y: [5, 5, 2, 2, 2], R: [6, 5, 6, 5, 5], S: [7, 4, 7, 1, 7] },
};
const SIGN = { width: 4, height: 5 };

export type Pen = {
  /** A filled disc. */
  dot(at: Point, radius: number, colour: Colour): void;
  line(from: Point, to: Point, thickness: number, colour: Colour): void;
  /** Through all points; `closed`: and back to the first. */
  path(points: readonly Point[], thickness: number, colour: Colour, closed?: boolean): void;
  /** `size`: pixels of the frame for one of a sign. On a dark ground. */
  text(text: string, at: Point, size: number, colour: Colour): void;
  /** Around all that was drawn; null where nothing was. */
  drawn(): Box | null;
};

/** Changes the frame's pixels; what lies outside of it is left out. */
export function penOn({ width, height, data }: RgbFrame): Pen {
  let [left, top, right, bottom] = [width, height, 0, 0];
  const block = (x: number, y: number, across: number, down: number, colour: Colour): void => {
    const [fromX, fromY] = [Math.max(0, Math.round(x)), Math.max(0, Math.round(y))];
    const [toX, toY] = [Math.min(width, Math.round(x + across)), Math.min(height, Math.round(y + down))];
    if (fromX >= toX || fromY >= toY) return;
    for (let row = fromY; row < toY; row++) {
      for (let at = (row * width + fromX) * 3, end = (row * width + toX) * 3; at < end; at += 3) data.set(colour, at);
    }
    [left, top] = [Math.min(left, fromX), Math.min(top, fromY)];
    [right, bottom] = [Math.max(right, toX), Math.max(bottom, toY)];
  };
  const dot = ({ x, y }: Point, radius: number, colour: Colour): void => {
    for (let dy = -radius; dy <= radius; dy++) {
      const half = Math.sqrt(radius * radius - dy * dy);
      block(x - half, y + dy, Math.max(1, 2 * half), 1, colour);
    }
  };
  const line = (from: Point, to: Point, thickness: number, colour: Colour): void => {
    // no further than lines can be seen, whatever a mesh says
    const steps = Math.min(4 * (width + height), Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
    for (let step = 0; step <= steps; step++) {
      const share = steps === 0 ? 0 : step / steps;
      const [x, y] = [from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share];
      block(x - thickness / 2, y - thickness / 2, thickness, thickness, colour);
    }
  };
  return {
    dot,
    line,
    path(points, thickness, colour, closed = false) {
      for (const [nth, to] of points.entries()) {
        const from = points[nth - 1] ?? (closed ? points.at(-1) : undefined);
        if (from) line(from, to, thickness, colour);
      }
    },
    text(text, { x, y }, size, colour) {
      const across = text.length * SIGN.width * size;
      const at = { x: Math.max(size, Math.min(x, width - across)), y: Math.max(size, y) };
      block(at.x - size, at.y - size, across + size, (SIGN.height + 2) * size, [0, 0, 0]);
      for (const [nth, sign] of [...text].entries()) {
        for (const [row, bits] of (SIGNS[sign] ?? SIGNS[" "]!).entries()) {
          for (let column = 0; column < 3; column++) {
            if ((bits >> (2 - column)) & 1) {
              block(at.x + (nth * SIGN.width + column) * size, at.y + row * size, size, size, colour);
            }
          }
        }
      }
    },
    drawn: () => (right > left ? { x: left, y: top, width: right - left, height: bottom - top } : null),
  };
}
