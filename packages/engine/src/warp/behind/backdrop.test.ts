import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Planes } from "../../media/planes.ts";
import { castPicture } from "../../services/cast.ts";
import type { Pose } from "../pose.ts";
import { createPuppet } from "../puppet.ts";
import { openScene, type Scene } from "../scene.ts";
import type { Matte } from "./matte.ts";
import { plateOf } from "./plate.ts";

const photo = fileURLToPath(new URL("../../../../../test/fixtures/grace_hopper.jpg", import.meta.url));
const STILL: Pose = { pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 };

let scene: Scene;
let turned: Uint8Array;

beforeAll(async () => {
  const { cast } = await castPicture(photo, { size: 512, face: 0 });
  scene = await openScene(photo, cast, new AbortController().signal);
  const faces = scene.movers.map(({ face }) => face);
  const puppet = createPuppet(scene.still, faces, scene.matte);
  turned = Uint8Array.from(puppet.frame([{ channels: { headYaw: 8, headRoll: -5 }, sway: STILL }]));
});

/** Mean difference of the turned frame's luma from the still's over the pixels that `of` chooses. */
function difference(of: (x: number, y: number) => boolean): { mean: number; largest: number; pixels: number } {
  const { width, height, y: luma } = scene.still;
  let [sum, largest, pixels] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    if (!of(i % width, Math.floor(i / width))) continue;
    const off = Math.abs(turned[i]! - luma[i]!);
    sum += off;
    pixels++;
    largest = Math.max(largest, off);
  }
  return { mean: sum / pixels, largest, pixels };
}

/** Whether all of a square around a place is background. */
function isFarFromPerson(x: number, y: number, radius: number): boolean {
  const { width, height, alpha } = scene.matte;
  for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v += 2) {
    for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u += 2) {
      if (alpha[v * width + u]! > 0) return false;
    }
  }
  return true;
}

describe("behind a head that turns and leans", () => {
  test("the matte has the face and the hat, not the flag and the wall", () => {
    const { width, alpha } = scene.matte;
    const { face } = scene.movers[0]!;
    const at = (i: number, up: number): number =>
      alpha[Math.round(face.points[3 * i + 1]! - up) * width + Math.round(face.points[3 * i]!)]!;
    expect(at(1, 0)).toBe(255);
    // the hat, more than an eye distance above the forehead
    expect(at(10, 0.4 * face.eyeDistance)).toBe(255);
    expect(alpha[60 * width + 30]).toBe(0);
    expect(alpha[60 * width + width - 30]).toBe(0);
  });

  test("the background stays as it is, bit by bit, up to the outline that the head may cover", () => {
    const far = difference((x, y) => isFarFromPerson(x, y, 36));
    expect(far.pixels).toBeGreaterThan(0.1 * scene.still.width * scene.still.height);
    expect(far.largest).toBe(0);
  });

  test("the head has moved, hat and all", () => {
    const { face } = scene.movers[0]!;
    const [x, y] = [face.points[30]!, face.points[31]! - 0.45 * face.eyeDistance];
    const hat = difference((u, v) => Math.abs(u - x) < 0.4 * face.eyeDistance && Math.abs(v - y) < 10);
    expect(hat.mean).toBeGreaterThan(8);
  });
});

test("a plate continues the background where a person stood", () => {
  const [width, height] = [64, 64];
  const y = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 32 ? 60 : 180));
  const alpha = new Uint8Array(width * height);
  for (let row = 16; row < 48; row++) {
    for (let column = 20; column < 44; column++) {
      y[row * width + column] = 235;
      alpha[row * width + column] = 255;
    }
  }
  const flat = new Uint8Array((width * height) / 4).fill(128);
  const still: Planes = { width, height, y, u: flat, v: flat };
  const matte: Matte = { width, height, alpha };
  const plate = plateOf(still, matte);
  const at = (column: number, row: number): number => plate.y[row * width + column]!;
  expect(at(10, 30)).toBe(60);
  expect(at(21, 30)).toBeLessThan(100);
  expect(at(42, 30)).toBeGreaterThan(140);
  expect(Math.max(...plate.y)).toBeLessThanOrEqual(180);
});
