import { TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { openMarking } from "../media/marking.ts";
import { changesBetween, judgeChanges, type Luma } from "./process-changes.ts";

const SIZE = { width: 320, height: 240 };
const FACE = { box: { x: 140, y: 100, width: 30, height: 36 } };
const STEPS = [{ name: "face_swapper" as const }] as unknown as Parameters<typeof judgeChanges>[1]["steps"];
const random = randomFrom(8);
const tile = Buffer.from(Int8Array.from({ length: TILE_SIDE * TILE_SIDE }, () => 110 * (random() - 0.5)).buffer);

/** A picture that varies from place to place, and more at the face. */
function picture(): Uint8Array {
  const { width, height } = SIZE;
  const frame = new Uint8Array((width * height * 3) / 2).fill(128);
  for (let i = 0; i < width * height; i++) frame[i] = 90 + 40 * ((i % width) / width) + 12 * random();
  return frame;
}

const lumaOf = (frame: Uint8Array): Luma => ({ ...SIZE, y: frame.subarray(0, SIZE.width * SIZE.height) });
const marked = (frame: Uint8Array) =>
  Uint8Array.from(openMarking({ tile: tile.toString("base64"), label: false }, SIZE)(frame));

test("a marked copy has hardly changed, a face that has changed has", () => {
  const before = picture();
  const judged = (after: Uint8Array) =>
    judgeChanges([changesBetween(lumaOf(before), lumaOf(after), [FACE])], { steps: STEPS, told: true });
  expect(judged(before)).toMatchObject([{ code: "hardly_changed" }]);
  expect(judged(marked(before))).toMatchObject([{ code: "hardly_changed" }]);
  const other = Uint8Array.from(before);
  const { x, y, width, height } = FACE.box;
  for (let row = y; row < y + height; row++) {
    for (let at = row * SIZE.width + x; at < row * SIZE.width + x + width; at++) other[at]! += 12;
  }
  expect(judged(marked(other))).toEqual([]);
});
