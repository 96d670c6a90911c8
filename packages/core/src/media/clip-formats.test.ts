import { expect, test } from "vitest";
import { CLIP_FORMATS, clipFormatOf, clipFormatOfPath } from "./clip-formats.ts";

test("formats have names, types and endings of their own, and the first is MP4", () => {
  for (const key of ["name", "contentType", "extension"] as const) {
    expect(new Set(CLIP_FORMATS.map((format) => format[key])).size).toBe(CLIP_FORMATS.length);
  }
  expect(CLIP_FORMATS[0]).toMatchObject({ name: "mp4", contentType: "video/mp4", extension: "mp4" });
});

test("a file's ending says its format", () => {
  expect(clipFormatOfPath("/a.b/clip.GIF")?.name).toBe("gif");
  expect(clipFormatOfPath("clip.webm")?.contentType).toBe("video/webm");
  for (const path of ["clip", "gif", ".gif", "clip.avi", "clip.gif/x"]) expect(clipFormatOfPath(path), path).toBeNull();
});

test.each([
  [25, 25],
  [30, 25],
  [60, 25],
  [24, 25],
  [20, 20],
  [15, 100 / 7],
  [10, 10],
])("a GIF of %d frames a second has %d", (asked, fps) => {
  expect(clipFormatOf("gif").rateFor(asked)).toBe(fps);
  expect(clipFormatOf("webm").rateFor(asked)).toBe(asked);
});
