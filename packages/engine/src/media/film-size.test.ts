import { expect, test } from "vitest";
import { requireFilmSize } from "./film-file.ts";

test("a video that is too small is not told that it is too large", () => {
  expect(() => requireFilmSize(2, 2)).toThrow("The video has 2 × 2 pixels; at least 16 × 16 are needed.");
  expect(() => requireFilmSize(15, 1080)).toThrow(/at least 16 × 16/);
  expect(() => requireFilmSize(5000, 16)).toThrow(/5000 × 16 pixels; at most 9437184 in all, and 4096 on a side/);
  expect(() => requireFilmSize(16, 16)).not.toThrow();
});
