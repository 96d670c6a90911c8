/** A small, seeded part of what `refusals.ts` makes: what is as it was asked passes, and what a fault was put into doesn't. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../../test/support/pictures.ts";
import { drawnMotion, takenMotion } from "./motions.ts";
import { openStage, type Stage, verdict, weaker } from "./stages.ts";

const SHAPE = { fps: 10, frames: 24 };
const presets = loadPresets(join(import.meta.dirname, "../../presets"));
const preset = (name: string): MotionFrames =>
  sampleMotion(presetMotion(presets.get(name)!), { fps: 10, durationSeconds: 2.4, intensity: 1 });

let dir: string;
let hopper: Stage;
let astronaut: Stage;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "refusals-test-"));
  hopper = await openStage(GRACE_HOPPER, 256);
  astronaut = await openStage(ASTRONAUT, 256);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function verdictOf(shown: MotionFrames, wanted = shown, from = hopper, frameAt?: (frame: number) => number) {
  const video = join(dir, "clip.mp4");
  await from.render(shown, video, frameAt);
  return (await verdict(hopper, wanted, video)).code;
}

test.each([0, 1, 2, 3, 4, 5])("a drawn motion and a take pass (%i)", async (seed) => {
  for (const motion of [drawnMotion(seed, SHAPE), takenMotion(seed, SHAPE)]) {
    expect(await verdictOf(motion)).toBe("passed");
  }
});

test("a smile in the photo that is let go of for words is not held against the clip", async () => {
  const video = join(dir, "clip.mp4");
  const motion = takenMotion(0, { fps: 12, frames: 36 });
  await astronaut.render(motion, video);
  expect(await verdict(astronaut, motion, video)).toMatchObject({ code: "passed", warnings: [] });
});

/** Motions that move in both halves, and that landmarks in a few frames tell little of. */
test.each([14, 28, 31])("a half that stands still is found (drawn %i)", async (seed) => {
  const motion = drawnMotion(seed, SHAPE);
  const half = SHAPE.frames / 2;
  for (const frameAt of [(frame: number) => (frame < half ? 0 : frame), (frame: number) => Math.min(frame, half)]) {
    expect(await verdictOf(motion, motion, hopper, frameAt)).toMatch(/check_(still|other_motion)/);
  }
});

test.each(["blink", "nod", "look_around", "gentle_smile", "kiss", "alive"])(
  "half of %s is not passed in silence, and all of it is",
  async (name) => {
    const motion = preset(name);
    const video = join(dir, "clip.mp4");
    await hopper.render(motion, video);
    expect(await verdict(hopper, motion, video)).toMatchObject({ code: "passed", warnings: [] });
    await hopper.render(weaker(motion, 0.5), video);
    const { code, warnings } = await verdict(hopper, motion, video);
    expect([code, ...warnings].join()).toMatch(/check_other_motion|(less|weaker) than asked/);
  },
);

test("faults are found", async () => {
  const [smile, kiss, nod, wink] = [preset("big_smile"), preset("kiss"), preset("nod"), preset("wink")];
  expect(await verdictOf(weaker(smile, 0), smile)).toBe("check_still");
  expect(await verdictOf(smile, smile, astronaut)).toBe("check_other_face");
  expect(await verdictOf(kiss, smile)).toBe("check_other_motion");
  expect(await verdictOf(smile, kiss)).toBe("check_other_motion");
  expect(await verdictOf(smile, wink)).toBe("check_other_motion");
  expect(await verdictOf({ ...smile, frames: 23 }, smile)).toBe("check_wrong_shape");
  // it is on its way back in the second half
  expect(await verdictOf(nod, nod, hopper, (frame) => Math.min(frame, 12))).toMatch(/check_(still|other_motion)/);
});
