import { expect, test } from "vitest";
import { jsonShape } from "./json-shape.ts";
import { sniffType } from "./sniff.ts";
import { decodeText } from "./text.ts";

const JSON_TEXT = '[{"name": "Zoë"}]';
const CSV = "Timecode,BlendShapeCount,EyeBlinkLeft\n00:00:00:00.0,61,0\n";
const le = (text: string) => Buffer.from(text, "utf16le");
const be = (text: string) => le(text).swap16();

test.each<[what: string, encode: (text: string) => Buffer]>([
  ["UTF-8", (text) => Buffer.from(text)],
  ["UTF-8 with a BOM", (text) => Buffer.from(`\uFEFF${text}`)],
  ["UTF-16LE with a BOM", (text) => le(`\uFEFF${text}`)],
  ["UTF-16BE with a BOM", (text) => be(`\uFEFF${text}`)],
  ["UTF-16LE", le],
  ["UTF-16BE", be],
])("%s is text, and known for what it holds", async (_, encode) => {
  expect(decodeText(encode(JSON_TEXT))).toBe(JSON_TEXT);
  expect(await sniffType(encode(JSON_TEXT))).toBe("application/json");
  expect(await sniffType(encode(CSV))).toBe("text/csv");
});

test("a character that is cut at the end of a part does not matter; bytes that are no text are none", () => {
  const bytes = Buffer.from(JSON_TEXT);
  expect(decodeText(bytes.subarray(0, bytes.indexOf("ë") + 1), { part: true })).toBe('[{"name": "Zo');
  expect(decodeText(Buffer.from([0x41, 0, 0x42, 0x43, 1, 2, 3, 4, 5]))).toBeNull();
});

test.each<[text: string, depth: number, values: number]>([
  ["1", 0, 1],
  ['[1, [2, {"a": 3}]]', 3, 6],
  [String.raw`["[[[,,,\"[[", "\\", 2]`, 1, 4],
  ['["never closed, [[', 1, 2],
  ["[".repeat(1000), 1000, 1001],
])("the shape of %.30s", (text, depth, values) => {
  expect(jsonShape(text)).toEqual({ depth, values });
});
