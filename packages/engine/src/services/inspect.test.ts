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
  coveredMouth,
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
  expect(clear.faces.map(({ warnings }) => warnings.map(({ code }) => code))).toEqual([[], ["face_small"]]);
  expect(clear.warnings).toMatchObject([{ code: "several_faces", detail: expect.stringContaining("2 faces") }]);
  const tiny = await lookAt(await smallFace({ width: 640, height: 480 }, 120, { left: 200, top: 100 }));
  expect(tiny.faces.map(({ moves }) => moves)).toEqual([false]);
  expect(tiny.faces[0]!.warnings).toMatchObject([{ code: "face_too_small" }]);
  expect(tiny.faces[0]).toMatchObject({ hidden: null, glasses: null });
  const onSide = await lookAt(await sharp(ASTRONAUT).rotate(90).jpeg().toBuffer());
  expect(onSide.faces[0]!.moves).toBe(true);
  expect(onSide.faces[0]!.warnings).toMatchObject([{ code: "picture_sideways" }, { code: "face_small" }]);
  const none = await lookAt(await readFile(COFFEE));
  expect(none).toMatchObject({ faces: [], warnings: [{ code: "no_face" }] });
});

/** Grace Hopper's portrait with lenses painted over her glasses. */
async function sunglasses(): Promise<Buffer> {
  const { data, info } = await sharp(GRACE_HOPPER).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [face] = (await lookAt(await readFile(GRACE_HOPPER))).faces;
  const { x, y, width, height } = face!.box;
  for (const across of [0.3, 0.74]) {
    for (let row = 0; row < info.height; row++) {
      for (let column = 0; column < info.width; column++) {
        const away = Math.hypot((column - x - across * width) / width, (row - y - 0.27 * height) / height);
        if (away < 0.17) data.fill(18, (row * info.width + column) * 3, (row * info.width + column + 1) * 3);
      }
    }
  }
  const raw = { width: info.width, height: info.height, channels: 3 as const };
  return sharp(data, { raw }).jpeg({ quality: 92 }).toBuffer();
}

test("tells what hides a face, and whether it wears glasses", async () => {
  const seen = async (bytes: Buffer) => {
    const { hidden, glasses } = (await lookAt(bytes)).faces[0]!;
    return { ...hidden, glasses };
  };
  const free = { eyes: false, mouth: false, cut: false };
  const portrait = await readFile(GRACE_HOPPER);
  expect(await seen(portrait)).toEqual({ ...free, glasses: "clear" });
  expect(await seen(await readFile(ASTRONAUT))).toEqual({ ...free, glasses: "none_seen" });
  expect(await seen(await sunglasses())).toEqual({ ...free, eyes: true, glasses: "dark" });
  expect(await seen(await coveredMouth("blue mask"))).toEqual({ ...free, mouth: true, glasses: "clear" });
  const above = await sharp(portrait).extract({ left: 0, top: 0, width: 512, height: 262 }).jpeg().toBuffer();
  expect(await seen(above)).toEqual({ eyes: false, mouth: true, cut: true, glasses: "clear" });
});
