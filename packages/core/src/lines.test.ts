import { expect, test } from "vitest";
import { lineSplitter } from "./lines.ts";

/** What is heard of chunks, an overlong line as null. */
function heard(maxBytes: number, chunks: (string | Buffer)[]): (string | null)[] {
  const lines: (string | null)[] = [];
  const split = lineSplitter(
    maxBytes,
    (line) => lines.push(line),
    () => lines.push(null),
  );
  for (const chunk of chunks) split(Buffer.from(chunk));
  return lines;
}

test("lines come whole however they are cut, empty ones too, and what has no end is not a line", () => {
  expect(heard(9, ["a\nb", "c\n\nd\r\n", "rest"])).toEqual(["a", "bc", "", "d"]);
  const bytes = Buffer.from("grün\n");
  expect(heard(9, [bytes.subarray(0, 3), bytes.subarray(3)])).toEqual(["grün"]);
});

test("a line beyond the limit is reported once and skipped to its end", () => {
  expect(heard(3, ["abc\n", "abcd\nx\n", "abc", "defghi", "jkl\ny\n"])).toEqual(["abc", null, "x", null, "y"]);
});
