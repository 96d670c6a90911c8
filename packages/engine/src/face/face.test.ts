import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ASTRONAUT,
  CAT,
  COFFEE,
  GRACE_HOPPER,
  smallFace,
  textures,
  twoFaces,
} from "../../../../test/support/pictures.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { chooseFace, type Face, findFaces, trackFace, trackFaces } from "./face.ts";

let folder: string;
let astronaut: Picture;
let face: Face;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "face-"));
  astronaut = await decodePicture(ASTRONAUT);
  face = (await findFaces(astronaut))[0]!;
});
afterAll(() => rm(folder, { recursive: true }));

async function facesIn(picture: Buffer | string): Promise<Face[]> {
  let path = picture;
  if (typeof path !== "string") {
    path = join(folder, "picture");
    await writeFile(path, picture);
  }
  return findFaces(await decodePicture(path, { maxSide: 1280 }));
}

const place = (found: Face, index: number) => [found.points[index * 3]!, found.points[index * 3 + 1]!] as const;
const between = (a: readonly number[], b: readonly number[]) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);

describe("landmarks", () => {
  test("of several pictures read together are those of each read alone", async () => {
    const hopper = await decodePicture(GRACE_HOPPER);
    const pictures = [astronaut, hopper, astronaut, hopper, hopper];
    const alone = [await trackFace(astronaut, face.crop), await trackFace(hopper, face.crop)] as const;
    const together = await trackFaces(pictures, face.crop);
    expect(together).toHaveLength(5);
    for (const [i, found] of together.entries()) {
      const expected = alone[pictures[i] === astronaut ? 0 : 1];
      for (let p = 0; p < 468 * 3; p++) expect(Math.abs(found.points[p]! - expected.points[p]!)).toBeLessThan(1e-3);
      expect(Math.abs(found.meshScore - expected.meshScore)).toBeLessThan(1e-4);
      for (const side of ["left", "right"] as const) {
        for (let p = 0; p < 10; p++)
          expect(Math.abs(found.iris[side][p]! - expected.iris[side][p]!)).toBeLessThan(1e-3);
      }
    }
  });

  test("lie where a person points: eyes, mouth corners and chin of the sample portrait", () => {
    // Read off the picture by hand, in pixels of 512.
    const seen = { 33: [193, 100.5], 263: [259, 104], 61: [203, 140], 291: [245, 141], 152: [222, 178] } as const;
    for (const [index, spot] of Object.entries(seen)) {
      expect(between(place(face, Number(index)), spot), index).toBeLessThan(0.06 * face.eyeDistance);
    }
  });

  test("name the person's own left and right", () => {
    expect(face.iris.left[0]).toBeGreaterThan(face.iris.right[0]!);
    const { left, right } = face.lids;
    expect(left.upper[0]).toBeGreaterThan(left.upper.at(-2)!);
    expect(right.upper[0]).toBeLessThan(right.upper.at(-2)!);
  });

  test("put the upper lid above the lower one, and the iris between the corners", () => {
    for (const side of ["left", "right"] as const) {
      const { upper, lower } = face.lids[side];
      expect(upper.length).toBe(lower.length);
      expect(upper[9]).toBeLessThan(lower[9]! - 0.04 * face.eyeDistance);
      const corners = [upper[0]!, upper.at(-2)!].sort((a, b) => a - b);
      expect(face.iris[side][0]).toBeGreaterThan(corners[0]!);
      expect(face.iris[side][0]).toBeLessThan(corners[1]!);
    }
  });

  test("are the same again at the face's own crop, and stay put when the crop moves a little", async () => {
    const again = await trackFace(astronaut, face.crop);
    expect([...again.points.slice(0, 30)]).toEqual([...face.points.slice(0, 30)]);
    const moved = await trackFace(astronaut, { ...face.crop, x: face.crop.x + 3, size: face.crop.size * 1.02 });
    const mouth = [moved.points[61 * 3]!, moved.points[61 * 3 + 1]!];
    expect(between(mouth, place(face, 61))).toBeLessThan(0.04 * face.eyeDistance);
  });
});

describe("pose", () => {
  test("is about straight ahead in the samples", async () => {
    for (const sample of [face, (await facesIn(GRACE_HOPPER))[0]!]) {
      expect(Math.max(Math.abs(sample.yaw), Math.abs(sample.pitch), Math.abs(sample.roll))).toBeLessThan(9);
    }
  });

  test.each([-35, 20, 90, 180])("follows a picture turned by %i degrees clockwise", async (turn) => {
    const turned = await sharp(ASTRONAUT).rotate(turn, { background: "#777777" }).jpeg({ quality: 95 }).toBuffer();
    const [found] = await facesIn(turned);
    // Roll is counter-clockwise.
    const off = ((((found!.roll - (face.roll - turn)) % 360) + 540) % 360) - 180;
    expect(Math.abs(off)).toBeLessThan(6);
  });

  test("mirrors with the picture", async () => {
    const [mirrored] = await facesIn(await sharp(ASTRONAUT).flop().jpeg({ quality: 95 }).toBuffer());
    expect(mirrored!.roll).toBeCloseTo(-face.roll, -1);
    expect(Math.abs(mirrored!.yaw + face.yaw)).toBeLessThan(4);
  });
});

describe("search", () => {
  test("finds several faces, largest first, each once", async () => {
    const faces = await facesIn(await twoFaces());
    expect(faces).toHaveLength(2);
    expect(faces[0]!.eyeDistance).toBeGreaterThan(faces[1]!.eyeDistance);
  });

  test("finds a face narrower than 4.5 % of the picture's side", async () => {
    const [found] = await facesIn(await smallFace({ width: 1280, height: 960 }, 200, { left: 900, top: 100 }));
    expect(found!.box.width).toBeLessThan(0.045 * 1280);
    expect(found!.box.x).toBeGreaterThan(900);
  });

  test("finds none in food, textures and a cat", async () => {
    for (const path of [COFFEE, CAT]) expect(await facesIn(path), path).toHaveLength(0);
    for (const { name, bytes } of await textures()) expect(await facesIn(bytes), name).toHaveLength(0);
  });
});

test("choosing a face tells none from one that is not there", () => {
  expect(chooseFace([face], 0)).toBe(face);
  const codeOf = (faces: Face[], index: number) => {
    try {
      chooseFace(faces, index);
    } catch (error) {
      return hasCode(error, "no_face", "face_not_there") ? (error as { code: string }).code : String(error);
    }
  };
  expect(codeOf([], 0)).toBe("no_face");
  expect(codeOf([face], 1)).toBe("face_not_there");
});
