import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectResultSchema } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ASTRONAUT,
  COFFEE,
  GRACE_HOPPER,
  mutations,
  oriented,
  smallFace,
  twelveMegapixels,
  twoFaces,
} from "../../../../test/support/pictures.ts";
import { inspect } from "./inspect.ts";

let folder: string;
let pictures = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "inspect-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;

function look(path: string) {
  return inspect({ type: "inspect", run: "1", inputs: { image: [{ path, type: "image/jpeg" }] } }, { signal });
}

/** Each picture in its own file: a case that was given up may still be reading. */
async function lookAt(bytes: Uint8Array) {
  const path = join(folder, `picture-${++pictures}`);
  await writeFile(path, bytes);
  return inspectResultSchema.parse(await look(path));
}

test("tells size, orientation and the face in pixels of the full picture", async () => {
  const found = await lookAt(await twelveMegapixels());
  expect(found).toMatchObject({ width: 4000, height: 3000, orientation: 1 });
  expect(found.faces).toHaveLength(1);
  const [face] = found.faces;
  expect(face!.eyeDistance).toBeGreaterThan(450);
  expect(face!.eyeDistance).toBeLessThan(530);
  expect(Math.abs(face!.yaw)).toBeLessThan(8);
});

test("several faces come largest first, and places are those of the upright picture", async () => {
  const upright = await twoFaces();
  const [larger, smaller, ...more] = (await lookAt(upright)).faces;
  expect(more).toEqual([]);
  expect(larger!.eyeDistance).toBeGreaterThan(smaller!.eyeDistance);
  expect(larger!.box.x).toBeGreaterThan(480);
  const turned = await lookAt(await oriented(upright, 6));
  expect(turned).toMatchObject({ width: 960, height: 620, orientation: 6 });
  expect(Math.abs(turned.faces[0]!.box.x - larger!.box.x)).toBeLessThan(4);
});

test("a small face in a large picture is found", async () => {
  const { faces } = await lookAt(await smallFace({ width: 3200, height: 2400 }, 420, { left: 2300, top: 300 }));
  expect(faces).toHaveLength(1);
  expect(faces[0]!.box.x).toBeGreaterThan(2300);
});

test("no face is an answer", async () => {
  expect((await look(COFFEE)).faces).toEqual([]);
});

test("200 damaged copies of a JPEG and of a PNG each end in a typed error or an answer", async () => {
  const small = sharp(ASTRONAUT).resize(96, 96);
  for (const bytes of [await small.clone().jpeg().toBuffer(), await small.clone().png().toBuffer()]) {
    let refused = 0;
    for (const damaged of mutations(bytes, 200, 7)) {
      const answer = await lookAt(damaged).catch((error: unknown) => error);
      if (answer instanceof AppError) {
        expect(["empty_file", "unsupported_type", "input_unreadable", "input_too_large"]).toContain(answer.code);
        refused++;
      } else expect(answer).toMatchObject({ width: expect.any(Number), faces: expect.any(Array) });
    }
    expect(refused).toBeGreaterThan(40);
  }
});

test("says how sharp a face is, and warns of a blurred one", async () => {
  const sharpFace = (await lookAt(await readFile(GRACE_HOPPER))).faces[0]!;
  expect(sharpFace.sharpness).toBeGreaterThan(0.2);
  const blurred = await lookAt(await sharp(GRACE_HOPPER).blur(5).jpeg().toBuffer());
  expect(blurred.faces[0]!.sharpness).toBeLessThan(0.07);
  expect(blurred.faces[0]!.warnings).toMatchObject([{ code: "face_blurred" }]);
});

test("foresees what animating would answer for each face", async () => {
  const clear = await lookAt(await twoFaces());
  expect(clear.faces.map(({ moves }) => moves)).toEqual([true, true]);
  expect(clear.faces.map(({ warnings }) => warnings)).toEqual([[], []]);
  expect(clear.warnings).toEqual([]);
  const tiny = await lookAt(await smallFace({ width: 640, height: 480 }, 120, { left: 200, top: 100 }));
  expect(tiny.faces.map(({ moves }) => moves)).toEqual([false]);
  expect(tiny.faces[0]!.warnings).toMatchObject([{ code: "face_too_small" }]);
  const onSide = await lookAt(await sharp(ASTRONAUT).rotate(90).jpeg().toBuffer());
  expect(onSide.faces[0]!.moves).toBe(true);
  expect(onSide.faces[0]!.warnings).toMatchObject([{ code: "picture_sideways" }]);
  const none = await lookAt(await readFile(COFFEE));
  expect(none).toMatchObject({ faces: [], warnings: [{ code: "no_face" }] });
});
