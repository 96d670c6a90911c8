import { describe, expect, test } from "vitest";
import { framing } from "./framing.ts";

const face = (x: number, y: number, size: number) => ({ box: { x, y, width: size * 0.8, height: size } });

describe("the whole picture", () => {
  test("keeps its pixels, less an odd column or row", () => {
    expect(framing(601, 800, [face(200, 200, 200)], { size: "source" })).toEqual({
      crop: { x: 0, y: 0, width: 600, height: 800 },
      width: 600,
      height: 800,
      enlarged: 1,
    });
  });
  test("is shrunk further where the longer side is more than a format takes", () => {
    expect(framing(4000, 3000, [face(1000, 1000, 500)], { size: "source", maxSide: 640 })).toMatchObject({
      width: 640,
      height: 480,
    });
    expect(framing(4000, 3000, [face(1000, 1000, 500)], { size: "source", maxSide: 4000 })).toMatchObject({
      width: 1280,
    });
    expect(framing(600, 400, [face(200, 100, 100)], { size: "source", maxSide: 640 })).toMatchObject({ width: 600 });
  });

  test("is shrunk to 1280 on the long side, with even sides", () => {
    expect(framing(4000, 3001, [face(1000, 1000, 900)], { size: "source" })).toMatchObject({
      width: 1280,
      height: 960,
    });
  });
});

describe("a square around the face", () => {
  test("gives the face 40 to 45 % of the height, and room above", () => {
    const { crop, width, height, enlarged } = framing(4000, 3000, [face(1800, 1200, 600)], { size: 512 });
    expect([width, height, enlarged]).toEqual([512, 512, 1]);
    expect(600 / crop.height).toBeGreaterThan(0.4);
    expect(600 / crop.height).toBeLessThan(0.45);
    const middle = (1500 - crop.y) / crop.height;
    expect(middle).toBeGreaterThan(0.4);
    expect(middle).toBeLessThan(0.5);
  });
  test.each([
    ["a corner", 900, 700, face(0, 0, 300)],
    ["the lower right", 900, 700, face(700, 450, 240)],
    ["a narrow strip", 260, 900, face(20, 300, 220)],
  ])("stays inside the picture in %s", (_, width, height, box) => {
    const { crop } = framing(width, height, [box], { size: 512 });
    expect(crop.x).toBeGreaterThanOrEqual(0);
    expect(crop.y).toBeGreaterThanOrEqual(0);
    expect(crop.x + crop.width).toBeLessThanOrEqual(width);
    expect(crop.y + crop.height).toBeLessThanOrEqual(height);
    expect(crop.width).toBe(crop.height);
  });
  test("takes in more of the picture rather than be enlarged more than twice", () => {
    expect(framing(2000, 2000, [face(900, 900, 90)], { size: 1024 })).toMatchObject({
      crop: { width: 512 },
      width: 1024,
      enlarged: 2,
    });
  });
  test("has the size that was asked, however few pixels the picture has, if it is to be exact", () => {
    for (const side of [300, 601]) {
      expect(framing(side, 700, [face(100, 80, 130)], { size: 1024, exact: true })).toMatchObject({
        width: 1024,
        height: 1024,
      });
    }
    expect(framing(300, 300, [face(100, 80, 130)], { size: 1024, exact: true }).enlarged).toBeCloseTo(1024 / 300);
    expect(framing(4000, 3000, [face(1800, 1200, 600)], { size: 512, exact: true })).toMatchObject({ enlarged: 1 });
  });
  test("stays smaller than asked where the picture has no more", () => {
    expect(framing(300, 300, [face(100, 80, 130)], { size: 1024 })).toMatchObject({
      crop: { width: 300 },
      width: 600,
      enlarged: 2,
    });
  });
});
