import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { buildText, MESH_NET } from "../../scripts/build-kernel.ts";
import { decodePicture } from "../media/picture.ts";
import { findFaces } from "./face.ts";
import { MESH_SIZE, meshByTensorFlow, models } from "./models.ts";
import { squareOf } from "./sample.ts";

test("the kernel in the repository is that of its text", async () => {
  expect(Buffer.from(await buildText(MESH_NET)).equals(readFileSync(MESH_NET))).toBe(true);
});

test("the mesh is that of TensorFlow.js, of faces and of what is none", async () => {
  const picture = await decodePicture(GRACE_HOPPER);
  const face = (await findFaces(picture))[0]!;
  const crops = [
    face.crop,
    { ...face.crop, angle: face.crop.angle + 0.4, size: face.crop.size * 1.3 },
    { x: 20, y: 20, size: 60, angle: 0 },
  ];
  const inputs = [...crops.map((crop) => squareOf(picture, crop, MESH_SIZE)), new Float32Array(MESH_SIZE ** 2 * 3)];
  const [ours, theirs] = [(await models()).mesh(inputs), (await meshByTensorFlow())(inputs)];
  for (const [nth, { points, score }] of ours.entries()) {
    const expected = theirs[nth]!;
    expect(score).toBeCloseTo(expected.score, 4);
    expect(Math.max(...points.map((value, i) => Math.abs(value - expected.points[i]!)))).toBeLessThan(0.001);
  }
});
