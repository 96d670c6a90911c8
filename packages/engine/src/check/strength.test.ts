import type { Channel } from "@smileloop/core/motion/motion.ts";
import { expect, test } from "vitest";
import type { Kinds } from "./agreement.ts";
import type { Followed } from "./followed.ts";
import { strengthsOf } from "./strength.ts";

type Curves = Partial<Record<Channel, number[]>>;
const motion = (channels: Curves) => ({ fps: 25, frames: 5, faces: [{ channels }] });
const seen = (...list: Followed[]) => new Map(list.map((followed, i) => [i + 1, followed]));
const sure = (...kinds: Kinds["sure"]): Kinds => ({ sure: kinds, unsure: [] });

const TILT = { headRoll: [0, 4, 8, 8, 4] };
const SMILE = { mouthSmileLeft: [0, 1, 1, 1, 1], mouthSmileRight: [0, 1, 1, 1, 1] };
/** A tilt as it is usually seen, by a factor. */
const tilted = (part: number) => [3.36, 6.72, 6.72, 3.36].map((roll): Followed => ({ roll: roll * part }));

test.each([1, 0.5, 0])("a tilt at %f of its strength", (part) => {
  const { whole, each } = strengthsOf(motion(TILT), seen(...tilted(part)), sure("roll"));
  expect(whole.share).toBeCloseTo(part);
  expect(whole.spread).toBeLessThan(0.2);
  expect(each.get("roll")).toEqual(whole);
});

test("the whole goes by what can be told best", () => {
  const asked = motion({ ...TILT, eyeBlinkLeft: [0, 1, 1, 1, 1] });
  const followed = seen(...tilted(0.5).map((now) => ({ ...now, wink: 0.57 })));
  const { whole } = strengthsOf(asked, followed, sure("roll", "wink"));
  expect(whole.share).toBeGreaterThan(0.5);
  expect(whole.share).toBeLessThan(0.65);
});

test("what is unsure is told as well: nothing is refused for it", () => {
  const followed = seen(...Array.from({ length: 4 }, () => ({ smile: 0.09 })));
  const { whole } = strengthsOf(motion(SMILE), followed, { sure: ["roll"], unsure: ["smile"] });
  expect(whole.share).toBeCloseTo(0.5);
});

test("mouths are not told where the head goes far", () => {
  const followed = seen(...Array.from({ length: 4 }, () => ({ smile: -0.05 })));
  const asked = (pitch: number) => motion({ ...SMILE, headPitch: [0, pitch, pitch, pitch, pitch] });
  expect(strengthsOf(asked(12), followed, sure("smile")).each.size).toBe(0);
  expect(strengthsOf(asked(5), followed, sure("smile")).whole.share).toBeLessThan(0);
});

test("where little is asked, or nothing could be followed, nothing can be told", () => {
  const little = strengthsOf(motion({ headRoll: [0, 0.2, 0.2, 0.2, 0.2] }), seen(...tilted(0)), sure("roll")).whole;
  expect(1 - little.share).toBeLessThan(little.spread * 2);
  for (const { whole, each } of [
    strengthsOf(motion({}), seen(...tilted(0)), sure("roll")),
    strengthsOf(motion(TILT), seen({}, {}, {}, {}), sure("roll")),
    strengthsOf(motion(TILT), seen(...tilted(0)), sure()),
  ]) {
    expect(whole).toMatchObject({ share: 1, spread: Number.POSITIVE_INFINITY });
    expect(each.size).toBe(0);
  }
});
