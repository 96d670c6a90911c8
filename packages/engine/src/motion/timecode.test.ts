/** The time of a take of Live Link Face, whose frames a second its file does not name. */
import { expect, test } from "vitest";
import { liveLinkCsv, readDrivingFile, timecodes } from "../../../../test/support/driving-files.ts";

test.each([15, 24, 25, 30, 48, 50, 60])("%i frames a second", async (fps) => {
  for (const seconds of [4, 1.6]) {
    const frames = Math.round(seconds * fps);
    for (const fraction of ["", ".207"]) {
      const { source, warnings } = await readDrivingFile(liveLinkCsv(timecodes(frames, fps, { fraction })));
      expect(source.seconds).toBeCloseTo(frames / fps, 2);
      expect(source).toMatchObject({ frames, fps: expect.closeTo(fps, 1) });
      expect(warnings).toEqual([]);
    }
  }
});

test("the end of one second is enough, wherever the take begins", async () => {
  const { source, warnings } = await readDrivingFile(liveLinkCsv(timecodes(18, 30, { first: 20 })));
  expect([source.seconds, source.fps, warnings]).toEqual([0.6, expect.closeTo(30, 1), []]);
});

test("frames that were left out do not change the rate", async () => {
  const codes = timecodes(120, 30).filter((_, i) => i % 7 !== 1 && i % 30 !== 29);
  expect((await readDrivingFile(liveLinkCsv(codes))).source.seconds).toBeCloseTo(4, 1);
});

test("a take over midnight goes on", async () => {
  const before = timecodes(30, 30).map((code) => code.replace("14:03:52", "23:59:59"));
  const after = timecodes(30, 30).map((code) => code.replace("14:03:52", "00:00:00"));
  expect((await readDrivingFile(liveLinkCsv([...before, ...after]))).source.seconds).toBeCloseTo(2, 2);
});

test.each<[what: string, codes: string[], is: RegExp]>([
  ["within one second", timecodes(29, 30), /do not reach the end of a second, so 60 frames/],
  ["that stand still", Array(60).fill("00:00:00:00.0"), /do not run on evenly, so 60 frames/],
])("of timecodes %s the rate is assumed, with a warning", async (_, codes, is) => {
  const { source, warnings } = await readDrivingFile(liveLinkCsv(codes));
  expect(source.fps).toBeCloseTo(60, 1);
  expect(warnings).toEqual([{ code: "driving_rate_assumed", detail: expect.stringMatching(is) }]);
});
