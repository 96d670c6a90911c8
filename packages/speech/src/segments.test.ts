import { expect, test } from "vitest";
import { segmentsOf } from "./segments.ts";

const shapes = (phones: [phone: string, start: number, end: number][], seconds: number) =>
  segmentsOf({ phones: phones.map(([phone, start, end]) => ({ phone, start, end })) }, seconds).map(
    ({ viseme, start, end }) => [viseme, Number(start.toFixed(3)), Number(end.toFixed(3))],
  );

test("a sound is covered from its start to its end, pauses are silence", () => {
  expect(
    shapes(
      [
        ["b", 0.1, 0.2],
        ["aɪ", 0.2, 0.4],
        ["", 0.4, 0.6],
        ["m", 0.6, 0.7],
      ],
      1,
    ),
  ).toEqual([
    ["sil", 0, 0.1],
    ["PP", 0.1, 0.2],
    ["aa", 0.2, 0.3],
    ["I", 0.3, 0.4],
    ["sil", 0.4, 0.6],
    ["PP", 0.6, 0.7],
    ["sil", 0.7, 1],
  ]);
});

test("a breath looks like what comes after it, and at the end like what was before", () => {
  expect(
    shapes(
      [
        ["h", 0, 0.1],
        ["uː", 0.1, 0.3],
        ["ʔ", 0.3, 0.35],
        ["", 0.35, 0.5],
        ["h", 0.5, 0.6],
      ],
      0.6,
    ),
  ).toEqual([
    ["U", 0, 0.1],
    ["U", 0.1, 0.3],
    ["U", 0.3, 0.35],
    ["sil", 0.35, 0.5],
    ["sil", 0.5, 0.6],
  ]);
});

test("times that overlap, leave slits or go beyond the end are put right", () => {
  expect(
    shapes(
      [
        ["m", 0, 0.12],
        ["a", 0.1, 0.2],
        ["p", 0.21, 0.3],
        ["s", 0.9, 1.4],
        ["t", 2, 3],
      ],
      1,
    ),
  ).toEqual([
    ["PP", 0, 0.12],
    ["aa", 0.12, 0.2],
    ["PP", 0.2, 0.3],
    ["sil", 0.3, 0.9],
    ["SS", 0.9, 1],
  ]);
});

test("nothing said is silence", () => {
  expect(shapes([], 2)).toEqual([["sil", 0, 2]]);
});
