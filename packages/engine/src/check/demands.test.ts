import type { Channel } from "@smileloop/core/motion/motion.ts";
import { expect, test } from "vitest";
import { demandsOf } from "./demands.ts";

const motion = (channels: Partial<Record<Channel, number[]>>) => ({ fps: 25, frames: 6, faces: [{ channels }] });
const smile = { mouthSmileLeft: [0, 0.4, 0.5, 0.6, 0.9, 0], mouthSmileRight: [0, 0.4, 0.5, 0.6, 0.9, 0] };
const kinds = (channels: Partial<Record<Channel, number[]>>) => demandsOf(motion(channels)).map(({ kind }) => kind);

test("half a smile is not demanded", () => {
  expect(kinds({ ...smile, mouthSmileLeft: [0, 0.1, 0.2, 0.3, 0.4, 0] })).toEqual([]);
});

test("a smile is demanded where it is strongest", () => {
  expect(demandsOf(motion(smile))).toMatchObject([{ kind: "smile", frames: [4], asked: [0.9] }]);
  expect(kinds({ mouthSmileLeft: smile.mouthSmileLeft.map((value) => value / 3) })).toEqual([]);
});

test("nothing is demanded at moments at which it can't be measured", () => {
  const turned = { ...smile, headPitch: [0, 0, 0, 0, 14, 0] };
  const pitch = { kind: "pitch", frames: [4], asked: [14] };
  expect(demandsOf(motion(turned))).toMatchObject([{ kind: "smile", frames: [3], asked: [0.6] }, pitch]);
  expect(kinds({ ...smile, mouthPucker: Array(6).fill(0.5) })).toEqual([]);
});

test("lips are demanded to part, and to purse only where they do not smile as well", () => {
  expect(kinds({ jawOpen: [0, 0.3, 0.6, 0.7, 0.3, 0] })).toEqual(["lips"]);
  const mouthPucker = [0, 0.3, 0.7, 0.75, 0.4, 0];
  expect(kinds({ mouthPucker })).toEqual(["pucker"]);
  expect(kinds({ ...smile, mouthPucker })).toEqual([]);
});

test("a wink is demanded of the eye that is asked for, a blink of both", () => {
  const lid = [0, 0.5, 1, 0.4, 0, 0];
  const rest = lid.map(() => 0);
  expect(demandsOf(motion({ eyeBlinkRight: lid }))).toMatchObject([{ kind: "wink", frames: [2], asked: [-1] }]);
  expect(kinds({ eyeBlinkLeft: lid, eyeBlinkRight: rest })).toEqual(["wink"]);
  expect(kinds({ eyeBlinkLeft: lid, eyeBlinkRight: lid })).toEqual(["lids"]);
});
