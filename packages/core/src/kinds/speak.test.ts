import { expect, test } from "vitest";
import { speak } from "./speak.ts";

const { params, estimateSeconds, slots } = speak.define({
  ...{ presets: new Map(), engines: ["narrator"] },
} as unknown as Parameters<typeof speak.define>[0]);
const faultOf = (given: unknown) => {
  const issue = params.safeParse(given).error?.issues[0];
  return issue && `${issue.path.join(".")}: ${issue.message}`;
};

test("a text is enough, and no file is taken", () => {
  expect(params.parse({ text: " Hello " })).toEqual({ text: "Hello", speed: 1, format: "wav" });
  expect(slots).toEqual({});
});

test.each([
  [{}, "text"],
  [{ text: "" }, "text"],
  [{ text: "x".repeat(100_000) }, "text: "],
  [{ text: "\u{1f600}" }, "text: has n"],
  [{ text: "a\u0000" }, "text: "],
  [{ text: "a", speed: 3 }, "speed: "],
  [{ text: "a", language: "english please" }, "language: must be a language such as en, hi or pt-BR"],
  [{ text: "a", format: "ogg" }, "format: must be one of wav, mp3, m4a"],
  [
    { text: "a", pronounce: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`w${n}`, "x"])) },
    "pronounce: at most 200",
  ],
  [{ text: "a", voice: "" }, "voice"],
  [{ text: "a", size: 512 }, ""],
])("%o is refused with the name of what is wrong", (given, fault) => {
  expect(faultOf(given)).toContain(fault);
});

test("a longer text is more work", () => {
  expect(estimateSeconds({ text: "a".repeat(20_000) }, {})).toBeGreaterThan(10 * estimateSeconds({ text: "a" }, {}));
});
