import { expect, test } from "vitest";
import { knownType, mediaClassOf, namedType } from "./types.ts";

test.each([
  ["image/jpg", "image/jpeg"],
  ["Image/JPEG", "image/jpeg"],
  ["audio/x-wav", "audio/wav"],
  ["audio/wave", "audio/wav"],
  ["audio/vnd.wave", "audio/wav"],
  ["audio/mp3", "audio/mpeg"],
  ["audio/m4a", "audio/mp4"],
  ["audio/ogg; codecs=opus", "audio/ogg"],
  ["audio/webm;codecs=opus", "audio/webm"],
  ["video/webm ; codecs=vp8", "video/webm"],
  ["application/x-zip-compressed", "application/zip"],
  ["image/heic", "image/heic"],
  ["", ""],
  [";", ""],
])("a client's %j is %j", (given, type) => {
  expect(namedType(given)).toBe(type);
});

test("an alias names a type of the table, and what the sniffing library says is not an alias", () => {
  expect(mediaClassOf(namedType("image/jpg"))).toBe("image");
  expect(knownType("application/vnd.ms-excel")).toBe("application/vnd.ms-excel");
});
