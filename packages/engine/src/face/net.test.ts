import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { buildText, NET } from "../../scripts/build-kernel.ts";
import { decodePicture } from "../media/picture.ts";
import { findFaces } from "./face.ts";
import { IRIS_SIZE, MESH_SIZE, models } from "./models.ts";
import { squareOf } from "./sample.ts";
import { modelsByTensorFlow } from "./tensorflow.ts";

test("the kernel in the repository is that of its text", async () => {
  expect(Buffer.from(await buildText(NET)).equals(readFileSync(NET))).toBe(true);
});

test("landmarks are those of TensorFlow.js, of faces, of eyes and of what is none", async () => {
  const picture = await decodePicture(GRACE_HOPPER);
  const face = (await findFaces(picture))[0]!;
  const crops = [
    face.crop,
    { ...face.crop, angle: face.crop.angle + 0.4, size: face.crop.size * 1.3 },
    { x: face.iris.left[0]!, y: face.iris.left[1]!, size: 0.8 * face.eyeDistance, angle: 0 },
    { x: 20, y: 20, size: 60, angle: 0 },
  ];
  const squares = (side: number) => [
    ...crops.map((crop) => squareOf(picture, crop, side)),
    new Float32Array(side ** 2 * 3),
  ];
  const [ours, theirs] = [await models(), await modelsByTensorFlow()];
  const expected = theirs.mesh(squares(MESH_SIZE));
  for (const [nth, { points, score }] of ours.mesh(squares(MESH_SIZE)).entries()) {
    expect(score).toBeCloseTo(expected[nth]!.score, 4);
    expect(apart(points, expected[nth]!.points)).toBeLessThan(0.002);
  }
  const eyes = theirs.iris(squares(IRIS_SIZE));
  for (const [nth, eye] of ours.iris(squares(IRIS_SIZE)).entries()) expect(apart(eye, eyes[nth]!)).toBeLessThan(0.002);
});

/** Pixels of the square. */
function apart(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}
