import { hasCode } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../../../../../test/support/pictures.ts";
import { type Face, findFaces } from "../../face/face.ts";
import type { Picture } from "../../media/picture.ts";
import type { Box } from "../../media/yuv.ts";
import { createHead } from "../../warp/head/head.ts";
import { expressionRestorer } from "../expression-restorer.ts";
import type { Clip, RgbFrame, Scene, SceneFace } from "../processor.ts";
import { irisOf, ownEye } from "./features.ts";
import { irisAligner } from "./irises.ts";
import { outOfReach, requireSource } from "./limits.ts";
import type { Source, Texture } from "./source.ts";
import { faceSwapper } from "./swapper.ts";

const SIDE = 400;
let astronaut: Picture;
let hopper: Picture;
let face: Face;

beforeAll(async () => {
  astronaut = await part(ASTRONAUT, { left: 92, top: 0, width: 270, height: 270 });
  hopper = await part(GRACE_HOPPER, { left: 50, top: 30, width: 420, height: 420 });
  face = (await findFaces(astronaut))[0]!;
});

const context = { signal: new AbortController().signal };
const step = { name: "face_swapper" } as const;

async function part(
  path: string,
  cut: { left: number; top: number; width: number; height: number },
  side = SIDE,
): Promise<Picture> {
  const { data } = await sharp(path)
    .extract(cut)
    .resize(side, side, { fit: "fill" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return pictureOf({ width: side, height: side, data: new Uint8Array(data) });
}

function pictureOf({ width, height, data }: RgbFrame): Picture {
  const region = { x: 0, y: 0, width, height };
  return { width, height, data, fullWidth: width, fullHeight: height, region, orientation: 1 };
}

function sceneOf(picture: RgbFrame, faces: Face[], index = 0): Scene {
  const frame = { ...picture, data: picture.data.slice() };
  return {
    frame,
    faces: faces.map((one, track): SceneFace => ({ ...one, track, clear: true })),
    index,
    seconds: index,
  };
}

function clipOf(scene: Scene, frames = 1): Clip {
  const { width, height } = scene.frame;
  return { width, height, frames, fps: 25, scale: 100, sceneAt: async () => structuredClone(scene) };
}

async function swapped(source: Picture, target: RgbFrame, faces: Face[], frames = 1) {
  const scene = sceneOf(target, faces);
  const prepared = await faceSwapper.prepare(
    step,
    clipOf(scene, frames),
    { pictures: [source], speech: null },
    context,
  );
  return { ...(await prepared.apply(scene)), warnings: prepared.warnings };
}

function psnr(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / Math.max(1e-6, squares / a.length));
}

/** Whether all that has changed lies in the box. */
function changedInside(before: RgbFrame, after: RgbFrame, box: Box): boolean {
  for (let i = 0; i < before.data.length; i++) {
    if (before.data[i] === after.data[i]) continue;
    const [x, y] = [Math.floor(i / 3) % before.width, Math.floor(i / 3 / before.width)];
    if (x < box.x || y < box.y || x >= box.x + box.width || y >= box.y + box.height) return false;
  }
  return true;
}

/** Mean of red, green and blue around a point of the mesh. */
function colourAt({ width, data }: RgbFrame, { points }: Face, point: number): number[] {
  const [x, y] = [Math.round(points[point * 3]!), Math.round(points[point * 3 + 1]!)];
  const sum = [0, 0, 0];
  for (let dy = -3; dy <= 3; dy++) {
    for (let dx = -3; dx <= 3; dx++)
      for (let c = 0; c < 3; c++) sum[c]! += data[((y + dy) * width + x + dx) * 3 + c]! / 49;
  }
  return sum;
}

describe("a face swapped", () => {
  test("with itself is itself, and nothing changes outside of what is said", async () => {
    const { frame, changed } = await swapped(astronaut, astronaut, [face]);
    expect(psnr(frame.data, astronaut.data)).toBeGreaterThan(38);
    expect(changedInside(astronaut, frame, changed!)).toBe(true);
  });

  test("with another is no longer itself, keeps the colour of its skin, and what is around it bit by bit", async () => {
    const { frame, changed, warnings } = await swapped(hopper, astronaut, [face]);
    expect(changedInside(astronaut, frame, changed!)).toBe(true);
    expect(psnr(frame.data, astronaut.data)).toBeLessThan(36);
    for (const cheek of [50, 280]) {
      const [was, is] = [colourAt(astronaut, face, cheek), colourAt(frame, face, cheek)];
      for (let c = 0; c < 3; c++) expect(Math.abs(is[c]! - was[c]!)).toBeLessThan(24);
    }
    // what the source wears does not come along, and that is told
    expect(warnings.map(({ code }) => code)).toEqual(["quality_limited:source_glasses"]);
  });

  test("is mirrored where source and target are", async () => {
    const flopped = async ({ width, height, data }: Picture) => {
      const { data: mirrored } = await sharp(data, { raw: { width, height, channels: 3 } })
        .flop()
        .raw()
        .toBuffer({ resolveWithObject: true });
      return pictureOf({ width, height, data: new Uint8Array(mirrored) });
    };
    const [source, target] = [await flopped(hopper), await flopped(astronaut)];
    const there = await swapped(source, target, [(await findFaces(target))[0]!]);
    const here = await swapped(hopper, astronaut, [face]);
    const back = await flopped(pictureOf(there.frame));
    expect(psnr(back.data, here.frame.data)).toBeGreaterThan(32);
  });

  test("is the same in a picture twice as large", async () => {
    const twice = await part(ASTRONAUT, { left: 92, top: 0, width: 270, height: 270 }, 2 * SIDE);
    const large = await swapped(hopper, twice, [(await findFaces(twice))[0]!]);
    const raw = { width: 2 * SIDE, height: 2 * SIDE, channels: 3 } as const;
    const shrunk = await sharp(large.frame.data, { raw }).resize(SIDE, SIDE, { kernel: "mitchell" }).raw().toBuffer();
    const here = await swapped(hopper, astronaut, [face]);
    expect(psnr(shrunk, here.frame.data)).toBeGreaterThan(32);
  });

  test("stays black and white in a picture that is", async () => {
    const grey = { ...astronaut, data: astronaut.data.map((_, i, all) => all[i - (i % 3)]!) };
    const { frame } = await swapped(hopper, grey, [face]);
    let most = 0;
    for (let i = 0; i < frame.data.length; i += 3) {
      most = Math.max(
        most,
        Math.abs(frame.data[i]! - frame.data[i + 1]!),
        Math.abs(frame.data[i + 2]! - frame.data[i + 1]!),
      );
    }
    expect(most).toBeLessThanOrEqual(2);
  });

  test.each([0, 128, 255])("does not come out of a face that is all %i", async (level) => {
    const plain = { ...astronaut, data: new Uint8Array(astronaut.data.length).fill(level) };
    const { frame } = await swapped(hopper, plain, [face], 2);
    const cheek = colourAt(frame, face, 50)[1]!;
    expect(Math.abs(cheek - level)).toBeLessThan(40);
  });

  test("may be cut off by the edge of the picture", async () => {
    const cut = await part(ASTRONAUT, { left: 190, top: 40, width: 200, height: 200 });
    const [found] = await findFaces(cut);
    const { frame, changed } = await swapped(hopper, cut, [found!]);
    expect(changed!.x).toBe(0);
    expect(changedInside(cut, frame, changed!)).toBe(true);
  });
});

test("two faces side by side are both swapped", async () => {
  const half = { width: SIDE, height: SIDE, channels: 3 } as const;
  const data = await sharp({ create: { ...half, width: 2 * SIDE, background: "#777" } })
    .composite([0, SIDE].map((left) => ({ input: Buffer.from(astronaut.data), raw: half, left, top: 0 })))
    .raw()
    .toBuffer();
  const both = pictureOf({ width: 2 * SIDE, height: SIDE, data: new Uint8Array(data) });
  const faces = await findFaces(both);
  expect(faces).toHaveLength(2);
  const { frame, left } = await swapped(hopper, both, faces);
  expect(left).toEqual([]);
  for (const one of faces) {
    const mouth = [0, 1, 2].map((c) => Math.abs(colourAt(frame, one, 0)[c]! - colourAt(both, one, 0)[c]!));
    expect(Math.max(...mouth)).toBeGreaterThan(4);
  }
});

describe("limits", () => {
  test("of the source are told with its figures", () => {
    const codeOf = (source: Face) => {
      try {
        requireSource(source);
      } catch (error) {
        return String(error);
      }
    };
    expect(codeOf(face)).toBeUndefined();
    expect(codeOf({ ...face, yaw: -34 })).toContain("turned by 34° to the side; it can be at most 30°");
    expect(codeOf({ ...face, eyeDistance: 12 })).toContain("12 pixels apart, and 24 are needed");
  });

  test("of the target depend on the source, too", () => {
    const target = { ...face, clear: true };
    expect(outOfReach(target, face)).toBeNull();
    expect(outOfReach({ ...target, yaw: 50 }, face)!.code).toBe("face_turned_away");
    expect(outOfReach({ ...target, yaw: 30 }, { ...face, yaw: -20 })!.message).toContain(
      "50° apart sideways (at most 40°)",
    );
    expect(outOfReach({ ...target, pitch: face.pitch + 30 }, face)!.code).toBe("faces_turned_apart");
    expect(outOfReach({ ...target, eyeDistance: 20 }, face)!.code).toBe("face_too_small");
  });

  test("a moustache of the target is told where the source has none", async () => {
    const data = astronaut.data.slice();
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const beside = [165, 167, 164, 393, 391].some(
          (i) => Math.hypot(face.points[i * 3]! - x, face.points[i * 3 + 1]! - y) < 0.07 * face.eyeDistance,
        );
        if (beside) data.fill(40, (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3);
      }
    }
    const codes = async (source: Picture, target: Picture) =>
      (await swapped(source, target, [face])).warnings.map(({ code }) => code);
    const bearded = { ...astronaut, data };
    expect(await codes(astronaut, bearded)).toContain("quality_limited:target_moustache");
    expect(await codes(bearded, astronaut)).not.toContain("quality_limited:target_moustache");
  });

  test("are an error of a picture; in a video the face is left", async () => {
    const turned = { ...face, yaw: 60 };
    const error = await swapped(hopper, astronaut, [turned]).catch((reason: unknown) => reason);
    expect(hasCode(error, "face_turned_away")).toBe(true);
    const { frame, changed, left } = await swapped(hopper, astronaut, [turned], 10);
    expect(changed).toBeNull();
    expect(left.map(({ code }) => code)).toEqual(["face_turned_away"]);
    expect(psnr(frame.data, astronaut.data)).toBeGreaterThan(90);
  });

  test("a source without a face is said to be the source", async () => {
    const plain = { ...astronaut, data: new Uint8Array(astronaut.data.length).fill(90) };
    const error = await swapped(plain, astronaut, [face]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "no_face",
      input: "source",
      message: expect.stringMatching(/in the source/) as string,
    });
  });

  test("of several sources those that cannot be used are told, with the reason", async () => {
    const plain = { ...astronaut, data: new Uint8Array(astronaut.data.length).fill(90) };
    const scene = sceneOf(astronaut, [face]);
    const sources = { pictures: [plain, hopper], speech: null };
    const { warnings } = await faceSwapper.prepare(step, clipOf(scene), sources, context);
    expect(warnings.find(({ code }) => code === "source_chosen")!.detail).toMatch(
      /number 2 is used: it is the only one .* Number 1 cannot be used: No face/,
    );
  });
});

test("an eye that is shut, or looks elsewhere, stays the target's own", () => {
  const shut = structuredClone(face);
  for (let i = 1; i < 18; i += 2) {
    const { upper, lower } = shut.lids.right;
    upper[i] = lower[i]! - 0.1 * (lower[i]! - upper[i]!);
  }
  expect(ownEye(shut, face, "right")).toBe(1);
  expect(ownEye(shut, face, "left")).toBe(0);
  expect(ownEye(face, face, "right")).toBe(0);
});

test.each([false, true])("irises look where the target's do, of the other half of the source, too: %s", (mirrored) => {
  const head = createHead(face);
  const iris = { left: irisOf(face, "left"), right: irisOf(face, "right") };
  const shape = { points: face.points, head, iris, backX: new Float32Array(), backY: new Float32Array() };
  const painting = {
    target: face,
    shape,
    source: { face, head } as Source,
    texture: { scale: 1, left: 0, top: 0 } as Texture,
  };
  const align = irisAligner(painting, { unit: 1, mirrored });
  const [x, y] = [Math.floor(iris.right.x), Math.floor(iris.right.y)];
  const [mapX, mapY] = [new Int32Array(SIDE * SIDE), new Int32Array(SIDE * SIDE)];
  align(mapX, mapY, SIDE, y, x - 2, x + 2);
  const from = mirrored ? iris.left : iris.right;
  expect(Math.abs(mapX[y * SIDE + x]! - from.x)).toBeLessThan(2);
  expect(Math.abs(mapY[y * SIDE + x]! - from.y)).toBeLessThan(2);
  // what lies beside it in the picture lies at its other side in the mirror
  expect(Math.sign(mapX[y * SIDE + x + 2]! - mapX[y * SIDE + x - 2]!)).toBe(mirrored ? -1 : 1);
});

test("in a video what is swapped follows the frames before, and a face that comes back begins anew", async () => {
  const scene = sceneOf(astronaut, [face]);
  const prepared = await faceSwapper.prepare(step, clipOf(scene, 9), { pictures: [astronaut], speech: null }, context);
  const darker = { ...astronaut, data: astronaut.data.map((value) => 0.9 * value) };
  const first = await prepared.apply(sceneOf(astronaut, [face], 0));
  const lit = colourAt(first.frame, face, 4)[1]!;
  const next = colourAt((await prepared.apply(sceneOf(darker, [face], 1))).frame, face, 4)[1]!;
  const back = colourAt((await prepared.apply(sceneOf(darker, [face], 5))).frame, face, 4)[1]!;
  expect(lit - back).toBeGreaterThan(5);
  expect(lit - next).toBeLessThan(0.5 * (lit - back));
});

test("an expression that was never lost is not restored, and that is told", async () => {
  const scene = sceneOf(astronaut, [face]);
  const options = { name: "expression_restorer", factor: 80, areas: ["upper-face"] } as const;
  const restorer = { ...options, areas: [...options.areas] };
  const prepared = await expressionRestorer.prepare(restorer, clipOf(scene), { pictures: [], speech: null }, context);
  expect(prepared.warnings.map(({ code }) => code)).toEqual(["no_effect"]);
  expect(await prepared.apply(scene)).toEqual({ frame: scene.frame, changed: null, left: [] });
});
