import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type MotionFrames, sampleMotion } from "./motion.ts";
import { type FaceFrames, motionOfCast } from "./phases.ts";
import { loadPresets, presetMotion } from "./preset.ts";

const presets = loadPresets(fileURLToPath(new URL("../../../../presets", import.meta.url)));
const smile = sampleMotion(presetMotion(presets.get("gentle_smile")!), { fps: 25, durationSeconds: 3, intensity: 1 });
const WHOLE = { all: 1, eyes: 1, head: 1 };
/** The curves of so many faces that all bear the whole motion. */
const phasesOf = (motion: MotionFrames, count: number, seed: number) =>
  motionOfCast(motion, Array(count).fill({ ease: WHOLE }), seed).faces;
const curve = (face: FaceFrames) => face.channels.mouthSmileLeft!;
/** The frame by which half of the curve's area is past. */
function middle(values: number[]): number {
  const half = values.reduce((sum, value) => sum + value, 0) / 2;
  let sum = 0;
  return values.findIndex((value) => {
    sum += value;
    return sum >= half;
  });
}

test("the first face moves as asked, the others earlier or later by some frames, all from rest to rest", () => {
  const faces = phasesOf(smile, 5, 3);
  expect(faces[0]).toBe(smile.faces[0]);
  const middles = faces.map((face) => middle(curve(face)));
  for (const [nth, face] of faces.entries()) {
    if (nth === 0) continue;
    const delay = Math.abs(middles[nth]! - middles[0]!);
    expect(delay).toBeGreaterThanOrEqual(3);
    expect(delay).toBeLessThanOrEqual(12);
    expect(curve(face)).toHaveLength(smile.frames);
    expect(curve(face)[0]).toBe(curve(smile.faces[0]!)[0]);
    expect(Math.max(...curve(face))).toBeGreaterThan(0.8 * Math.max(...curve(smile.faces[0]!)));
    // as close to the start as the asked motion is, so that a loop closes
    expect(Math.abs(curve(face).at(-1)!)).toBeLessThanOrEqual(Math.abs(curve(smile.faces[0]!).at(-1)!) + 0.02);
  }
  expect(new Set(middles).size).toBeGreaterThan(2);
});

test("the same seed gives the same phases, another seed others", () => {
  expect(phasesOf(smile, 3, 7)).toEqual(phasesOf(smile, 3, 7));
  expect(curve(phasesOf(smile, 2, 8)[1]!)).not.toEqual(curve(phasesOf(smile, 2, 7)[1]!));
});

test("curves that a motion has for a face are kept", () => {
  const own = {
    ...smile,
    faces: [smile.faces[0]!, { channels: { jawOpen: smile.faces[0]!.channels.mouthSmileLeft! } }],
  };
  const faces = phasesOf(own, 3, 0);
  expect(faces[1]).toBe(own.faces[1]);
  expect(faces[2]!.channels).toHaveProperty("mouthSmileLeft");
});

test("a face is asked for as much as it bears: of everything, and of its eyes and head besides", () => {
  const motion = {
    fps: 10,
    frames: 2,
    faces: [{ channels: { jawOpen: [0, 1], eyeBlinkLeft: [0, 1], headYaw: [0, 10] } }],
    native: { some: "track" },
  };
  const { faces, ...rest } = motionOfCast(motion, [{ ease: { all: 0.8, eyes: 0, head: 0.5 } }], 0);
  expect(faces).toEqual([{ channels: { jawOpen: [0, 0.8], eyeBlinkLeft: [0, 0], headYaw: [0, 5] } }]);
  expect(rest).toEqual({ fps: 10, frames: 2, native: { some: "track" } });
});

test("a mouth that is not seen stays still, jaw, tongue and cheeks with it", () => {
  const channels = {
    jawOpen: [0, 1],
    mouthSmileLeft: [0, 1],
    tongueOut: [0, 1],
    cheekPuff: [0, 1],
    eyeBlinkLeft: [0, 1],
  };
  const { faces } = motionOfCast({ fps: 10, frames: 2, faces: [{ channels }] }, [{ ease: { ...WHOLE, mouth: 0 } }], 0);
  const { eyeBlinkLeft, ...mouth } = faces[0]!.channels;
  expect(eyeBlinkLeft).toEqual([0, 1]);
  expect(Object.values(mouth).flat()).toEqual(Array(8).fill(0));
});
