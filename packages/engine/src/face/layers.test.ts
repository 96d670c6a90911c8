import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ASTRONAUT, CAT, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { buildText, LAYERS } from "../../scripts/build-kernel.ts";
import { decodePicture } from "../media/picture.ts";
import { DETECTOR_SIZE, models, SEGMENTER_SIZE, segmenter } from "./models.ts";
import { cropTensor, SIGNED, squareOf } from "./sample.ts";
import { modelsByTensorFlow, segmenterByTensorFlow } from "./tensorflow.ts";

const PICTURES = { portrait: GRACE_HOPPER, "a person in a scene": ASTRONAUT, "a cat": CAT };

test("the kernel in the repository is that of its text", async () => {
  expect(Buffer.from(await buildText(LAYERS)).equals(readFileSync(LAYERS))).toBe(true);
});

test.each(Object.entries(PICTURES))("%s: the detector says what it says on TensorFlow.js", async (_, path) => {
  const picture = await decodePicture(path);
  const view = { x: picture.width / 2, y: picture.height / 2, size: Math.max(picture.width, picture.height), angle: 0 };
  const input = cropTensor(picture, view, DETECTOR_SIZE, SIGNED);
  const [ours, theirs] = [(await models()).detect(input), (await modelsByTensorFlow()).detect(input)];
  expect(apart(ours.scores.map(sure), theirs.scores.map(sure))).toBeLessThan(0.0001);
  // pixels of 256
  expect(apart(ours.boxes, theirs.boxes)).toBeLessThan(0.002);
});

test.each(Object.entries(PICTURES))("%s: the segmenter says what it says on TensorFlow.js", async (_, path) => {
  const picture = await decodePicture(path);
  const view = { x: picture.width / 2, y: picture.height / 2, size: Math.max(picture.width, picture.height), angle: 0 };
  const input = squareOf(picture, view, SEGMENTER_SIZE);
  const [ours, theirs] = [(await segmenter())(input), (await segmenterByTensorFlow())(input)];
  expect(apart(ours, theirs)).toBeLessThan(0.001);
});

function sure(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

function apart(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
