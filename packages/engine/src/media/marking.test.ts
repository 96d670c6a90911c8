import { createHash } from "node:crypto";
import { type MarkOrder, TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { describe, expect, test } from "vitest";
import { drawLabel } from "./label.ts";
import { markPicture, openMarking } from "./marking.ts";

const SIZE = { width: 192, height: 128 };
const LUMA = SIZE.width * SIZE.height;
const random = randomFrom(3);
const tile = Buffer.from(Int8Array.from({ length: TILE_SIDE * TILE_SIDE }, () => 64 * (random() - 0.5)).buffer);
const order = (label = false): MarkOrder => ({ tile: tile.toString("base64"), label });

/** Grey of this level. */
function plain(level: number): Uint8Array {
  return new Uint8Array((LUMA * 3) / 2).fill(128).fill(level, 0, LUMA);
}

/** Root mean square of what was added to a part of the luma. */
function added(was: Uint8Array, is: Uint8Array, { left = 0, right = SIZE.width } = {}): number {
  let sum = 0;
  for (let i = 0; i < LUMA; i++) {
    const x = i % SIZE.width;
    if (x >= left && x < right) sum += (is[i]! - was[i]!) ** 2;
  }
  return Math.sqrt(sum / ((right - left) * SIZE.height));
}

describe("the mark of a clip", () => {
  test("is a level or two of luma, the same in each still frame; the given frame stays", () => {
    const marked = openMarking(order(), SIZE);
    const frame = plain(120);
    const first = Uint8Array.from(marked(frame));
    expect(added(frame, first)).toBeGreaterThan(0.3);
    expect(added(frame, first)).toBeLessThan(1.5);
    expect(first.subarray(LUMA)).toEqual(frame.subarray(LUMA));
    expect(frame).toEqual(plain(120));
    expect(marked(frame)).toEqual(first);
  });

  test("is the same in each run", () => {
    const run = () =>
      createHash("sha256")
        .update(openMarking(order(true), SIZE)(plain(90)))
        .digest("hex");
    expect(run()).toBe(run());
  });

  test("is weak where the picture moves, until it has rested for a second", () => {
    const marked = openMarking(order(), SIZE);
    const right = { left: 96, right: 192 };
    const frameAt = (n: number) => {
      const frame = plain(120);
      for (let i = 0; i < LUMA; i++) if (i % SIZE.width >= 96) frame[i] = 110 + ((i + 2 * n) % 12);
      return frame;
    };
    const strengthAt = (n: number, part: { left?: number; right?: number }) => {
      const frame = frameAt(n);
      return added(frame, marked(frame), part);
    };
    const full = strengthAt(0, right);
    expect(strengthAt(1, right)).toBeLessThan(0.6 * full);
    expect(strengthAt(2, { right: 96 })).toBeGreaterThan(0.3);
    for (let n = 0; n < 24; n++) expect(strengthAt(2, right)).toBeLessThan(0.6 * full);
    expect(strengthAt(2, right)).toBeCloseTo(full, 5);
  });

  test("stays strong where all of the picture moves", () => {
    const marked = openMarking(order(), SIZE);
    const frameAt = (n: number) => Uint8Array.from(plain(120), (value, i) => (i < LUMA ? 110 + ((i + n) % 12) : value));
    const strengths = [0, 1, 2].map((n) => added(frameAt(n), marked(frameAt(n))));
    expect(Math.min(...strengths)).toBeGreaterThan(0.9 * strengths[0]!);
  });

  test("is made anew for a new scene", () => {
    const marked = openMarking(order(), SIZE);
    const rough = Uint8Array.from(plain(60), (value, i) => (i < LUMA ? value + 40 * (i % 3) : value));
    const strong = added(rough, marked(rough));
    expect(added(plain(200), marked(plain(200)))).toBeLessThan(0.6 * strong);
    expect(added(rough, marked(rough))).toBeCloseTo(strong, 5);
  });

  test.each([
    [10, 10],
    [16, 16],
    [235, 235],
    [250, 250],
  ])("moves no luma of %d out of its range, and none that was outside", (level, least) => {
    const marked = openMarking(order(), SIZE)(plain(level)).subarray(0, LUMA);
    const isOutside = level < 16 || level > 235;
    expect([Math.min(...marked), Math.max(...marked)]).toSatisfy(([low, high]) =>
      isOutside ? low === level && high === level : low >= Math.min(16, least) && high <= 235,
    );
  });

  test("is not there without an order", () => {
    const frame = plain(120);
    expect(openMarking(null, SIZE)(frame)).toBe(frame);
  });

  test("is refused where the tile has another size", () => {
    expect(() => openMarking({ tile: "AAAA", label: false }, SIZE)).toThrow("128 × 128");
  });
});

describe("the label", () => {
  test("stands at a margin in the upper right corner, a twentieth of the shorter side at least, white on dark", () => {
    for (const size of [SIZE, { width: 720, height: 1280 }, { width: 64, height: 64 }]) {
      const { x, y, width, height } = drawLabel(size);
      const side = Math.min(size.width, size.height);
      expect(height).toBeGreaterThanOrEqual(0.05 * side);
      expect(x + width).toBeLessThanOrEqual(size.width);
      expect(size.width - x - width).toBeLessThan(0.05 * side + 2);
      expect(y).toBeLessThan(0.05 * side + 2);
    }
    const size = { width: 512, height: 512 };
    const frame = new Uint8Array((size.width * size.height * 3) / 2).fill(128);
    const luma = openMarking(order(true), size)(frame).subarray(0, size.width * size.height);
    const { x, y, width, height } = drawLabel(size);
    const inside = [...luma].filter(
      (_, i) => i % 512 >= x && i % 512 < x + width && i >= y * 512 && i < (y + height) * 512,
    );
    const share = (is: (level: number) => boolean) => inside.filter(is).length / inside.length;
    expect(share((level) => level > 220)).toBeGreaterThan(0.12);
    expect(share((level) => level < 60)).toBeGreaterThan(0.5);
    expect(luma[300 * 512 + 100]).toBeGreaterThan(120);
  });
});

describe("the mark of a picture", () => {
  test("makes its pixels lighter or darker, and keeps their colour and what shows through", () => {
    const data = new Uint8Array(LUMA * 4);
    for (let i = 0; i < data.length; i += 4) data.set([180, 120, 90, 200], i);
    markPicture(order(), { ...SIZE, data, channels: 4 });
    const steps = new Set<number>();
    for (let i = 0; i < data.length; i += 4) {
      const by = data[i]! - 180;
      steps.add(by);
      expect([data[i + 1], data[i + 2], data[i + 3]]).toEqual([120 + by, 90 + by, 200]);
    }
    expect(steps.size).toBeGreaterThan(2);
    expect(Math.max(...steps)).toBeLessThanOrEqual(4);
  });
});
