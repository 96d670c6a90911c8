import { expect, test } from "vitest";
import {
  arrangeMotion,
  fadeAt,
  fadingOf,
  heardAt,
  runsOtherwiseFrom,
  SYNC_NAMES,
  type Sync,
  shownAt,
  syncedFrames,
  syncedSeconds,
  syncedTimes,
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

/** Frames of a video of 4 s that are not evenly apart. */
const STAMPS = [0, 1, 1.25, 3];

test.each<[Sync["mode"], number, number[]]>([
  ["cut_off", 2, [0, 1, 1.25, 2]],
  ["fade", 2, [0, 1, 1.25, 2]],
  ["loop", 6, [0, 1, 1.25, 3, 4, 5, 5.25, 6]],
  // backwards the frame of 1.25 s lasts from 5 to 6.75 s
  ["bounce", 9, [0, 1, 1.25, 3, 5, 6.75, 7, 8, 9]],
  ["silence", 6, [0, 1, 1.25, 3, 4, 5, 6]],
  ["remap", 8, [0, 2, 2.5, 6, 8]],
])("%s keeps the distances of frames under a sound of %d s", (mode, sound, times) => {
  expect(syncedTimes({ mode, video: 4, sound }, STAMPS)).toEqual(times);
});

test("a frame that another one follows at once is not shown", () => {
  expect(syncedTimes({ mode: "cut_off", video: 4, sound: 2 }, [0, 1, 1, 1.9999])).toEqual([0, 1, 2]);
});

test("at times of their own frames take what is said then, between the curves' frames as well", () => {
  const jawOpen = Array.from({ length: 40 }, (_, i) => i / 40);
  const motion = { fps: 10, frames: 40, faces: [{ channels: { jawOpen } }] };
  const times = [0, 0.15, 0.2, 3.975, 8];
  const arranged = arrangeMotion(motion, { mode: "silence", video: 8, sound: 3.98 }, times);
  expect(arranged).toMatchObject({ frames: 4, fps: 0.5 });
  const values = arranged.faces[0]!.channels.jawOpen!;
  for (const [n, value] of [0, 1.5 / 40, 2 / 40, 39 / 40].entries()) expect(values[n]).toBeCloseTo(value, 6);
});

test("from when on a video is not shown as it was recorded", () => {
  expect(SYNC_NAMES.map((mode) => [mode, runsOtherwiseFrom(short(mode))])).toEqual([
    ["cut_off", null],
    ["loop", null],
    ["bounce", 4],
    ["silence", null],
    ["remap", 0],
    ["fade", null],
  ]);
  expect(runsOtherwiseFrom(long("bounce"))).toBeNull();
  expect(runsOtherwiseFrom({ mode: "remap", video: 4, sound: 4 })).toBeNull();
});
