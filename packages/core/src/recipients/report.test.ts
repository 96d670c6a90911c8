import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { reportOf } from "./report.ts";

test("a report is a table that spreadsheets open: with its mark, all columns, and quotes where they are needed", () => {
  const report = reportOf([
    {
      row: 2,
      name: "राम",
      file: "राम.mp4",
      status: "succeeded",
      voice: "hi",
      language: "hi",
      seconds: 8.2,
      warnings: [],
    },
    { row: 3, name: 'A, "B"', status: "failed", code: "no_face", detail: "No face.\nNone.", warnings: ["one", "two"] },
  ]);
  expect(report).toBe(
    "\uFEFFrow,name,file,status,code,detail,voice,language,seconds,warnings\r\n" +
      "2,राम,राम.mp4,succeeded,,,hi,hi,8.2,\r\n" +
      '3,"A, ""B""",,failed,no_face,"No face.\nNone.",,,,one; two\r\n',
  );
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x","y")'])(
  "a name such as %j is text to a spreadsheet, and stays as it was",
  (name) => {
    const [row] = parse(reportOf([{ row: 2, name, status: "succeeded", warnings: [] }]), { columns: true, bom: true });
    expect(row).toMatchObject({ name: `'${name}`, status: "succeeded" });
  },
);
