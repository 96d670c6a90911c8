import { expect, test } from "vitest";
import { markOrder } from "../../../../test/support/provenance.ts";
import { openMarking } from "../media/marking.ts";
import { requireMark } from "./mark.ts";

const SIZE = { width: 512, height: 512 };
const PIXELS = SIZE.width * SIZE.height;
const order = markOrder(1);

/** A frame of this luma, two of them as the checker has them. */
function framesOf(luma: (x: number, y: number) => number, isMarked: boolean): Map<number, Uint8Array> {
  const frame = new Uint8Array((PIXELS * 3) / 2).fill(128);
  for (let i = 0; i < PIXELS; i++) frame[i] = luma(i % SIZE.width, Math.floor(i / SIZE.width));
  const mark = openMarking(isMarked ? order : null, SIZE);
  return new Map([0, 1].map((nth) => [nth, Uint8Array.from(mark(frame))]));
}

const PATTERNS: Record<string, (x: number, y: number) => number> = {
  grey: () => 120,
  stripes: (x) => (x % 16 < 8 ? 80 : 160),
  checks: (x, y) => (((x >> 3) + (y >> 3)) % 2 === 0 ? 70 : 170),
  bricks: (x, y) => (y % 16 < 3 || (x + (Math.floor(y / 16) % 2) * 20) % 40 < 3 ? 190 : 110),
  dots: (x, y) => (((x % 8) - 4) ** 2 + ((y % 8) - 4) ** 2 < 6 ? 180 : 100),
};

test.each(Object.entries(PATTERNS))("%s: a clip with its mark is never refused", (_, luma) => {
  expect(() => requireMark(order, framesOf(luma, true), SIZE)).not.toThrow();
});

test("a plain clip without its mark is refused", () => {
  expect(() => requireMark(order, framesOf(PATTERNS.grey!, false), SIZE)).toThrow(/mark that was ordered/);
});
