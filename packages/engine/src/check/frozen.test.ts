import type { Channel } from "@smileloop/core/motion/motion.ts";
import { expect, test } from "vitest";
import { mostFrozen, perhapsFrozen } from "./frozen.ts";

type Curves = Partial<Record<Channel, number[]>>;

const motion = (channels: Curves) => ({ fps: 25, frames: 4, faces: [{ channels }] });
const due = (channels: Curves) => mostFrozen(motion(channels), [{ first: 0, last: 3 }])!.due;

test("of all stretches that one counts in which most was to move", () => {
  const jawOpen = [0, 0.1, 0.1, 0.9];
  const stretches = [
    { first: 0, last: 1 },
    { first: 2, last: 3 },
  ];
  expect(mostFrozen(motion({ jawOpen }), stretches)).toMatchObject({ first: 2, last: 3, due: expect.closeTo(0.8) });
  expect(mostFrozen(motion({ jawOpen }), stretches.slice(0, 1))!.due).toBeCloseTo(0.1);
  expect(mostFrozen(motion({ jawOpen }), [])).toBeUndefined();
});

test("less may be due in a long stretch than in a short one", () => {
  const jawOpen = Array.from({ length: 20 }, (_, frame) => (frame < 10 ? frame / 30 : (20 - frame) / 20));
  const wanted = { fps: 25, frames: 20, faces: [{ channels: { jawOpen } }] };
  const [long, short] = [
    { first: 0, last: 9 },
    { first: 10, last: 12 },
  ];
  expect(mostFrozen(wanted, [long])).toMatchObject({ due: expect.closeTo(0.3), most: 0.25 });
  expect(mostFrozen(wanted, [short])).toMatchObject({ due: expect.closeTo(0.1), most: 0.6 });
  // the one that goes beyond what it may, not the one that goes furthest
  const jump = { ...wanted, faces: [{ channels: { jawOpen: jawOpen.map((at, frame) => (frame > 11 ? 0 : at)) } }] };
  expect(mostFrozen(jump, [long, short])).toMatchObject(long);
});

test("what goes there and back counts by how far it went", () => {
  expect(due({ jawOpen: [0, 0.6, 0.6, 0] })).toBeCloseTo(0.6);
  expect(due({ headYaw: [0, -3, 3, 0] })).toBeCloseTo(2);
  expect(due({ headX: [0.1, 0.1, 0.1, 0.1] })).toBe(0);
});

test.each<[string, Curves]>([
  ["a jaw to both sides", { jawLeft: [0, 0.5, 1, 1], jawRight: [0, 0.5, 1, 1] }],
  ["lids that close and open", { eyeBlinkLeft: [0, 0.2, 0, 0], eyeWideLeft: [0, 0.7, 0, 0] }],
  ["what some engines don't show", { cheekPuff: [0, 1, 1, 0], tongueOut: [0, 1, 1, 0], noseSneerLeft: [0, 1, 1, 0] }],
  ["nothing", {}],
])("nothing is due of %s", (_, channels) => {
  expect(due(channels)).toBeLessThan(0.01);
});

test("lips that only some engines press are due perhaps, and jaws that all of them open are not", () => {
  const perhaps = (channels: Curves) => perhapsFrozen(motion(channels), [{ first: 0, last: 3 }])!;
  expect(perhaps({ mouthPressLeft: [0.44, 0.3, 0.1, 0] }).due).toBeCloseTo(0.264);
  expect(perhaps({ jawOpen: [0, 1, 1, 0] }).due).toBe(0);
});

test("a motion without faces has nothing due", () => {
  expect(mostFrozen({ fps: 25, frames: 4, faces: [] }, [{ first: 0, last: 3 }])!.due).toBe(0);
});
