import { expect, test } from "vitest";
import type { Scores } from "./classifier.ts";
import { verdictOf, verdictOfFrames } from "./verdict.ts";

const scores = (more: Partial<Scores>): Scores => ({ drawing: 0, hentai: 0, neutral: 0, porn: 0, sexy: 0, ...more });
const unasked = () => Promise.reject(new Error("parts were asked for"));

test.each<[string, Partial<Scores>, string | null]>([
  ["nothing", { neutral: 1 }, null],
  ["one class", { porn: 0.9 }, "porn"],
  ["two that are enough together", { porn: 0.2, hentai: 0.3 }, "hentai"],
  ["swimwear", { sexy: 0.95, porn: 0.05 }, null],
  ["more than swimwear", { sexy: 0.75, porn: 0.2 }, "sexy"],
])("of %s the whole tells", async (_, whole, expected) => {
  expect(await verdictOf(scores(whole), unasked)).toBe(expected);
});

test("where the whole leaves a doubt, its parts decide", async () => {
  const doubtful = scores({ porn: 0.3, neutral: 0.7 });
  const harmless = scores({ porn: 0.49 });
  expect(await verdictOf(doubtful, async () => [harmless, harmless])).toBeNull();
  expect(await verdictOf(doubtful, async () => [harmless, scores({ hentai: 0.5 })])).toBe("hentai");
});

const frames = (count: number, ...refused: number[]) =>
  Array.from({ length: count }, (_, n) => (refused.includes(n) ? ("porn" as const) : null));

test("a video is refused for two frames one after another, or for more than a tenth of them", () => {
  expect(verdictOfFrames([])).toBeNull();
  expect(verdictOfFrames(frames(30, 12))).toBeNull();
  expect(verdictOfFrames(frames(30, 12, 14, 29))).toBeNull();
  expect(verdictOfFrames(frames(30, 28, 29))).toBe("porn");
  expect(verdictOfFrames(frames(30, 1, 10, 20, 29))).toBe("porn");
  expect(verdictOfFrames(frames(1, 0))).toBe("porn");
});
