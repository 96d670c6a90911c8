import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildText, CROP } from "../../scripts/build-kernel.ts";
import { pictureOf } from "../media/yuv.ts";
import { cropOf } from "./crop.ts";
import { cropTensor, UNIT } from "./sample.ts";

const [WIDTH, HEIGHT, SIDE] = [320, 240, 48];
const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
for (let y = 0; y < HEIGHT; y++) {
  for (let x = 0; x < WIDTH; x++) {
    yuv[y * WIDTH + x] = 120 + 50 * Math.sin(x / 17) * Math.cos(y / 11);
    const at = WIDTH * HEIGHT + (y >> 1) * (WIDTH / 2) + (x >> 1);
    yuv[at] = 128 + 30 * Math.sin(x / 40);
    yuv[at + (WIDTH * HEIGHT) / 4] = 128 + 30 * Math.cos(y / 35);
  }
}

test.each([
  ["as fine as the frame", { x: 150, y: 120, size: 50, angle: 0 }],
  ["turned, and finer than the frame", { x: 140.3, y: 99.7, size: 30, angle: 0.5 }],
  ["turned, and coarser than the frame", { x: 160.5, y: 121.2, size: 190, angle: -0.3 }],
  ["beyond the upper left corner", { x: 20, y: 12, size: 90, angle: 0.1 }],
  ["beyond the lower right corner", { x: 300, y: 236, size: 150, angle: -0.2 }],
])("a crop %s is that of a picture of the whole frame", (_, crop) => {
  const made = cropOf({ yuv, width: WIDTH, height: HEIGHT }, crop, SIDE);
  const whole = pictureOf(yuv, WIDTH, HEIGHT, { x: 0, y: 0, width: WIDTH, height: HEIGHT });
  const expected = cropTensor(whole, crop, SIDE, UNIT);
  const off = made.map((value, i) => Math.abs(value - expected[i]!));
  expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(0.012);
  expect(Math.max(...off)).toBeLessThan(0.08);
});

test("a mirrored crop is the same, read from the other side", () => {
  const frame = { yuv, width: WIDTH, height: HEIGHT };
  const crop = { x: 150, y: 120, size: 70, angle: 0.2 };
  const [plain, mirrored] = [cropOf(frame, crop, SIDE), cropOf(frame, crop, SIDE, { mirrored: true })];
  const at = (square: Float32Array, row: number, column: number) => square[(row * SIDE + column) * 3]!;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    expect(at(mirrored, row, column)).toBeCloseTo(at(plain, row, SIDE - 1 - column), 3);
  }
});

test("the kernel in the repository is that of its text", async () => {
  expect(Buffer.from(await buildText(CROP)).equals(readFileSync(CROP))).toBe(true);
});
