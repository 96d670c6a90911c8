import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT } from "../../../../../test/support/pictures.ts";
import { findFaces } from "../../face/face.ts";
import { scaledFace } from "../../face/scaled.ts";
import { decodePicture } from "../../media/picture.ts";
import type { Clip, Prepared, RgbFrame, Scene, SceneFace } from "../processor.ts";
import { doubledPlainly } from "./double.ts";
import { faceEnhancer } from "./face-enhancer.ts";
import { frameEnhancer } from "./frame-enhancer.ts";
import { crispnessOfFace } from "./softness.ts";
import { blockiness, isCoded } from "./traces.ts";

const context = { signal: new AbortController().signal };
const sources = { pictures: [], speech: null };
let crisp: RgbFrame;
let face: SceneFace;

beforeAll(async () => {
  const picture = await decodePicture(ASTRONAUT);
  const found = (await findFaces(picture))[0]!;
  const box = { left: 128, top: 16, width: 192, height: 192 };
  const data = await sharp(picture.data, raw(picture)).extract(box).raw().toBuffer();
  crisp = { width: 192, height: 192, data: new Uint8Array(data) };
  face = { ...scaledFace(found, { x: box.left, y: box.top, scale: 1 }), track: 0, clear: true };
});

describe("face_enhancer", () => {
  test("brings a soft face nearer to what it was, by more than a decibel, and leaves what is around it", async () => {
    const soft = await saved(await blurred(crisp, 1), 60);
    const { frame, changed, left } = await faces(100).then((step) => step.apply(sceneOf(soft)));
    expect(left).toEqual([]);
    const around = { x: face.box.x - 5, y: face.box.y - 5, width: face.box.width + 10, height: face.box.height + 10 };
    expect(fidelity(frame, crisp, around) - fidelity(soft, crisp, around)).toBeGreaterThan(1);
    for (let i = 0; i < soft.data.length; i++) {
      const [x, y] = [Math.floor(i / 3) % 192, Math.floor(i / 3 / 192)];
      if (x >= changed!.x && y >= changed!.y && x < changed!.x + changed!.width && y < changed!.y + changed!.height)
        continue;
      if (frame.data[i] !== soft.data[i]) throw new Error(`changed at ${x}, ${y}`);
    }
  });

  test("leaves a crisp face bit by bit, and says so with its figure", async () => {
    const { frame, changed, left } = await faces(80).then((step) => step.apply(sceneOf(crisp)));
    expect(changed).toBeNull();
    expect(Buffer.compare(frame.data, crisp.data)).toBe(0);
    expect(left).toMatchObject([{ code: "face_crisp" }]);
    expect(left[0]!.detail).toContain(crispnessOfFace(crisp, face).toFixed(2));
  });

  test("does by half what `blend` 50 asks for, and nothing at 0", async () => {
    const soft = await blurred(crisp, 1.2);
    const moved = async (blend: number) => {
      const { frame } = await faces(blend).then((step) => step.apply(sceneOf(soft)));
      return soft.data.reduce((sum, value, i) => sum + Math.abs(frame.data[i]! - value), 0);
    };
    const [none, half, all] = [await moved(0), await moved(50), await moved(100)];
    expect(none).toBe(0);
    expect(half / all).toBeGreaterThan(0.4);
    expect(half / all).toBeLessThan(0.6);
    expect((await faces(0)).warnings).toMatchObject([{ code: "no_effect" }]);
  });

  test("does not touch a face that is not seen well enough", async () => {
    const soft = await blurred(crisp, 1.2);
    const scene = { ...sceneOf(soft), faces: [{ ...face, clear: false }] };
    expect((await faces(80).then((step) => step.apply(scene))).changed).toBeNull();
  });
});

describe("frame_enhancer", () => {
  test.each([
    [200, 2],
    [150, 2],
    [350, 2],
    [400, 4],
  ])("at a scale of %i makes frames %i times as large, with their faces", async (scale, times) => {
    const small = { width: 24, height: 16, data: crisp.data.subarray(0, 24 * 16 * 3) };
    const { frame, faces: after, changed } = await frames({ scale }).then((step) => step.apply(sceneOf(small)));
    expect([frame.width, frame.height]).toEqual([24 * times, 16 * times]);
    expect(frame.data).toHaveLength(24 * 16 * times ** 2 * 3);
    expect(changed).toEqual({ x: 0, y: 0, width: 24 * times, height: 16 * times });
    expect((await after!())[0]!.eyeDistance).toBeCloseTo(face.eyeDistance * times);
  });

  test("comes nearer to the truth than Catmull-Rom, by more than a decibel", async () => {
    const half = await shrunk(crisp);
    const { frame } = await frames({ scale: 200, blend: 80 }).then((step) => step.apply(sceneOf(half)));
    const whole = { x: 8, y: 8, width: 176, height: 176 };
    expect(fidelity(frame, crisp, whole) - fidelity(doubledPlainly(half), crisp, whole)).toBeGreaterThan(1);
  });

  test("keeps what is flat flat, and does not shift what it enlarges", async () => {
    const flat = { width: 20, height: 20, data: new Uint8Array(1200).fill(90) };
    const { frame } = await frames({ scale: 200 }).then((step) => step.apply(sceneOf(flat)));
    expect(Math.max(...frame.data) - 90).toBeLessThanOrEqual(2);
    expect(90 - Math.min(...frame.data)).toBeLessThanOrEqual(2);
    const { frame: larger } = await frames({ scale: 200 }).then((step) => step.apply(sceneOf(crisp)));
    const again = await shrunk(larger);
    expect(fidelity(again, crisp, { x: 4, y: 4, width: 184, height: 184 })).toBeGreaterThan(34);
  });

  test("at the same size leaves a crisp frame, makes a soft one clearer, and says that nothing becomes larger", async () => {
    const step = await frames({ scale: 100 });
    expect(step.warnings).toMatchObject([{ code: "not_enlarged" }]);
    const left = await step.apply(sceneOf(crisp));
    expect(left).toMatchObject({ changed: null, left: [{ code: "frame_crisp" }] });
    const soft = await blurred(crisp, 1);
    const { frame } = await frames({ scale: 100, blend: 100 }).then((other) => other.apply(sceneOf(soft)));
    const whole = { x: 8, y: 8, width: 176, height: 176 };
    expect(fidelity(frame, crisp, whole) - fidelity(soft, crisp, whole)).toBeGreaterThan(1);
  });

  test.each([
    [{ width: 3000, height: 2000, scale: 200 }, /6000 × 4000 pixels, 24.0 megapixels; at most 16.8/],
    [{ width: 1280, height: 720, scale: 400, frames: 50 }, /5120 × 2880 pixels; at most 2160/],
    [{ width: 640, height: 360, scale: 200, frames: 800 }, /32.0 seconds of video; at most 30/],
    [{ width: 640, height: 360, scale: 100, frames: 800 }, /32.0 seconds of video; at most 30/],
  ])("%j is refused with the figure", async (clip, said) => {
    await expect(frames(clip)).rejects.toMatchObject({ code: "input_too_large", message: expect.stringMatching(said) });
  });
});

test("blocks of JPEG are seen where they hurt", async () => {
  expect(blockiness(await saved(crisp, 95))).toBeLessThan(1.3);
  expect(isCoded(crisp)).toBe(false);
  expect(isCoded(await saved(crisp, 50))).toBe(true);
});

function faces(blend: number): Promise<Prepared> {
  return faceEnhancer.prepare({ name: "face_enhancer", blend }, clipOf({}), sources, context);
}

function frames({ blend = 80, ...clip }: Partial<Clip> & { blend?: number }): Promise<Prepared> {
  return frameEnhancer.prepare({ name: "frame_enhancer", blend }, clipOf(clip), sources, context);
}

function clipOf(clip: Partial<Clip>): Clip {
  const sceneAt = async () => sceneOf(crisp);
  return { width: 192, height: 192, frames: 1, fps: 25, scale: 100, sceneAt, ...clip };
}

function sceneOf(frame: RgbFrame): Scene {
  return { frame, faces: [face], index: 0, seconds: 0 };
}

function raw({ width, height }: { width: number; height: number }) {
  return { raw: { width, height, channels: 3 as const } };
}

async function blurred(frame: RgbFrame, sigma: number): Promise<RgbFrame> {
  return { ...frame, data: new Uint8Array(await sharp(frame.data, raw(frame)).blur(sigma).raw().toBuffer()) };
}

async function saved(frame: RgbFrame, quality: number): Promise<RgbFrame> {
  const file = await sharp(frame.data, raw(frame)).jpeg({ quality }).toBuffer();
  return { ...frame, data: new Uint8Array(await sharp(file).raw().toBuffer()) };
}

async function shrunk(frame: RgbFrame): Promise<RgbFrame> {
  const [width, height] = [frame.width / 2, frame.height / 2];
  const image = sharp(frame.data, raw(frame)).resize(width, height, { kernel: "cubic", fit: "fill" });
  return { width, height, data: new Uint8Array(await image.raw().toBuffer()) };
}

/** Peak signal-to-noise ratio of the brightness in a part, dB. */
function fidelity(
  a: RgbFrame,
  b: RgbFrame,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): number {
  let squares = 0;
  let count = 0;
  for (let row = Math.ceil(y); row < y + height; row++) {
    for (let column = Math.ceil(x); column < x + width; column++, count++) {
      const at = (row * a.width + column) * 3;
      const light = (data: Uint8Array) => 0.2126 * data[at]! + 0.7152 * data[at + 1]! + 0.0722 * data[at + 2]!;
      squares += (light(a.data) - light(b.data)) ** 2;
    }
  }
  return 10 * Math.log10((255 ** 2 * count) / squares);
}
