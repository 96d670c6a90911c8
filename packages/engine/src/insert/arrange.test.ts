import type { Survey } from "@smileloop/core/speech/survey.ts";
import { expect, test } from "vitest";
import { type ArrangeOptions, arrange } from "./arrange.ts";

const NATURAL: ArrangeOptions = { fits: false, gap_seconds: 0.12, as_long_as: "picture" };
const FITS: ArrangeOptions = { ...NATURAL, fits: true };
const FREE: ArrangeOptions = { ...NATURAL, as_long_as: "sound" };

/** Speech from 0.8 to 1.6, 2.2 to 5 and 5.6 to 7.4 of 8 s; the first of it is replaced. */
function survey(place: { from: number; to: number } = { from: 0.8, to: 1.6 }): Survey {
  const speech = [
    { from: 0.8, to: 1.6, loudness: -20 },
    { from: 2.2, to: 5, loudness: -20 },
    { from: 5.6, to: 7.4, loudness: -20 },
  ];
  const film = { width: 320, height: 240, fps: 25, even: true, frames: 200, seconds: 8, begins: 0 };
  const cut = { from: Math.max(0, place.from - 0.02), to: place.to + 0.05 };
  return {
    ...{ film, speech, sound: { seconds: 8, channels: 1, room: null } },
    places: [{ ...place, cut, loudness: -20, marker: null }],
  };
}

test("words that are shorter than what they replace begin where it began, and the rest stays with its pictures", () => {
  const { said, pieces, later, seconds } = arrange(survey(), [0.5], NATURAL);
  expect(said).toEqual([{ from: 0.8, to: 1.3, tempo: 1 }]);
  expect(pieces).toEqual([
    { from: 0, to: 0.78, at: 0 },
    { from: 1.6500000000000001, to: 8, at: 1.6500000000000001 },
  ]);
  expect([later, seconds]).toEqual([0, 8]);
});

test("words that fit are as long as what they replace, and never stretched beyond what can be followed", () => {
  expect(arrange(survey(), [1], FITS).said[0]).toMatchObject({ from: 0.8, tempo: 1.25 });
  expect(arrange(survey(), [1], FITS).said[0]!.to).toBeCloseTo(1.6);
  expect(arrange(survey(), [0.2], FITS).said[0]!.tempo).toBe(0.75);
});

test("longer words use the pause behind them, then the one before, and leave their gap", () => {
  expect(arrange(survey(), [1.2], NATURAL).said[0]!.from).toBe(0.8);
  const { said, later } = arrange(survey(), [1.8], NATURAL);
  expect(said[0]!.to).toBeCloseTo(2.2 - 0.12);
  expect(said[0]!.from).toBeCloseTo(0.28);
  expect(later).toBe(0);
});

test("what follows words that are longer still comes later, by less after each pause, and nothing is lost", () => {
  const { said, later, pieces, seconds } = arrange(survey(), [2.6], NATURAL);
  expect(said[0]).toEqual({ from: 0, to: 2.6, tempo: 1 });
  expect(later).toBeCloseTo(0.52);
  const second = pieces.find(({ from, to }) => from < 2.2 && to > 2.2)!;
  expect(second.at - second.from).toBeCloseTo(0.52);
  const third = pieces.find(({ from, to }) => from < 5.6 && to > 5.6)!;
  expect(third.at - third.from).toBeCloseTo(0.04);
  expect(third.at + 7.4 - third.from).toBeLessThan(seconds);
  for (const [n, { from, to, at }] of pieces.entries()) {
    expect(at + to - from, `piece ${n}`).toBeLessThanOrEqual((pieces[n + 1]?.at ?? seconds) + 1e-9);
  }
});

test("words are said faster before something at the end is lost, and refused where that does not help", () => {
  const { said, pieces } = arrange(survey(), [4], NATURAL);
  expect(said[0]!.tempo).toBeGreaterThan(1);
  const last = pieces.at(-1)!;
  expect(last.at + 7.4 - last.from).toBeLessThanOrEqual(8.01);
  expect(() => arrange(survey(), [9], NATURAL)).toThrow(/words are too long for the video: they last 9.0 s/);
});

test("as long as the sound, what is replaced goes, and the rest follows after a gap", () => {
  const { said, pieces, seconds } = arrange(survey({ from: 0, to: 1.6 }), [0.5], FREE);
  expect(said).toEqual([{ from: 0, to: 0.5, tempo: 1 }]);
  expect(pieces).toEqual([{ from: 1.6500000000000001, to: 8, at: 0.62 }]);
  expect(seconds).toBeCloseTo(0.62 + 8 - 1.65);
});

test("words at the end come after a gap, and nothing is replaced", () => {
  const place = survey();
  place.places = [{ from: 7.4, to: 7.4, cut: { from: 7.4, to: 7.4 }, loudness: -20, marker: null }];
  const { said, pieces } = arrange(place, [0.5], FREE);
  expect(said[0]!.from).toBeCloseTo(7.52);
  expect(pieces[0]).toEqual({ from: 0, to: 7.4, at: 0 });
  expect(pieces[1]!.at).toBeCloseTo(8.14);
});

test("words within a sentence take their place alone", () => {
  const place = survey();
  place.places = [{ from: 3, to: 3.6, cut: { from: 3, to: 3.6 }, loudness: -20, marker: "NAME1" }];
  const { said, pieces, later } = arrange(place, [0.9], FITS);
  expect(said[0]!.from).toBe(3);
  expect(said[0]!.to).toBeCloseTo(3.6);
  expect(pieces).toEqual([
    { from: 0, to: 3, at: 0 },
    { from: 3.6, to: 8, at: 3.6 },
  ]);
  expect(later).toBe(0);
});
