import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { trackFace } from "../face/face.ts";
import { toRgb } from "../media/planes.ts";
import { castPicture } from "../services/cast.ts";
import type { Pose } from "./pose.ts";
import { type ChannelValues, createPuppet, type Puppet } from "./puppet.ts";
import { openScene, type Scene } from "./scene.ts";

const STILL: Pose = { pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 };
const photo = (name: string): string => fileURLToPath(new URL(`../../../../test/fixtures/${name}`, import.meta.url));

let scene: Scene;
let puppet: Puppet;

beforeAll(async () => {
  const { cast } = await castPicture(photo("grace_hopper.jpg"), { size: 512, face: 0 });
  scene = await openScene(photo("grace_hopper.jpg"), cast, new AbortController().signal);
  puppet = createPuppet(scene.still, [scene.movers[0]!.face], scene.matte);
});

const both = (name: string, value: number): ChannelValues => ({ [`${name}Left`]: value, [`${name}Right`]: value });
const frameOf = (values: ChannelValues, sway = STILL): Uint8Array =>
  Uint8Array.from(puppet.frame([{ channels: values, sway }]));
const stillBytes = (): Uint8Array => Buffer.concat([scene.still.y, scene.still.u, scene.still.v]);

/** Mesh points of a frame, read at the crop of the still, so that only the motion differs. */
async function pointsOf(frame: Uint8Array): Promise<(i: number) => { x: number; y: number }> {
  const { width, height } = scene.still;
  const data = toRgb(frame, width, height);
  const region = { x: 0, y: 0, width, height };
  const whole = { width, height, data, region, fullWidth: width, fullHeight: height, orientation: 1 };
  const { points } = await trackFace(whole, scene.movers[0]!.face.crop);
  return (i) => ({ x: points[i * 3]!, y: points[i * 3 + 1]! });
}

function luma(frame: Uint8Array, box: { x0: number; y0: number; x1: number; y1: number }): number[] {
  const values: number[] = [];
  for (let y = Math.round(box.y0); y < box.y1; y++) {
    for (let x = Math.round(box.x0); x < box.x1; x++) values.push(frame[y * scene.still.width + x]!);
  }
  return values;
}

test("at rest the frame is the still, bit by bit, also after it has moved", () => {
  frameOf({ ...both("mouthSmile", 1), ...both("eyeBlink", 1), jawOpen: 0.5, headYaw: 5 });
  expect(Buffer.compare(frameOf({}), stillBytes())).toBe(0);
  expect(Buffer.compare(frameOf(both("mouthSmile", 0)), stillBytes())).toBe(0);
});

test("a smile draws the corners out and up, more of it farther", async () => {
  const before = await pointsOf(frameOf({}));
  const unit = scene.movers[0]!.face.eyeDistance;
  const travel = async (value: number) => {
    const after = await pointsOf(frameOf(both("mouthSmile", value)));
    return {
      up: (before(61).y - after(61).y + before(291).y - after(291).y) / 2 / unit,
      out: (before(61).x - after(61).x + after(291).x - before(291).x) / 2 / unit,
    };
  };
  const gentle = await travel(0.5);
  const big = await travel(1);
  expect((gentle.up + gentle.out) / 2).toBeGreaterThan(0.02);
  expect(gentle.up).toBeGreaterThan(0.01);
  expect(gentle.out).toBeGreaterThan(0.01);
  expect(big.up + big.out).toBeGreaterThan(1.4 * (gentle.up + gentle.out));
});

test("a turn moves the nose to where the person turns, a nod moves it down", async () => {
  const before = await pointsOf(frameOf({}));
  const turned = await pointsOf(frameOf({ headYaw: 6 }));
  const nodded = await pointsOf(frameOf({ headPitch: 6 }));
  const unit = scene.movers[0]!.face.eyeDistance;
  expect((turned(1).x - before(1).x) / unit).toBeGreaterThan(0.02);
  expect((nodded(1).y - before(1).y) / unit).toBeGreaterThan(0.02);
});

test("a jaw that opens parts the lips", async () => {
  const gap = (at: (i: number) => { y: number }): number => at(14).y - at(13).y;
  const before = await pointsOf(frameOf({}));
  const after = await pointsOf(frameOf({ jawOpen: 0.5 }));
  expect((gap(after) - gap(before)) / scene.movers[0]!.face.eyeDistance).toBeGreaterThan(0.05);
});

describe("a blink", () => {
  test("covers the iris", () => {
    const [x, y] = [scene.movers[0]!.face.iris.right[0]!, scene.movers[0]!.face.iris.right[1]!];
    const box = { x0: x - 3, y0: y - 3, x1: x + 4, y1: y + 4 };
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(luma(frameOf(both("eyeBlink", 1)), box))).toBeGreaterThan(mean(luma(frameOf({}), box)) + 15);
  });
  test("leaves the mouth alone", () => {
    const y0 = scene.movers[0]!.face.points[2 * 3 + 1]!;
    const box = { x0: 100, y0, x1: 400, y1: y0 + 60 };
    expect(luma(frameOf(both("eyeBlink", 1)), box)).toEqual(luma(frameOf({}), box));
  });
});

test("what is far from the face stays as it is, to the bit, and so does the frame's edge", () => {
  const moved = frameOf({ ...both("mouthSmile", 1), ...both("cheekSquint", 1), jawOpen: 0.3, browInnerUp: 1 });
  const { width, height } = scene.still;
  const bottom = {
    x0: 0,
    y0: scene.movers[0]!.face.box.y + scene.movers[0]!.face.box.height * 1.35,
    x1: width,
    y1: height,
  };
  expect(luma(moved, bottom)).toEqual(luma(stillBytes(), bottom));
  const swayed = frameOf({ headYaw: 8, headX: 0.08, headRoll: 5 });
  for (const edge of [
    { x0: 0, y0: 0, x1: width, y1: 1 },
    { x0: 0, y0: 0, x1: 1, y1: height },
    { x0: width - 1, y0: 0, x1: width, y1: height },
  ]) {
    expect(luma(swayed, edge)).toEqual(luma(stillBytes(), edge));
  }
});

test("moved skin stays as sharp as the still", () => {
  const { x, y, width, height } = scene.movers[0]!.face.box;
  const cheeks = { x0: x + 0.15 * width, y0: y + 0.45 * height, x1: x + 0.85 * width, y1: y + 0.65 * height };
  const energy = (frame: Uint8Array): number => {
    const w = scene.still.width;
    let sum = 0;
    for (let row = Math.round(cheeks.y0); row < cheeks.y1; row++) {
      for (let column = Math.round(cheeks.x0); column < cheeks.x1; column++) {
        const i = row * w + column;
        sum += (4 * frame[i]! - frame[i - 1]! - frame[i + 1]! - frame[i - w]! - frame[i + w]!) ** 2;
      }
    }
    return sum;
  };
  expect(energy(frameOf(both("mouthSmile", 0.5))) / energy(stillBytes())).toBeGreaterThan(0.75);
});
