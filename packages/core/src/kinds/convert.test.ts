import { expect, test } from "vitest";
import { convert } from "./convert.ts";

const { params, estimateSeconds } = convert.define({ presets: new Map(), engines: ["warp"], maxVideoSeconds: 300 });

test("has defaults that suit most", () => {
  expect(params.parse({})).toEqual({ crf: 20, preset: "medium", audio_bitrate: "160k" });
});

test.each([
  [{ crf: 52 }, /51/],
  [{ crf: 20.5 }, /int/],
  [{ preset: "placebo" }, /veryslow/],
  [{ audio_bitrate: "160" }, /160k/],
  [{ audio_bitrate: "16k" }, /32k to 512k/],
  [{ codec: "av1" }, /codec/],
])("%o is refused with what is allowed", (wrong, words) => {
  expect(params.safeParse(wrong).error?.message).toMatch(words);
});

test("more seconds, pixels and care are more work", () => {
  const of = (preset: string, seconds: number, height: number) =>
    estimateSeconds(
      { preset },
      { video: [{ type: "video/mp4", bytes: 1, width: (height * 16) / 9, height, seconds }] },
    );
  expect(of("medium", 10, 720)).toBe(14);
  expect(of("medium", 20, 720)).toBe(26);
  expect(of("medium", 10, 1080)).toBe(29);
  expect(of("veryslow", 10, 720)).toBeGreaterThan(5 * of("medium", 10, 720));
  // the longest one fits into a function of Lambda's
  expect(of("medium", 300, 720)).toBeLessThan(420);
});
