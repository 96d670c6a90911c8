import { expect, test } from "vitest";
import type { Picture } from "../media/picture.ts";
import { follow, type Point, pyramidOf, SIDE } from "./follow.ts";

/** Waves that nowhere repeat, moved to the right and down; or one colour. */
function pictureOf(colour: (x: number, y: number) => number): Picture {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) data.fill(colour(i % SIDE, Math.floor(i / SIDE)), i * 3, i * 3 + 3);
  const size = { width: SIDE, height: SIDE };
  return { ...size, data, fullWidth: SIDE, fullHeight: SIDE, region: { x: 0, y: 0, ...size }, orientation: 1 };
}
const waves = (right: number, down: number) =>
  pictureOf((px, py) => {
    const [x, y] = [px - right, py - down];
    return 128 + 40 * Math.sin(x / 5 + y / 23) + 40 * Math.sin(y / 6 - x / 31) + 30 * Math.sin((x + y) / 17);
  });
const CROP = { x: SIDE / 2, y: SIDE / 2, size: SIDE, angle: 0 };
const MIDDLE: Point = { x: 121.3, y: 130.6 };

test.each([
  [0, 0],
  [0.4, -0.3],
  [2.5, 1.25],
  [-9, 6],
])("what has moved by (%f, %f) pixels is found to a tenth of one", (right, down) => {
  const at = follow(pyramidOf(waves(0, 0), CROP), pyramidOf(waves(right, down), CROP), MIDDLE);
  expect(Math.abs(at!.x - MIDDLE.x - right)).toBeLessThan(0.1);
  expect(Math.abs(at!.y - MIDDLE.y - down)).toBeLessThan(0.1);
});

test("more light on all of it is not a movement", () => {
  const brighter = pyramidOf(waves(3, 0), CROP).map(({ side, pixels }) => ({ side, pixels: pixels.map((v) => v + 1) }));
  const at = follow(pyramidOf(waves(0, 0), CROP), brighter, MIDDLE);
  expect(Math.abs(at!.x - MIDDLE.x - 3)).toBeLessThan(0.2);
});

test("what isn't there any more is not found", () => {
  const other = pictureOf((x, y) => 128 + 60 * Math.sin(x / 3.1 - y / 9 + 2) + 50 * Math.sin(y / 3.7 + x / 11));
  expect(follow(pyramidOf(waves(0, 0), CROP), pyramidOf(other, CROP), MIDDLE)).toBeNull();
});

test("where nothing is to be seen nothing moves", () => {
  const grey = pyramidOf(
    pictureOf(() => 128),
    CROP,
  );
  expect(follow(grey, grey, MIDDLE)).toEqual(MIDDLE);
});
