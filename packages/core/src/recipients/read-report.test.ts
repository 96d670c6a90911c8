import { expect, test } from "vitest";
import { readReport } from "./read-report.ts";
import { type ReportRow, reportOf } from "./report.ts";

test("a report is read as it was written", async () => {
  const rows: ReportRow[] = [
    {
      ...{
        row: 2,
        name: "राम",
        file: "राम.mp4",
        status: "succeeded",
        voice: "espeak-hi",
        language: "hi",
        seconds: 3.2,
      },
      warnings: [],
    },
    {
      ...{ row: 4, name: '=1+1, "quoted"\nlines', status: "failed", code: "no_face", detail: "No face." },
      warnings: ["a", "b"],
    },
  ];
  expect(await readReport(reportOf(rows))).toEqual(rows);
});

test.each(["row,name\n1,Amit\n", "row,name,status\nx,Amit,failed\n", '"open', "row,name,status\n2,Amit,perhaps\n"])(
  "what is not one is null: %j",
  async (text) => {
    expect(await readReport(text)).toBeNull();
  },
);
