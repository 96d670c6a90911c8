import { expect, test } from "vitest";
import { framesOfLips, judgeLips, judgeSilence, type Lips } from "./talk-lips.ts";

const FPS = 25;
const jaw = Array.from({ length: 100 }, (_, i) => (i === 0 ? 0 : 0.3 + 0.3 * Math.sin(i / 2.1) * Math.cos(i / 7.3)));
const seen = (gap: (frame: number) => number): Lips =>
  new Map(framesOfLips(jaw, FPS).map((frame) => [frame, gap(frame)]));
const judged = (gap: (frame: number) => number) => judgeLips(jaw, FPS, seen(gap), "");
const at = (frame: number) => jaw[Math.min(99, Math.max(0, frame))]!;

test("two frames of each part are looked at, the widest and the narrowest, however long a clip is", () => {
  expect(framesOfLips(jaw, FPS)).toHaveLength(12);
  const long = Array.from({ length: 18_000 }, (_, i) => Math.abs(Math.sin(i / 3)));
  expect(framesOfLips(long, 60)).toHaveLength(12);
  expect(framesOfLips([0], FPS)).toEqual([]);
  expect(framesOfLips([0, 0.4], FPS)).toEqual([1]);
  const values = framesOfLips(jaw, FPS).map((frame) => jaw[frame]!);
  expect(Math.max(...values)).toBe(Math.max(...jaw.slice(13, 87)));
  // the first and the last half second may still show the picture's mouth
  expect(framesOfLips(jaw, FPS).filter((frame) => frame < 13 || frame >= 87)).toEqual([]);
});

test("lips that follow the jaw pass, in pictures whose mouth is open already, too", () => {
  expect(judged((frame) => 0.14 * at(frame))).toEqual([]);
  expect(judged((frame) => 0.14 * at(frame) - 0.05)).toEqual([]);
});

test("lips that follow it weakly are warned of, with figures", () => {
  expect(judged((frame) => 0.03 * at(frame))).toEqual([
    {
      code: "lips_weak",
      detail: "The lips follow the speech only weakly: about 21 % of it is seen, at a correlation of 1.00.",
    },
  ]);
});

test("lips that stay as they are, or do something else, are refused", () => {
  expect(() => judged(() => 0)).toThrow(expect.objectContaining({ code: "check_other_motion" }));
  expect(() => judged((frame) => 0.08 * (((frame * 37) % 11) / 11))).toThrow(
    expect.objectContaining({ code: "check_other_motion" }),
  );
});

test.each([4, -5])("lips that are %d frames late are out of time", (late) => {
  const ms = Math.abs(late) * 40;
  const how = `${ms} ms too ${late > 0 ? "late" : "early"}`;
  expect(() => judged((frame) => 0.14 * at(frame - late))).toThrow(
    expect.objectContaining({ code: "check_out_of_sync", message: expect.stringContaining(how) as string }),
  );
});

test("of a mouth that hardly has to move nothing is said", () => {
  const flat = jaw.map((value) => value * 0.1);
  expect(
    judgeLips(
      flat,
      FPS,
      seen(() => 0),
      "",
    ),
  ).toEqual([]);
});

test("lips that are open in silence are warned of, and wide open ones are refused", () => {
  const shut = jaw.map(() => 0);
  const at = (frame: number) => frame / FPS;
  const levels = new Float32Array(400).map((_, i) => (i < 200 ? -20 : -90));
  const quiet = framesOfLips(jaw, FPS).filter((frame) => frame > 60);
  const open = (gap: number): Lips => new Map(quiet.map((frame) => [frame, gap]));
  expect(judgeSilence(shut, at, open(0.02), levels, "")).toEqual([]);
  expect(judgeSilence(shut, at, open(0.08), levels, "")).toMatchObject([{ code: "lips_open_in_silence" }]);
  expect(() => judgeSilence(shut, at, open(0.3), levels, "")).toThrow(
    expect.objectContaining({ code: "check_other_motion" }),
  );
  const spoken: Lips = new Map([[10, 0.3]]);
  expect(judgeSilence(shut, at, spoken, levels, "")).toEqual([]);
});
