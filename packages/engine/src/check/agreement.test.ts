import type { Channel } from "@smileloop/core/motion/motion.ts";
import { expect, test } from "vitest";
import { agreementsOf, type Kinds } from "./agreement.ts";
import type { Moved } from "./measure.ts";

type Curves = Partial<Record<Channel, number[]>>;

const motion = (channels: Curves) => ({ fps: 25, frames: 5, faces: [{ channels }] });
const STILL: Moved = {
  ...{ smile: 0, lips: 0, lids: 0, wink: 0, pucker: 0, pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, growth: 0, jaw: 0 },
};
/** What is measured at the frames after the first. */
const seen = (...list: Partial<Moved>[]) => new Map(list.map((moved, i) => [i + 1, { ...STILL, ...moved }]));
const sure = (...kinds: (keyof Moved)[]): Kinds => ({ sure: kinds, unsure: [] });

const TILT = { headRoll: [0, 4, 8, 8, 4] };
/** A tilt as it is usually seen, by a factor. */
const tilted = (part: number) => seen(...[3.2, 6.4, 6.4, 3.2].map((roll) => ({ roll: roll * part })));

test("what is unsure counts nowhere, so that nothing is refused for it", () => {
  const asked = motion({ ...TILT, headPitch: [0, 10, 10, 10, 10] });
  const agreements = agreementsOf(asked, tilted(1), { sure: ["roll"], unsure: ["pitch"] });
  expect([...agreements.each.keys()]).toEqual(["roll"]);
  for (const { share } of [agreements.all, agreements.whole]) expect(share).toBeCloseTo(1);
  // what is sure is missed by all of them
  const missed = agreementsOf(asked, tilted(1), sure("roll", "pitch"));
  expect(missed.each.get("pitch")!.share).toBe(0);
  expect(missed.all.share).toBeLessThan(0.7);
});

test("a shift of the head is measured where it does not turn as well", () => {
  const headX = [0, 0.1, 0.1, 0.1, 0.1];
  const moved = seen({ x: 0.095 }, { x: 0.095 }, { x: 0 }, { x: 0 });
  const asked = (channels: Curves) => agreementsOf(motion({ headX, ...channels }), moved, sure("x")).each.get("x")!;
  expect(asked({}).share).toBeCloseTo(0.5);
  expect(asked({ headRoll: [0, 0, 0, 9, 9] }).share).toBeCloseTo(1);
});

test("a head that grows is measured, one that should become smaller is not", () => {
  const of = (scale: number[]) =>
    agreementsOf(motion({ scale }), seen({ growth: 0.095 }, {}, {}, {}), sure("growth")).each.get("growth")!;
  expect(of([0, 0.1, 0, 0, 0])).toMatchObject({ share: expect.closeTo(1) });
  expect(of([0, -0.1, -0.1, -0.1, -0.1]).asked).toBe(0);
});
