import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type MotionFrames, sampleMotion } from "./motion.ts";
import { posterFrame } from "./poster-frame.ts";
import { loadPresets, presetMotion } from "./preset.ts";

const presets = loadPresets(fileURLToPath(new URL("../../../../presets", import.meta.url)));
const motionOf = (name: string): MotionFrames => {
  const preset = presets.get(name)!;
  return sampleMotion(presetMotion(preset), { fps: 25, durationSeconds: preset.duration, intensity: 1 });
};
const faces = (...channels: MotionFrames["faces"][number]["channels"][]) =>
  ({ fps: 10, frames: 4, faces: channels.map((each) => ({ channels: each })) }) as MotionFrames;

test.each([...presets.keys()].filter((name) => name !== "blink"))("%s: shows the motion with open eyes", (name) => {
  const motion = motionOf(name);
  const frame = posterFrame(motion);
  expect(frame).toBeGreaterThan(0);
  const { channels } = motion.faces[0]!;
  expect(Math.min(channels.eyeBlinkLeft?.[frame] ?? 0, channels.eyeBlinkRight?.[frame] ?? 0)).toBeLessThanOrEqual(0.25);
});

test("a smile is shown at its widest", () => {
  const motion = motionOf("big_smile");
  const smile = motion.faces[0]!.channels.mouthSmileLeft!;
  expect(smile[posterFrame(motion)]).toBeGreaterThan(0.9 * Math.max(...smile));
});

test("both eyes shut are never shown, one is", () => {
  const shut = [0, 1, 0.2, 0];
  const mouthSmileLeft = [0, 1, 0.5, 0];
  expect(posterFrame(faces({ mouthSmileLeft, eyeBlinkLeft: shut, eyeBlinkRight: shut }))).toBe(2);
  expect(posterFrame(faces({ mouthSmileLeft, eyeBlinkLeft: shut, eyeBlinkRight: [0, 0, 0, 0] }))).toBe(1);
  expect(posterFrame(faces({ eyeBlinkLeft: [0, 1, 1, 1], eyeBlinkRight: [0, 1, 1, 1] }))).toBe(0);
});

test("of several faces the moment counts in which most is seen of all; where nothing moves it is the first frame", () => {
  expect(posterFrame(faces({ jawOpen: [0, 0.6, 0.5, 0] }, { jawOpen: [0, 0, 0.5, 0] }))).toBe(2);
  expect(posterFrame(faces({}))).toBe(0);
});
