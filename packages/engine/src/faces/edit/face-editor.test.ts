import { PROCESSORS, processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../../../../../test/support/pictures.ts";
import { findFaces } from "../../face/face.ts";
import { decodePicture, type Picture } from "../../media/picture.ts";
import type { Applied, Clip, Prepared, Scene, SceneFace } from "../processor.ts";
import { faceEditor } from "./face-editor.ts";
import { type EditStep, PARAMETERS, type Parameter } from "./movements.ts";

type Case = { picture: Picture; face: SceneFace };
let smiling: Case;
let serious: Case;

beforeAll(async () => {
  [smiling, serious] = [await opened(ASTRONAUT), await opened(GRACE_HOPPER)];
});

test("every parameter of the step moves something", () => {
  const { options } = PROCESSORS.find(({ name }) => name === "face_editor")!;
  expect(["model", ...PARAMETERS].sort()).toEqual(Object.keys(options).sort());
});

test("all at 0 changes nothing and says so", async () => {
  const step = await prepared(smiling, {});
  expect(step.warnings).toMatchObject([{ code: "no_effect" }]);
  expect(await step.apply(sceneOf(smiling))).toMatchObject({ changed: null, left: [] });
});

/** Which point of the mesh goes where: + to the right of the picture, or down, in E. */
const MOVES: [Parameter, number, { point: number; axis: "x" | "y"; from: number; to: number }][] = [
  ["mouth_smile", 1, { point: 61, axis: "y", from: -0.3, to: -0.02 }],
  ["mouth_smile", -1, { point: 61, axis: "y", from: 0.008, to: 0.2 }],
  ["mouth_position_horizontal", 1, { point: 0, axis: "x", from: 0.012, to: 0.15 }],
  ["mouth_position_horizontal", -1, { point: 0, axis: "x", from: -0.15, to: -0.012 }],
  ["mouth_position_vertical", 1, { point: 17, axis: "y", from: -0.12, to: -0.02 }],
  ["mouth_position_vertical", -1, { point: 0, axis: "y", from: 0.02, to: 0.12 }],
  ["mouth_grim", 1, { point: 61, axis: "x", from: -0.2, to: -0.01 }],
  ["mouth_purse", 1, { point: 61, axis: "x", from: 0.02, to: 0.3 }],
  ["mouth_pout", 1, { point: 61, axis: "x", from: 0.01, to: 0.2 }],
  ["lip_open_ratio", 1, { point: 14, axis: "y", from: 0.02, to: 0.3 }],
  ["eyebrow_direction", 1, { point: 105, axis: "y", from: -0.15, to: -0.015 }],
  ["head_yaw", 1, { point: 1, axis: "x", from: 0.03, to: 0.4 }],
  ["head_yaw", -1, { point: 1, axis: "x", from: -0.4, to: -0.03 }],
  ["head_pitch", 1, { point: 1, axis: "y", from: -0.4, to: -0.02 }],
  ["head_roll", 1, { point: 10, axis: "x", from: 0.04, to: 0.6 }],
];

test.each(MOVES)(
  "%s %f moves point %j, as a new look at the face sees it",
  async (name, value, { point, axis, from, to }) => {
    const { faces } = await edited(serious, { [name]: value });
    const at = (face: SceneFace) => face.points[point * 3 + (axis === "x" ? 0 : 1)]!;
    const moved = (at((await faces!())[0]!) - at(serious.face)) / serious.face.eyeDistance;
    expect(moved).toBeGreaterThan(from);
    expect(moved).toBeLessThan(to);
  },
);

test("eyes close, and look to the right and up of the picture", async () => {
  const opening = ({ lids }: SceneFace) => lids.left.lower[9]! - lids.left.upper[9]!;
  const { faces } = await edited(smiling, { eye_open_ratio: -1 });
  expect(opening((await faces!())[0]!) / opening(smiling.face)).toBeLessThan(0.5);
  const { faces: aside } = await edited(smiling, { eye_gaze_horizontal: 1 });
  expect((await aside!())[0]!.iris.left[0]! - smiling.face.iris.left[0]!).toBeGreaterThan(
    0.015 * smiling.face.eyeDistance,
  );
});

test("lips that show teeth close at `lip_open_ratio` -1; closed ones have nothing to do, which is said", async () => {
  const { changed } = await edited(smiling, { lip_open_ratio: -1 });
  expect(changed).not.toBeNull();
  expect(await edited(serious, { lip_open_ratio: -1 })).toMatchObject({
    changed: null,
    left: [{ code: "already_so" }],
  });
});

test("what lies outside of what is said to have changed is the same, bit by bit; the frame that came is left alone", async () => {
  const before = Buffer.from(smiling.picture.data);
  const { frame, changed } = await edited(smiling, { mouth_smile: 1, head_roll: -0.5, eye_open_ratio: -0.3 });
  expect(Buffer.compare(before, smiling.picture.data)).toBe(0);
  const { x, y, width, height } = changed!;
  for (let row = 0; row < frame.height; row++) {
    for (let column = 0; column < frame.width; column++) {
      if (row >= y && row < y + height && column >= x && column < x + width) continue;
      const at = (row * frame.width + column) * 3;
      for (let c = 0; c < 3; c++)
        if (frame.data[at + c] !== before[at + c]) throw new Error(`changed at ${column}, ${row}`);
    }
  }
});

test("a mouth that is edited leaves the eyes and the background bit by bit", async () => {
  const { frame, changed } = await edited(serious, { mouth_pout: 1 });
  const { face, picture } = serious;
  expect(changed!.y).toBeGreaterThan(face.points[159 * 3 + 1]! - 0.3 * face.eyeDistance);
  expect(changed!.width).toBeLessThan(2.2 * face.eyeDistance);
  const sky = picture.width * 3 * Math.floor(face.box.y);
  expect(Buffer.compare(frame.data.subarray(0, sky), picture.data.subarray(0, sky))).toBe(0);
});

describe("limits", () => {
  test("turns of the head are said with what they come to", async () => {
    const { warnings } = await prepared(smiling, { head_yaw: 0.5 });
    expect(warnings).toMatchObject([{ code: "limited", detail: expect.stringContaining("5.5°") }]);
  });

  test("eyes of a turned face are closed by half, which is said", async () => {
    const turned = { ...smiling, face: { ...smiling.face, yaw: 24 } };
    const { warnings } = await prepared(turned, { eye_open_ratio: -1 });
    expect(warnings).toMatchObject([{ code: "limited", detail: expect.stringContaining("24°") }]);
  });

  test.each([
    ["face_turned_away", { yaw: -70 }, "70°"],
    ["face_too_small", { eyeDistance: 12 }, "12 pixels"],
  ])("%s: refused in a picture, left alone in a video", async (code, like, figure) => {
    const far = { ...smiling, face: { ...smiling.face, ...like } };
    await expect(prepared(far, { mouth_smile: 1 })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(figure),
    });
    const step = await prepared(far, { mouth_smile: 1 }, 25);
    expect(await step.apply(sceneOf(far))).toMatchObject({ changed: null, left: [{ code }] });
  });

  test("a face that is not clear is not touched", async () => {
    const covered = { ...smiling, face: { ...smiling.face, clear: false } };
    expect((await edited(covered, { mouth_smile: 1 })).changed).toBeNull();
  });
});

test.each(["black", "white", "grey"])("a %s picture in which a face is said to be does no harm", async (colour) => {
  const level = { black: 0, white: 255, grey: 128 }[colour]!;
  const picture = { ...smiling.picture, data: new Uint8Array(smiling.picture.data.length).fill(level) };
  const everything = Object.fromEntries(PARAMETERS.map((name) => [name, 0.7]));
  const { frame } = await edited({ ...smiling, picture }, everything);
  expect(frame.data).toHaveLength(picture.data.length);
});

async function opened(path: string): Promise<Case> {
  const picture = await decodePicture(path, { maxSide: 512 });
  return { picture, face: { ...(await findFaces(picture))[0]!, track: 0, clear: true } };
}

function sceneOf({ picture, face }: Case): Scene {
  return { frame: picture, faces: [face], index: 0, seconds: 0 };
}

function prepared(each: Case, values: Partial<Record<Parameter, number>>, frames = 1): Promise<Prepared> {
  const { width, height } = each.picture;
  const clip: Clip = { width, height, frames, fps: 25, scale: 100, sceneAt: async () => sceneOf(each) };
  const step = processorStepSchema.parse({ name: "face_editor", ...values }) as EditStep;
  return faceEditor.prepare(step, clip, { pictures: [], speech: null }, { signal: new AbortController().signal });
}

async function edited(each: Case, values: Partial<Record<Parameter, number>>): Promise<Applied> {
  return prepared(each, values).then((step) => step.apply(sceneOf(each)));
}
