import { readFileSync } from "node:fs";
import { TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { plainFrameMark, plainRoom, plainRows } from "../../../../test/support/plain-mark.ts";
import { buildKernel, cannotBuild, MARK } from "../../scripts/build-kernel.ts";
import { openFrameMark } from "./frame-mark.ts";
import { openMarkPlane } from "./mark-plane.ts";

const random = randomFrom(5);
const tile = Int8Array.from({ length: TILE_SIDE * TILE_SIDE }, () => 127 * (2 * random() - 1));

test("mark.wasm is what mark.c builds to", ({ skip }) => {
  const reason = cannotBuild();
  if (reason) skip(reason);
  expect(Buffer.from(buildKernel(MARK)).equals(readFileSync(MARK))).toBe(true);
});

/** Every level and how they vary, a part that moves, one that flickers, and in the 5th frame another scene. */
function frameOf({ width, height }: { width: number; height: number }, n: number): Uint8Array {
  const luma = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const moved = x > width / 2 && n > 1 ? x + 2 * n : x;
    const scene = n < 5 ? y : height - y;
    return (255 * scene) / height + ((x * y) / 97) * Math.sin(moved / 3) + (y < 20 ? 4 * (n % 2) : 0);
  });
  return Buffer.concat([luma, new Uint8Array(luma.length / 2).fill(128)]);
}

test.each([
  [192, 128],
  [34, 22],
  [512, 640],
  [1030, 258],
])("frames of %d × %d pixels get the bytes of the plain twin", (width, height) => {
  const size = { width, height };
  const [mark, plain] = [openFrameMark(tile, size), plainFrameMark(tile, size)];
  for (let n = 0; n < 8; n++) {
    const frame = frameOf(size, n);
    mark.frame.set(frame);
    mark.add();
    plain.add(frame);
    expect(Buffer.compare(mark.frame, frame)).toBe(0);
  }
});

test.each([
  [33, 21],
  [1, 1],
  [700, 3],
  [1201, 77],
])("what is added to a picture of %d × %d pixels is that of the plain twin", (width, height) => {
  const size = { width, height };
  const luma = frameOf({ width: width + 1, height: height + 1 }, 0);
  const row = (y: number) => luma.subarray(y * (width + 1), y * (width + 1) + width);
  const expected: number[][] = [];
  plainRows(tile, { room: plainRoom({ ...size, row }), size, share: 1 }, (added) => expected.push([...added]));
  const { bytes, places, measure, draw } = openMarkPlane(tile, size);
  measure((y) => {
    bytes.set(row(y), places.samples);
    return places.samples;
  });
  const drawn: number[][] = [];
  const added = new Int8Array(bytes.buffer, places.row, width);
  draw(
    1,
    () => places.row,
    () => drawn.push([...added]),
  );
  expect(drawn).toEqual(expected);
});
