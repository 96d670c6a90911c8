/** Pictures that lie in any of the eight ways come out as they are meant to be seen. */
import { AV_PIX_FMT_RGB24 } from "node-av/constants";
import { Frame } from "node-av/lib";
import { expect, test } from "vitest";
import { createScaler, isTransposed, nearestOrientation } from "./upright.ts";

const [WIDTH, HEIGHT] = [16, 8];
const ONE = 65_536;

/** Every pixel has a colour that tells where it is. */
function stored(): Frame {
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, { width: WIDTH, height: HEIGHT, format: AV_PIX_FMT_RGB24 });
  frame.getBuffer();
  const rgb = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let i = 0; i < WIDTH * HEIGHT; i++) rgb.set([(i % WIDTH) * 16, Math.floor(i / WIDTH) * 32, 0], i * 3);
  frame.fromBuffer(rgb);
  return frame;
}

test.each<
  [what: string, matrix: [number, number, number, number], topLeft: [number, number], topRight: [number, number]]
>([
  ["as it is", [1, 0, 0, 1], [0, 0], [15, 0]],
  ["mirrored left to right", [-1, 0, 0, 1], [15, 0], [0, 0]],
  ["upside down, mirrored", [1, 0, 0, -1], [0, 7], [15, 7]],
  ["upside down", [-1, 0, 0, -1], [15, 7], [0, 7]],
  ["a quarter clockwise", [0, 1, -1, 0], [0, 7], [0, 0]],
  ["a quarter counter-clockwise", [0, -1, 1, 0], [15, 0], [15, 7]],
  ["rows as columns", [0, 1, 1, 0], [0, 0], [0, 7]],
  ["rows as columns, from the far corner", [0, -1, -1, 0], [15, 7], [15, 0]],
])("%s", (_, [a, b, c, d], topLeft, topRight) => {
  const orientation = nearestOrientation(a * ONE, b * ONE, c * ONE, d * ONE);
  const [width, height] = isTransposed(orientation) ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
  const scaler = createScaler(orientation);
  const picture = scaler.picture(stored(), width, height, 100);
  scaler.free();
  expect(picture).toMatchObject({ width, height });
  const from = (x: number, y: number) => {
    const [red, green] = picture.data.subarray((y * width + x) * 3);
    return [Math.round(red! / 16), Math.round(green! / 32)];
  };
  expect(from(0, 0)).toEqual(topLeft);
  expect(from(width - 1, 0)).toEqual(topRight);
  // what was seen once is seen once
  const seen = new Set(
    Array.from({ length: width * height }, (__, i) => from(i % width, Math.floor(i / width)).join()),
  );
  expect(seen.size).toBe(WIDTH * HEIGHT);
});

test("a matrix between two ways is taken for the nearest; one that says nothing, for none", () => {
  expect(nearestOrientation(0, 0, 0, 0)).toEqual({ a: 1, b: 0, c: 0, d: 1 });
  expect(nearestOrientation(0.9 * ONE, 0.3 * ONE, -0.3 * ONE, 0.9 * ONE)).toEqual({ a: 1, b: 0, c: 0, d: 1 });
  expect(nearestOrientation(0.3 * ONE, 0.9 * ONE, 0.9 * ONE, -0.3 * ONE)).toEqual({ a: 0, b: 1, c: 1, d: 0 });
});
