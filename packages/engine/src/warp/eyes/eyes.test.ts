import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Planes } from "../../media/planes.ts";
import { castPicture } from "../../services/cast.ts";
import { fromSlit } from "../head/curve.ts";
import { createHead, type Side } from "../head/head.ts";
import { type ChannelValues, createPuppet } from "../puppet.ts";
import { openScene } from "../scene.ts";
import { findGlasses } from "./glasses.ts";
import { findOpening } from "./opening.ts";

const SWAY = { pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 };
const SIDES: Side[] = ["right", "left"];
const both = (name: string, value: number): ChannelValues => ({ [`${name}Left`]: value, [`${name}Right`]: value });

type Change = (still: Planes, eye: (side: Side) => { x: number; y: number }) => void;
const rigs = new Map<string, ReturnType<typeof makeRig>>();

function rig(name: string): ReturnType<typeof makeRig> {
  const made = rigs.get(name) ?? makeRig(name, () => {});
  rigs.set(name, made);
  return made;
}

/** A fixture at 512, its still changed before anything is made of it. */
async function makeRig(name: string, change: Change) {
  const path = fileURLToPath(new URL(`../../../../../test/fixtures/${name}`, import.meta.url));
  const { cast } = await castPicture(path, { size: 512, face: 0 });
  const scene = await openScene(path, cast, new AbortController().signal);
  const { face } = scene.movers[0]!;
  const iris = (side: Side) => ({ x: face.iris[side][0]!, y: face.iris[side][1]! });
  change(scene.still, iris);
  const head = createHead(face);
  const puppet = createPuppet(scene.still, [face], scene.matte);
  return {
    still: scene.still,
    unit: head.unit,
    iris,
    glasses: findGlasses(head, face, scene.still),
    opening: (side: Side) => findOpening(head, face, side, scene.still),
    frame: (channels: ChannelValues) => Uint8Array.from(puppet.frame([{ channels, sway: SWAY }])),
  };
}

describe.each(["astronaut.jpg", "grace_hopper.jpg"])("%s", (name) => {
  test("closed eyes show no white and no iris", async () => {
    const { still, opening, frame } = await rig(name);
    const closed = frame(both("eyeBlink", 1));
    for (const side of SIDES) {
      const { frame: axes, upper, lower, lid, cheek } = opening(side);
      for (let t = -0.9; t <= 0.9; t += 0.1) {
        const skin = Math.max(lid.luma(t), cheek.luma(t));
        for (let share = 0.05; share < 0.7; share += 0.1) {
          const p = fromSlit(axes, t, upper(t) + share * (lower(t) - upper(t)));
          const luma = closed[Math.round(p.y) * still.width + Math.round(p.x)]!;
          expect(luma, `${side} ${t.toFixed(1)} ${share.toFixed(2)}`).toBeLessThan(1.12 * skin);
          if (Math.abs(t) < 0.4 && share < 0.5)
            expect(luma).toBeGreaterThan(0.55 * Math.min(lid.luma(t), cheek.luma(t)));
        }
      }
    }
  });
});

test("a look aside moves the iris more than the light in it", async () => {
  const { still, iris, unit, frame } = await rig("astronaut.jpg");
  const eye = iris("left");
  const looks = frame({ eyeLookOutLeft: 1, eyeLookInRight: 1 });
  /** Weighted middle of what is darker or lighter than a limit, from the eye's middle, E. */
  const middle = (pixels: Uint8Array, weight: (luma: number) => number): number => {
    let [sum, weights] = [0, 0];
    for (let dy = -3; dy <= 3; dy++) {
      for (let dx = -14; dx <= 14; dx++) {
        const w = weight(pixels[(Math.round(eye.y) + dy) * still.width + Math.round(eye.x) + dx]!);
        sum += w * dx;
        weights += w;
      }
    }
    return sum / weights / unit;
  };
  const dark = (luma: number): number => Math.max(0, 75 - luma);
  const way = middle(looks, dark) - middle(still.y, dark);
  expect(way).toBeGreaterThan(0.02);
  const brightest = (pixels: Uint8Array): number => {
    let [most, at] = [0, 0];
    for (let dx = -5; dx <= 7; dx++) {
      for (let dy = -4; dy <= 3; dy++) {
        const luma = pixels[(Math.round(eye.y) + dy) * still.width + Math.round(eye.x) + dx]!;
        if (luma > most) [most, at] = [luma, dx];
      }
    }
    return at / unit;
  };
  expect(Math.abs(brightest(looks) - brightest(still.y))).toBeLessThan(0.6 * way + 1 / unit);
});

describe("glasses", () => {
  test("are seen where there are some, and their rims stay as they are", async () => {
    const { still, iris, unit, glasses, frame } = await rig("grace_hopper.jpg");
    expect(glasses.score).toBeGreaterThan(0.8);
    expect(Math.max(glasses.hidden.left, glasses.hidden.right)).toBeLessThan(0.1);
    const moved = frame({
      ...both("eyeBlink", 1),
      ...both("browOuterUp", 1),
      ...both("eyeSquint", 1),
      ...both("cheekSquint", 1),
    });
    let [rim, changed] = [0, 0];
    for (const side of SIDES) {
      const { x, y } = iris(side);
      for (let row = Math.round(y - 0.2 * unit); row < y - 0.09 * unit; row++) {
        for (let column = Math.round(x - 0.2 * unit); column < x + 0.2 * unit; column++) {
          const at = row * still.width + column;
          if (still.y[at]! > 40) continue;
          rim++;
          if (Math.abs(moved[at]! - still.y[at]!) > 3) changed++;
        }
      }
    }
    expect(rim).toBeGreaterThan(100);
    expect(changed / rim).toBeLessThan(0.02);
  });

  test("are not seen on a bare face", async () => {
    expect((await rig("astronaut.jpg")).glasses.score).toBe(0);
  });

  test("that are dark hide the eyes: no lid is drawn on them", async () => {
    const { still, iris, glasses, frame } = await makeRig("astronaut.jpg", ({ y, width }, eye) => {
      for (const side of SIDES) {
        const { x, y: top } = eye(side);
        for (let row = Math.round(top - 18); row < top + 26; row++) {
          y.fill(22, row * width + Math.round(x - 27), row * width + Math.round(x + 27));
        }
      }
      const [right, left] = [eye("right"), eye("left")];
      for (let row = Math.round(right.y - 8); row < right.y - 2; row++) {
        y.fill(22, row * width + Math.round(right.x), row * width + Math.round(left.x));
      }
    });
    expect(Math.min(glasses.hidden.left, glasses.hidden.right)).toBeGreaterThan(0.5);
    const closed = frame(both("eyeBlink", 1));
    for (const side of SIDES) {
      const at = Math.round(iris(side).y) * still.width + Math.round(iris(side).x);
      expect(closed.subarray(at - 10, at + 10)).toEqual(still.y.subarray(at - 10, at + 10));
    }
  });
});
