import { expect, test } from "vitest";
import {
  arrangeMotion,
  fadeAt,
  fadingOf,
  heardAt,
  SYNC_NAMES,
  type Sync,
  shownAt,
  syncedFrames,
  syncedSeconds,
} from "./sync.ts";

const long = (mode: Sync["mode"]): Sync => ({ mode, video: 10, sound: 4 });
const short = (mode: Sync["mode"]): Sync => ({ mode, video: 4, sound: 10 });

test.each<[Sync["mode"], number, number]>([
  ["cut_off", 4, 4],
  ["fade", 4, 4],
  ["loop", 10, 10],
  ["silence", 10, 10],
  ["bounce", 4, 10],
  ["remap", 4, 10],
])("%s: a video of 10 s and 4 s of sound make %d s, the other way round %d s", (mode, first, second) => {
  expect(syncedSeconds(long(mode))).toBe(first);
  expect(syncedSeconds(short(mode))).toBe(second);
  expect(syncedFrames(short(mode), 25)).toBe(second * 25);
});

test("what is shown after the end of a video", () => {
  expect(shownAt(short("loop"), 5)).toBeCloseTo(1, 4);
  expect(shownAt(short("bounce"), 5)).toBeCloseTo(3);
  expect(shownAt(short("bounce"), 9)).toBeCloseTo(1);
  expect(shownAt(short("silence"), 9)).toBe(4);
  expect(shownAt(short("remap"), 5)).toBeCloseTo(2);
  for (const mode of SYNC_NAMES) expect(shownAt(short(mode), 0)).toBeCloseTo(0, 4);
});

test("what is heard after the end of a sound", () => {
  expect(heardAt(long("loop"), 5)).toBeCloseTo(1);
  expect(heardAt(long("silence"), 5)).toBeNull();
  expect(heardAt(long("silence"), 3)).toBe(3);
});

test("only what is cut off fades, and only at the end", () => {
  expect(fadingOf(long("fade"))).toBe("video");
  expect(fadingOf(short("fade"))).toBe("sound");
  expect(fadingOf(long("cut_off"))).toBeNull();
  expect([0, 3.4, 3.75, 4].map((at) => fadeAt(long("fade"), at))).toEqual([1, 1, 0.5, 0]);
});

test("curves are repeated with their sound, and at rest after it", () => {
  const motion = {
    fps: 10,
    frames: 40,
    faces: [{ channels: { jawOpen: Array.from({ length: 40 }, (_, i) => i / 40) } }],
  };
  const jaw = (sync: Sync) => arrangeMotion(motion, sync).faces[0]!.channels.jawOpen!;
  expect(jaw(long("loop"))).toHaveLength(100);
  expect(jaw(long("loop"))[45]).toBe(5 / 40);
  expect(jaw(long("silence"))[45]).toBe(0);
  expect(jaw(long("cut_off"))).toEqual(motion.faces[0]!.channels.jawOpen);
});
