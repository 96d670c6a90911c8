import { expect, it } from "vitest";
import { bounded, clip, shown, spanOf } from "./text.ts";

it("clips at the limit and cuts no character in two", () => {
  expect(clip("abcde", 5)).toBe("abcde");
  expect(clip("abcdef", 5)).toBe("abcd…");
  expect(clip("abc😀def", 5)).toBe("abc…");
});

it("shows any value without asking it for its name", () => {
  expect(shown("x".repeat(100), 10)).toBe(`'${"x".repeat(9)}…'`);
  expect(shown({ toString: 1 })).toBe("an object");
  expect(shown(Object.create(null))).toBe("an object");
  expect(shown([[[]]])).toBe("a list");
  expect([shown(7), shown(null), shown(undefined), shown(true)]).toEqual(["7", "null", "undefined", "true"]);
});

it("bounds strings, lists and depth", () => {
  const value = { long: "x".repeat(50), many: Array.from({ length: 50 }, (_, i) => i), deep: { er: { most: 1 } } };
  expect(bounded(value, { chars: 5, items: 3, depth: 2 })).toEqual({
    long: "xxxx…",
    many: [0, 1, 2],
    deep: { er: "…" },
  });
});

it("says a span of time", () => {
  expect([3_600_000, 1_800_000, 90_000, 60_000].map(spanOf)).toEqual([
    "an hour",
    "30 minutes",
    "90 seconds",
    "60 seconds",
  ]);
});
